import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { InputError, type InputProblem, messageOf } from '../errors.js';
import { parseObject } from './followedLog.node.js';

const MAX_PRINTED = 2 ** 26;

export type Program = readonly [string, ...string[]];

/** @throws {InputError} the error of the command */
export async function runCommand(
  [program, ...first]: Program,
  args: readonly string[],
  options: { timeout?: number; signal?: AbortSignal } = {},
): Promise<unknown> {
  const { stdout } = await promisify(execFile)(program, [...first, ...args, '--json'], {
    maxBuffer: MAX_PRINTED,
    ...options,
  }).catch((error: unknown) => {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    throw errorPrinted(stdout + stderr) ?? new InputError(args[0] ?? 'agenet', lastLineOf(stderr) || messageOf(error));
  });
  return JSON.parse(lastLineOf(stdout));
}

/** Undefined if the command was killed before it printed an error. */
export function errorPrinted(output: string) {
  const errors = output.split('\n').map((line) => parseObject(line)?.error as Partial<InputProblem> | undefined);
  const last = errors.findLast((error) => error?.about !== undefined && error.problem !== undefined);
  return last && InputError.from(last as InputProblem);
}

export const lastLineOf = (output: string) => output.trimEnd().split('\n').at(-1) ?? '';
