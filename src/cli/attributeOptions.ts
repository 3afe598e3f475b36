/** Moving codes along an attribute of the run: `--along` and `--by`. */
import { Option } from '@commander-js/extra-typings';
import { basename, dirname, resolve } from 'node:path';
import { InputError } from '../errors.js';
import type { OpenedRun } from './openRun.js';
import type { Terminal } from './command.js';
import { parseNumber } from './options.js';

const DEFAULT_ANGLE = 0.5;

export const alongOption = () => new Option('--along <attribute>', 'move each code along a direction that agenet attribute made');
export const byOption = () =>
  new Option(
    '--by <amount>',
    `how far: on the sphere an angle in radians, else a multiple of the direction; may be negative (default: ${DEFAULT_ANGLE})`,
  ).argParser(parseNumber);

export interface AlongOptions {
  readonly along?: string | undefined;
  readonly by?: number | undefined;
  readonly ema: boolean;
}

/** Codes moved as the options ask, and what of it belongs into the result. Throws InputError for an attribute that the run does not have. */
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

/** The same for codes that come a few at a time. */
export async function openMovement(
  run: string,
  { model, checkpoint }: OpenedRun,
  { along, by, ema = true }: AlongOptions,
  terminal: Terminal,
): Promise<{ readonly move: (codes: Float32Array) => Float32Array; readonly moved: Readonly<Record<string, unknown>> }> {
  if (along === undefined) {
    if (by !== undefined) throw new InputError(`--by ${by}: says how far to move, but not along what; add --along ATTRIBUTE`);
    return { move: (codes) => codes, moved: {} };
  }
  const { moveCodes } = await import('../model/paths.js');
  const { AttributeFiles } = await import('../runs/attributeFiles.node.js');
  const { direction, origin } = await new AttributeFiles(runFolderPath(run)).read(along);
  if (direction.length !== model.latentSize) {
    throw new InputError(
      `--along ${along}: has ${direction.length} coordinates, but codes of the run have ${model.latentSize}; make it anew with agenet attribute`,
    );
  }
  if (origin.step !== checkpoint.step || origin.raw === ema) {
    terminal.note(`warning: attribute ${along} is of other weights (iteration ${origin.step}${origin.raw ? ', raw' : ''}); make it anew with agenet attribute`);
  }
  const amount = by ?? DEFAULT_ANGLE;
  return { move: (codes) => moveCodes(model.prior, codes, direction, amount), moved: { along, by: amount } };
}

/** The folder of a run by its own path or that of a checkpoint in it: attributes and probes are kept there. Throws InputError for a checkpoint elsewhere. */
export function runFolderPath(run: string): string {
  const folder = dirname(resolve(run));
  if (basename(folder) === 'checkpoints') return dirname(run) === '.' ? dirname(folder) : dirname(dirname(run));
  if (run.endsWith('.safetensors')) throw new InputError(`${run}: lies in no run folder, where attributes and probes are kept; name the run`);
  return run;
}
