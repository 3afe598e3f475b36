/** Commands of `agenet` in processes of their own, and what they print. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { InputError, type InputProblem, messageOf } from '../errors.js';

/** Bytes that a command prints at most. */
const MAX_PRINTED = 2 ** 26;

/**
 * Runs a command, and returns its result.
 * @param program the program and its first arguments
 * @throws {InputError} with the message of the command
 */
export async function runCommand(
  [program, ...first]: readonly [string, ...string[]],
  args: readonly string[],
  options: { readonly timeout?: number; readonly signal?: AbortSignal } = {},
): Promise<unknown> {
  const { stdout } = await promisify(execFile)(program, [...first, ...args, '--json'], {
    maxBuffer: MAX_PRINTED,
    ...options,
  }).catch((error: unknown) => {
    throw errorOfCommand(error, args[0] ?? 'agenet');
  });
  return JSON.parse(lastLineOf(stdout));
}

/** Returns the error of a command that failed under `--json`. */
function errorOfCommand(error: unknown, command: string): InputError {
  const { stdout = '', stderr = '' } = error as { readonly stdout?: string; readonly stderr?: string };
  try {
    const { error: printed } = JSON.parse(lastLineOf(stdout)) as { readonly error: Partial<InputProblem> };
    if (printed.about !== undefined && printed.problem !== undefined) return InputError.from(printed as InputProblem);
  } catch {
    // A command that was killed prints no result.
  }
  return new InputError(command, lastLineOf(stderr) || messageOf(error));
}

/** Returns the last line of what a command printed. */
export const lastLineOf = (text: string): string => text.trimEnd().split('\n').at(-1) ?? '';
