import { Command, type CommandUnknownOpts } from '@commander-js/extra-typings';
import type { World } from '../distributed/openMpi.node.js';
import { DescribedError, InputError, messageOf, render, type Text } from '../errors.js';
import { describeSystemError } from '../files/atomic.node.js';
import { oneLine, shortenReason } from '../printable.js';
import { flagFor } from '../training/declaration.js';
import { outputFailure, Terminal } from './terminal.js';

export type { Terminal };

export interface ActionResult {
  result: Record<string, unknown>;
  status?: number;
  /** Whether files have the result, so that a failing standard output loses nothing. */
  isSaved?: boolean;
}

/** Exit statuses that scripts rely on. */
export const STATUS = { failed: 1, badInput: 2, interrupted: 130 } as const;

export const COMMAND_GROUPS = ['Training:', 'Samples and codes:', 'Evaluation:', 'Data and environment:'] as const;

/** A file in `commands/`. Help imports all of them, so only actions import the library. */
export interface CommandModule {
  summary: string;
  group: (typeof COMMAND_GROUPS)[number];
  /** Help below the options. */
  details?: string;
  define: (command: Subcommand) => CommandUnknownOpts | Promise<CommandUnknownOpts>;
  action: (terminal: Terminal, ...parsed: never[]) => Promise<ActionResult>;
  /** Whether all processes of `mpirun` run the action, and not the first one alone. */
  isDistributed?: true;
}

type Parsed<Define extends CommandModule['define']> =
  Awaited<ReturnType<Define>> extends Command<infer Arguments, infer Options> ? [...Arguments, Options] : never;

export type OptionsOf<Define extends CommandModule['define']> =
  Parsed<Define> extends [...unknown[], infer Options] ? Options : never;

export type Action<Define extends CommandModule['define']> = (
  terminal: Terminal,
  ...parsed: [...Parsed<Define>, World | undefined]
) => Promise<ActionResult>;

let running: CommandUnknownOpts | undefined;

/** Returns the flag of a setting, or the name of a positional argument. */
export function flagOf(key: string) {
  const isPositional = running?.registeredArguments.some((argument) => argument.name() === key) ?? false;
  return isPositional || !/^\w+$/u.test(key) ? key : flagFor(key);
}

export const withFlags = (text: Text) => render(text, flagOf);

export const subcommand = (
  name: string,
  { summary, group, details = '' }: Pick<CommandModule, 'summary' | 'group' | 'details'>,
) =>
  new Command(name)
    .summary(summary)
    .description(summary)
    .helpGroup(group)
    .helpOption('-h, --help', 'print help')
    .option('--json', 'print one JSON object as the last line of standard output')
    .option('--debug', 'print the stack trace of an error')
    .addHelpText('after', details)
    .hook('preAction', (_, command) => void (running = command));

export type Subcommand = ReturnType<typeof subcommand>;

/** Prints the result or error of an action, and sets the exit status. */
export async function runAction(
  { json = false, debug = false }: { json?: boolean; debug?: boolean },
  work: (terminal: Terminal) => Promise<ActionResult>,
) {
  const terminal = new Terminal(json);
  try {
    const { result, status = 0, isSaved = false } = await work(terminal);
    if (json) terminal.printResult(result);
    process.exitCode = status;
    if (!isSaved) await failOnLostOutput(terminal);
  } catch (error) {
    reportError(error, terminal, debug);
  }
}

async function failOnLostOutput(terminal: Terminal) {
  // Streams report errors on a later turn.
  await new Promise(setImmediate);
  const failure = outputFailure();
  if (failure === undefined) return;
  terminal.note(`agenet: standard output: cannot be written (${describeSystemError(failure)})`);
  process.exitCode = STATUS.failed;
}

/** Prints an error in one line. @param debug whether to add its stack trace */
export function reportError(error: unknown, terminal: Terminal, debug: boolean) {
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
function framesOf({ name, message, stack = '' }: Error) {
  const heading = `${name}: ${message}`;
  return (stack.startsWith(heading) ? stack.slice(heading.length) : stack).split('\n').filter((line) => line !== '');
}
