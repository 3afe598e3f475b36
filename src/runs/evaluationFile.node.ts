/** Evaluations in run folders: written by `evaluate` and during training, read by `compare`. */
import { readdir, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { InputError } from '../errors.js';
import { describeSystemError, writeFileAtomically } from '../files/atomic.node.js';
import { encodePng } from '../images/files.node.js';
import { imageGrid } from '../images/imageGrid.js';
import { readTextFile } from '../files/regularFile.node.js';
import type { GridImages } from '../metrics/metric.js';

const FORMAT = 'agenet evaluation 2';

interface EvaluationRecord {
  readonly step: number;
  /** Values that are not finite are null in JSON. */
  readonly metrics: Readonly<Record<string, number | null>>;
  readonly protocol: Readonly<Record<string, unknown>>;
}

const FILE_NAME = /^evaluation-(\d+)(-raw)?\.json$/;

/** Returns the run folder that contains a checkpoint, or undefined if it is stored elsewhere. */
export async function runFolderOf(checkpointFile: string): Promise<string | undefined> {
  const folder = dirname(dirname(resolve(checkpointFile)));
  const found = await stat(join(folder, 'config.json')).catch(() => undefined);
  return found?.isFile() ? join(dirname(checkpointFile), '..') : undefined;
}

/** Which weights were evaluated. */
export interface EvaluatedWeights {
  /** Their iteration. */
  readonly step: number;
  /** Whether EMA weights were used if the run has them. */
  readonly ema: boolean;
}

/** A file of an iteration in a run folder: `evaluation-001874.json`, or `evaluation-001874-raw.json` without EMA weights. */
const fileOf = (folder: string, kind: string, { step, ema }: EvaluatedWeights, extension: string): string =>
  join(folder, `${kind}-${String(step).padStart(6, '0')}${ema ? '' : '-raw'}.${extension}`);

const evaluationFile = (folder: string, weights: EvaluatedWeights): string =>
  fileOf(folder, 'evaluation', weights, 'json');

/** Whether the weights that sampling uses were evaluated already at an iteration. */
export const isEvaluated = async (folder: string, step: number): Promise<boolean> =>
  (await stat(evaluationFile(folder, { step, ema: true })).catch(() => undefined)) !== undefined;

/** Writes an evaluation and its image grids into its run folder, and returns their paths. */
export async function writeEvaluation(
  folder: string,
  weights: EvaluatedWeights,
  evaluation: Readonly<Record<string, unknown>>,
  grids: Readonly<Record<string, GridImages>>,
): Promise<{ readonly file: string; readonly grids: readonly string[] }> {
  const gridFiles: string[] = [];
  for (const [name, { images, columns }] of Object.entries(grids)) {
    const file = fileOf(folder, name, weights, 'png');
    await writeFileAtomically(file, await encodePng(imageGrid(images, columns)));
    gridFiles.push(file);
  }
  const file = evaluationFile(folder, weights);
  await writeFileAtomically(
    file,
    new TextEncoder().encode(`${JSON.stringify({ format: FORMAT, ...evaluation }, null, 2)}\n`),
  );
  return { file, grids: gridFiles };
}

/**
 * Reads the evaluation of the latest iteration in a run folder; of two the one with EMA weights.
 * @throws {InputError} if there is none, it is corrupt, or it has an older format
 */
export async function readLatestEvaluation(run: string): Promise<EvaluationRecord> {
  const names = await readdir(run).catch((error: unknown) => {
    throw new InputError(run, `cannot read the run folder (${describeSystemError(error)})`);
  });
  const files = names.flatMap((name) => {
    const [, step, raw] = FILE_NAME.exec(name) ?? [];
    return step === undefined ? [] : [{ name, order: 2 * Number(step) + (raw === undefined ? 1 : 0) }];
  });
  const latest = files.sort((a, b) => a.order - b.order).at(-1);
  if (latest === undefined) throw new InputError(run, 'not evaluated yet', `run agenet evaluate ${run}`);
  return readEvaluation(join(run, latest.name));
}

/**
 * Reads the evaluation of weights in a run folder, or returns undefined if they were not evaluated.
 * @throws {InputError} if it is corrupt, or has an older format
 */
export async function readEvaluationOf(run: string, weights: EvaluatedWeights): Promise<EvaluationRecord | undefined> {
  const file = evaluationFile(run, weights);
  return (await stat(file).catch(() => undefined)) === undefined ? undefined : readEvaluation(file);
}

async function readEvaluation(file: string): Promise<EvaluationRecord> {
  const { z } = await import('zod');
  const schema = z.looseObject({
    format: z.literal(FORMAT),
    step: z.number(),
    metrics: z.record(z.string(), z.number().nullable()),
    protocol: z.record(z.string(), z.unknown()),
  });
  let stored: unknown;
  try {
    stored = JSON.parse(await readTextFile(file));
  } catch {
    throw new InputError(file, 'corrupt evaluation', 'run agenet evaluate again');
  }
  const { success, data } = schema.safeParse(stored);
  if (success) return data;
  throw new InputError(file, 'not an evaluation of this version of agenet', 'run agenet evaluate again');
}
