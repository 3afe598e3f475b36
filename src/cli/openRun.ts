import { stat } from 'node:fs/promises';
import { TrainedModel } from '../model/trainedModel.js';
import type { ImageBatch } from '../images/raster.js';
import { iterationSpec } from '../training/configuration.js';
import { modelWeights } from '../training/trainer.js';
import type { Compile } from '../engine/index.js';
import { InputError } from '../errors.js';
import { readCheckpointFile, RunFolder, type StoredCheckpoint } from '../runs/runFolder.node.js';

/** A checkpoint and the model in it. */
export interface OpenedRun {
  readonly checkpoint: StoredCheckpoint;
  readonly model: TrainedModel;
}

/**
 * Opens the latest checkpoint of a run folder, or a checkpoint file itself: with the averages of its weights where it has them, unless
 * the raw ones are asked for. Throws InputError if there is none.
 */
export async function openRun(path: string, compile: Compile, { ema = true }: { readonly ema?: boolean | undefined } = {}): Promise<OpenedRun> {
  const checkpoint = await readCheckpoint(path);
  const { pair, objective } = iterationSpec(checkpoint.configuration);
  return { checkpoint, model: TrainedModel.of(pair, objective.prior, modelWeights(checkpoint.vectors, { ema }), compile) };
}

export async function readCheckpoint(path: string): Promise<StoredCheckpoint> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) throw new InputError(`${path}: there is no such run folder or checkpoint`);
  if (!found.isDirectory()) return readCheckpointFile(path);
  const latest = await (await RunFolder.open(path)).readLatestCheckpoint();
  if (latest === undefined) throw new InputError(`${path}: the run has no checkpoint yet`);
  return latest;
}

/** Bytes [N, C, H, W] of a model's images as a batch of pictures. */
export function picturesOf(model: TrainedModel, data: Uint8Array): ImageBatch {
  const shape = model.pair.encoder.inputShape as [number, number, number];
  return { shape, count: data.length / model.imageElements, data };
}
