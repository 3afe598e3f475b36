/** Runs `agenet` in processes of its own, and reads what they print. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { InputError, type InputProblem, messageOf } from '../errors.js';
import { parseObject } from './followedLog.node.js';

/** Bytes. */
const MAX_PRINTED = 2 ** 26;

/** The program and its first arguments, such as `node main.js`. */
export type Program = readonly [string, ...string[]];

/** @throws {InputError} the error of the command */
export async function runCommand(
  [program, ...first]: Program,
  args: readonly string[],
  options: { readonly timeout?: number; readonly signal?: AbortSignal } = {},
): Promise<unknown> {
  const { stdout } = await promisify(execFile)(program, [...first, ...args, '--json'], {
    maxBuffer: MAX_PRINTED,
    ...options,
  }).catch((error: unknown) => {
    const { stdout = '', stderr = '' } = error as { readonly stdout?: string; readonly stderr?: string };
    throw errorPrinted(stdout + stderr) ?? new InputError(args[0] ?? 'agenet', lastLineOf(stderr) || messageOf(error));
  });
  return JSON.parse(lastLineOf(stdout));
}

/** Returns the error that a command printed under `--json`; undefined if it was killed before. */
export function errorPrinted(output: string): InputError | undefined {
  for (const line of output.split('\n').reverse()) {
    const error = parseObject(line)?.error as Partial<InputProblem> | undefined;
    if (error?.about !== undefined && error.problem !== undefined) return InputError.from(error as InputProblem);
  }
  return undefined;
}

export const lastLineOf = (output: string): string => output.trimEnd().split('\n').at(-1) ?? '';
