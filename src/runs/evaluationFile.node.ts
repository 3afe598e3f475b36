/** Evaluations in run folders: written by `evaluate` and during training, read by `compare`. */
import { readdir, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { InputError } from '../errors.js';
import { describeSystemError, writeFileAtomically } from '../files/atomic.node.js';
import { encodePng } from '../images/files.node.js';
import { imageGrid } from '../images/imageGrid.js';
import { readTextFile } from '../files/regularFile.node.js';
import type { NearestSheet } from '../metrics/nearestSheet.js';

const evaluationSchema = z.looseObject({
  step: z.number(),
  // A figure that is not finite is null in JSON.
  metrics: z.record(z.string(), z.number().nullable()),
  protocol: z.record(z.string(), z.unknown()),
});

type EvaluationRecord = Readonly<z.infer<typeof evaluationSchema>>;

const FILE_NAME = /^evaluation-(\d+)(-raw)?\.json$/;

/** The run folder that a checkpoint lies in, or undefined where it lies elsewhere. */
export async function runFolderOf(checkpointFile: string): Promise<string | undefined> {
  const folder = dirname(dirname(resolve(checkpointFile)));
  const found = await stat(join(folder, 'config.json')).catch(() => undefined);
  return found?.isFile() ? join(dirname(checkpointFile), '..') : undefined;
}

/** Which weights were evaluated. */
export interface EvaluatedWeights {
  /** The iteration that they are of. */
  readonly step: number;
  /** Whether these are the weights themselves, where the run has averages of them. */
  readonly raw: boolean;
}

/** A file in a run folder that belongs to an iteration: `evaluation-001874.json`, or with raw weights `evaluation-001874-raw.json`. */
const fileBeside = (folder: string, kind: string, { step, raw }: EvaluatedWeights, ending: string): string =>
  join(folder, `${kind}-${String(step).padStart(6, '0')}${raw ? '-raw' : ''}.${ending}`);

/** Where an evaluation lies in its run's folder. */
const evaluationFile = (folder: string, weights: EvaluatedWeights): string => fileBeside(folder, 'evaluation', weights, 'json');

/** Whether averaged or only weights of an iteration were evaluated already. */
export const isEvaluated = async (folder: string, step: number): Promise<boolean> =>
  (await stat(evaluationFile(folder, { step, raw: false })).catch(() => undefined)) !== undefined;

/** Writes an evaluation into its run's folder, and the sheet of nearest training images where it has one, and returns their paths. */
export async function writeEvaluation(
  folder: string,
  weights: EvaluatedWeights,
  evaluation: Readonly<Record<string, unknown>>,
  nearest: NearestSheet | undefined,
): Promise<{ readonly file: string; readonly picture?: string }> {
  const picture = nearest && fileBeside(folder, 'nearest', weights, 'png');
  if (picture !== undefined) await writeFileAtomically(picture, await encodePng(imageGrid(nearest!.images, nearest!.columns)));
  const file = evaluationFile(folder, weights);
  await writeFileAtomically(file, new TextEncoder().encode(`${JSON.stringify(evaluation, null, 2)}\n`));
  return { file, ...(picture === undefined ? {} : { picture }) };
}

/**
 * The evaluation of the most iterations in a run folder; of two the one with averaged weights.
 * @throws InputError where there is none, or it is damaged
 */
export async function readLatestEvaluation(run: string): Promise<EvaluationRecord> {
  const names = await readdir(run).catch((error: unknown) => {
    throw new InputError(`${run}: cannot be read as a run folder (${describeSystemError(error)})`);
  });
  const steps = names.flatMap((name) => {
    const match = FILE_NAME.exec(name);
    return match ? [{ name, step: Number(match[1]), raw: match[2] !== undefined }] : [];
  });
  const latest = steps.sort((a, b) => a.step - b.step || Number(b.raw) - Number(a.raw)).at(-1);
  if (latest === undefined) throw new InputError(`${run}: has not been evaluated yet; run agenet evaluate ${run} first`);
  return readEvaluation(join(run, latest.name));
}

async function readEvaluation(file: string): Promise<EvaluationRecord> {
  try {
    return evaluationSchema.parse(JSON.parse(await readTextFile(file)));
  } catch {
    throw new InputError(`${file}: is damaged, evaluate the run again`);
  }
}
