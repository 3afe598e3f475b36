import { Command } from '@commander-js/extra-typings';
import { InputError } from '../errors.js';

/** What a command may do besides computing its result. */
export interface Terminal {
  /** Results for people; silent under `--json`. */
  print(line: string): void;
  /** Progress and remarks, on standard error. */
  readonly note: (line: string) => void;
  readonly json: boolean;
}

/** What a command has found: an object for `--json`, and the exit status if it is not 0. */
export interface Outcome {
  readonly result: Readonly<Record<string, unknown>>;
  readonly status?: number;
}

/** Exit statuses that scripts rely on. */
export const STATUS = { failed: 1, badInput: 2, interrupted: 130 } as const;

/** A subcommand with the options that all of them have. */
export const subcommand = (name: string, summary: string) =>
  new Command(name)
    .summary(summary)
    .description(summary)
    .option('--json', 'print one JSON object as the last line of standard output')
    .option('--debug', 'print the stack of an error');

/** Runs a command's work: prints its result or its error as `--json` and `--debug` ask, and sets the exit status. */
export async function perform(options: { json?: true | undefined; debug?: true | undefined }, work: (terminal: Terminal) => Promise<Outcome>): Promise<void> {
  const json = options.json ?? false;
  const terminal: Terminal = {
    json,
    print: (line) => void (json || process.stdout.write(`${line}\n`)),
    note: (line) => void process.stderr.write(`${line}\n`),
  };
  try {
    const { result, status = 0 } = await work(terminal);
    if (json) process.stdout.write(`${JSON.stringify(result)}\n`);
    process.exitCode = status;
  } catch (error) {
    reportError(error, json, options.debug ?? false);
  }
}

/** One line for an error, also as JSON where that was asked for; the stack only where it was. */
export function reportError(error: unknown, json: boolean, debug: boolean): void {
  const message = oneLine(error instanceof Error ? error.message : String(error));
  if (json) process.stdout.write(`${JSON.stringify({ error: { message } })}\n`);
  process.stderr.write(debug && error instanceof Error ? `${error.stack}\n` : `agenet: ${message}\n`);
  process.exitCode = error instanceof InputError ? STATUS.badInput : STATUS.failed;
}

const oneLine = (text: string): string => text.replace(/\s*\n\s*/g, ' ');
