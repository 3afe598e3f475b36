import { stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { InputError } from '../errors.js';
import { numbered } from '../files/atomic.node.js';
import { encodePng } from '../images/files.node.js';
import { imageGrid } from '../images/imageGrid.js';
import type { GridImages } from '../metrics/metric.js';
import type { TrainedModel } from '../model/trainedModel.js';
import type { Subscriber } from '../training/events.js';
import { parseJson } from '../validation.js';
import { OwnFolder } from './ownFolder.node.js';
import { bytesOf, sha256 } from './runFolder.node.js';

const FORMAT = 'agenet evaluation 2';
const MAX_BYTES = 2 ** 20;

/** Metrics, and training images near to samples. */
const FILE_NAME = /^(evaluation|nearest)-(\d+)(-raw)?\.(json|png)$/;

export async function runFolderOf(checkpointFile: string) {
  const folder = dirname(dirname(resolve(checkpointFile)));
  const found = await stat(join(folder, 'config.json')).catch(() => undefined);
  return found?.isFile() ? join(dirname(checkpointFile), '..') : undefined;
}

export interface EvaluatedWeights {
  step: number;
  /** Whether these are the EMA weights, if the run has them. */
  ema: boolean;
  /** Differs after a resumption from an earlier checkpoint. */
  digest: string;
}

export const evaluatedWeights = ({ weights }: TrainedModel, step: number, ema: boolean): EvaluatedWeights => ({
  step,
  ema,
  digest: sha256(
    ...Object.entries(weights)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, vector]) => bytesOf(vector)),
  ),
});

/** `evaluation-001874.json`, or `evaluation-001874-raw.json` without EMA weights. */
const nameOf = (kind: string, { step, ema }: EvaluatedWeights, extension: string) =>
  `${kind}-${numbered(step)}${ema ? '' : '-raw'}.${extension}`;

export async function writeEvaluation(
  folder: OwnFolder,
  weights: EvaluatedWeights,
  evaluation: Record<string, unknown>,
  grids: Record<string, GridImages>,
) {
  const gridFiles: string[] = [];
  for (const [name, { images, columns }] of Object.entries(grids))
    gridFiles.push(await folder.write(nameOf(name, weights, 'png'), await encodePng(imageGrid(images, columns))));
  const record = { format: FORMAT, weights_digest: weights.digest, ...evaluation };
  const file = await folder.write(nameOf('evaluation', weights, 'json'), `${JSON.stringify(record, null, 2)}\n`);
  return { file, grids: gridFiles };
}

/** Training replaces the weights of later iterations. */
export const removingLaterEvaluations =
  (folder: OwnFolder): Subscriber =>
  async (event) => {
    if (event.type !== 'start') return;
    for (const { name, step } of await evaluationFiles(folder)) if (step > event.step) await folder.remove(name);
  };

/** In ascending order of iterations; EMA weights follow raw weights. */
async function evaluationFiles(folder: OwnFolder) {
  const names = await folder.list();
  return names
    .flatMap((name) => {
      const [, kind, step, raw] = FILE_NAME.exec(name) ?? [];
      return step === undefined ? [] : [{ name, kind, step: Number(step), isEma: raw === undefined }];
    })
    .sort((a, b) => a.step - b.step || Number(a.isEma) - Number(b.isEma));
}

/** Prefers EMA weights in the latest iteration. */
export async function readLatestEvaluation(run: string) {
  const folder = await OwnFolder.at(run);
  const latest = (await evaluationFiles(folder)).findLast(({ kind }) => kind === 'evaluation');
  if (latest === undefined) throw new InputError(run, 'not evaluated yet', `run agenet evaluate ${run}`);
  const text = await folder.readText(latest.name, MAX_BYTES).catch(() => '');
  return parseEvaluation(join(run, latest.name), text);
}

export async function readEvaluationOf(folder: OwnFolder, weights: EvaluatedWeights) {
  const name = nameOf('evaluation', weights, 'json');
  const text = await folder.readText(name, MAX_BYTES);
  const found = text === undefined ? undefined : await parseEvaluation(join(folder.path, name), text);
  return found?.weights_digest === weights.digest ? found : undefined;
}

async function parseEvaluation(file: string, text = '') {
  const { z } = await import('zod');
  const schema = z.looseObject({
    format: z.literal(FORMAT),
    step: z.number(),
    // Earlier builds wrote none.
    weights_digest: z.string().optional(),
    // JSON has null for NaN and infinities.
    metrics: z.record(z.string(), z.number().nullable()),
    protocol: z.record(z.string(), z.unknown()),
  });
  const stored = parseJson(text);
  const { success, data } = schema.safeParse(stored);
  if (success) return data;
  const problem = stored === undefined ? 'corrupt evaluation' : 'not an evaluation of this version of agenet';
  throw new InputError(file, problem, 'run agenet evaluate again');
}
