import { Command, type CommandUnknownOpts } from '@commander-js/extra-typings';
import { DescribedError, InputError, messageOf, render, type Text } from '../errors.js';
import { describeSystemError } from '../files/atomic.node.js';
import { oneLine, shortenReason } from '../printable.js';
import { outputFailure, Terminal } from './terminal.js';

export type { Terminal };

export interface ActionResult {
  /** The object for `--json`. */
  readonly result: Readonly<Record<string, unknown>>;
  readonly status?: number;
  /** Whether the result is also in files, so that a failing standard output loses nothing. */
  readonly isSaved?: boolean;
}

/** Exit statuses that scripts rely on. */
export const STATUS = { failed: 1, badInput: 2, interrupted: 130 } as const;

export const COMMAND_GROUPS = ['Training:', 'Samples and codes:', 'Evaluation:', 'Data and environment:'] as const;

/**
 * Exports of a file in `commands/`, which has the name of its command. Help imports all of these files and calls `define`, so that only the
 * action imports the library.
 */
export interface CommandModule {
  readonly summary: string;
  readonly group: (typeof COMMAND_GROUPS)[number];
  /** Adds arguments, options and the action to a new subcommand. */
  readonly define: (command: Subcommand) => CommandUnknownOpts | Promise<CommandUnknownOpts>;
}

let running: CommandUnknownOpts | undefined;

/** Returns what messages call a setting or argument: its flag, or its name if it is positional. */
export function flagOf(key: string): string {
  const isPositional = running?.registeredArguments.some((argument) => argument.name() === key) ?? false;
  if (isPositional || !/^\w+$/u.test(key)) return key;
  return `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

export const withFlags = (text: Text): string => render(text, flagOf);

/** Returns a subcommand with the options of all. */
export const subcommand = (name: string, { summary, group }: Pick<CommandModule, 'summary' | 'group'>) =>
  new Command(name)
    .summary(summary)
    .description(summary)
    .helpGroup(group)
    .helpOption('-h, --help', 'print help')
    .option('--json', 'print one JSON object as the last line of standard output')
    .option('--debug', 'print the stack trace of an error')
    .hook('preAction', (_, command) => void (running = command));

export type Subcommand = ReturnType<typeof subcommand>;

export type PrintOptions = { readonly json?: true | undefined; readonly debug?: true | undefined };

/**
 * Runs the action of a command, prints its result or error according to `--json` and `--debug`, and sets the exit status. Of processes that
 * `mpirun` started together, only the first does.
 */
export async function runAction(
  options: PrintOptions,
  work: (terminal: Terminal) => Promise<ActionResult>,
): Promise<void> {
  const { launchedRank } = await import('../distributed/launch.node.js');
  if ((launchedRank() ?? 0) === 0) await runInTerminal(options, work);
}

/** Does the same in each of these processes. */
export async function runInTerminal(
  options: PrintOptions,
  work: (terminal: Terminal) => Promise<ActionResult>,
): Promise<void> {
  const terminal = new Terminal(options.json ?? false);
  try {
    const { result, status = 0, isSaved = false } = await work(terminal);
    if (terminal.json) terminal.printResult(result);
    process.exitCode = status;
    if (!isSaved) await failOnLostOutput(terminal);
  } catch (error) {
    reportError(error, terminal, options.debug ?? false);
  }
}

/** Sets a failing exit status if the result could not be printed. Streams report errors on a later turn. */
async function failOnLostOutput(terminal: Terminal): Promise<void> {
  await new Promise(setImmediate);
  const failure = outputFailure();
  if (failure === undefined) return;
  terminal.note(`agenet: standard output: cannot be written (${describeSystemError(failure)})`);
  process.exitCode = STATUS.failed;
}

/** Prints an error in one line, also as JSON under `--json`, and with its stack trace under `--debug`. */
export function reportError(error: unknown, terminal: Terminal, debug: boolean): void {
  const described = error instanceof DescribedError ? error : undefined;
  const message = shortenReason(described?.describe(flagOf) ?? oneLine(messageOf(error)));
  terminal.endStatus();
  if (terminal.json) terminal.printResult({ error: { message, ...described?.data } });
  if (debug && error instanceof Error) {
    terminal.error(`${error.name}: ${message}`);
    framesOf(error).forEach(terminal.error);
  } else terminal.error(`agenet: ${message}`);
  process.exitCode = error instanceof InputError ? STATUS.badInput : STATUS.failed;
}

/** Returns the stack trace without the message, which may span several lines. */
function framesOf({ name, message, stack = '' }: Error): string[] {
  const heading = `${name}: ${message}`;
  return (stack.startsWith(heading) ? stack.slice(heading.length) : stack).split('\n').filter((line) => line !== '');
}
