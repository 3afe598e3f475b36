/** Moving codes along an attribute of the run: `--along` and `--by`. */
import { Option } from '@commander-js/extra-typings';
import { basename, dirname, resolve } from 'node:path';
import { InputError } from '../errors.js';
import type { OpenedRun } from '../runs/runFolder.node.js';
import type { Terminal } from './command.js';
import { parseNumber } from './options.js';

const DEFAULT_ANGLE = 0.5;

export const alongOption = () => new Option('--along <attribute>', 'move each code along a direction created by agenet attribute');
export const byOption = () =>
  new Option(
    '--by <amount>',
    `distance to move: an angle in radians on the sphere, else a multiple of the direction; may be negative (default: ${DEFAULT_ANGLE})`,
  ).argParser(parseNumber);

export interface AlongOptions {
  readonly along?: string | undefined;
  readonly by?: number | undefined;
  readonly ema: boolean;
}

/**
 * Moves codes as the options ask, and returns them with what to report in the result.
 * @throws {InputError} if the run does not have the attribute
 */
export async function moveAlong(
  run: string,
  opened: OpenedRun,
  codes: Float32Array,
  options: AlongOptions,
  terminal: Terminal,
): Promise<{ readonly codes: Float32Array; readonly moved: Readonly<Record<string, unknown>> }> {
  const { move, moved } = await openMovement(run, opened, options, terminal);
  return { codes: move(codes), moved };
}

/** Returns the function that moves codes as the options ask, for codes in chunks. */
export async function openMovement(
  run: string,
  { model, checkpoint }: OpenedRun,
  { along, by, ema = true }: AlongOptions,
  terminal: Terminal,
): Promise<{ readonly move: (codes: Float32Array) => Float32Array; readonly moved: Readonly<Record<string, unknown>> }> {
  if (along === undefined) {
    if (by !== undefined) throw new InputError(`--by ${by}: requires --along; add --along ATTRIBUTE`);
    return { move: (codes) => codes, moved: {} };
  }
  const { moveCodes } = await import('../model/attribute.js');
  const { ATTRIBUTES, RunAssets } = await import('../runs/runAssets.node.js');
  const { direction, origin } = await new RunAssets(runFolderPath(run), ATTRIBUTES).read(along);
  if (direction.length !== model.latentSize) {
    throw new InputError(
      `--along ${along}: has ${direction.length} coordinates, but codes of the run have ${model.latentSize}; recreate it with agenet attribute`,
    );
  }
  if (origin.step !== checkpoint.step || origin.ema !== ema) {
    terminal.note(
      `warning: attribute ${along} was computed with the weights of iteration ${origin.step}${origin.ema ? '' : ' (raw)'}; recreate it with agenet attribute`,
    );
  }
  const amount = by ?? DEFAULT_ANGLE;
  return { move: (codes) => moveCodes(model.prior, codes, direction, amount), moved: { along, by: amount } };
}

/**
 * Returns the run folder, which stores attributes and probes, by its own path or that of a checkpoint in it.
 * @throws {InputError} if the checkpoint is not in a run folder
 */
export function runFolderPath(run: string): string {
  const folder = dirname(resolve(run));
  if (basename(folder) === 'checkpoints') return dirname(run) === '.' ? dirname(folder) : dirname(dirname(run));
  if (run.endsWith('.safetensors')) throw new InputError(`${run}: is not in a run folder, which stores attributes and probes; name the run`);
  return run;
}
