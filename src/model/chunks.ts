import { drawCodes } from '../age/prior.js';
import { gatherImages, type Split } from '../data/source.js';
import type { TrainedModel } from './trainedModel.js';
import { randomStream, shuffledIndices } from '../random.js';

/** Images in memory at a time: a multiple of the batch of programs, so that nothing is padded. */
const CHUNK = 1000;

/** Receives how much work is done, in any unit. */
export type Progress = (done: number, total: number) => void;

export interface ImageChunk {
  /** Bytes [n, C, H, W]. */
  readonly images: Uint8Array;
  readonly indices: ArrayLike<number>;
  /** Position of the first among all. */
  readonly first: number;
}

/** Yields images at `indices` (default: all), a thousand at a time. */
export function* inChunks(
  split: Pick<Split, 'count' | 'copyImage'>,
  imageBytes: number,
  indices: Uint32Array = allIndices(split.count),
): Generator<ImageChunk> {
  for (let first = 0; first < indices.length; first += CHUNK) {
    const part = indices.subarray(first, first + CHUNK);
    yield { images: gatherImages({ ...split, labels: null }, part, imageBytes), indices: part, first };
  }
}

export const allIndices = (count: number): Uint32Array => Uint32Array.from({ length: count }, (_, index) => index);

/** Returns ascending indices of `count` random images, or of all if there are no more. */
export const drawnIndices = (split: Pick<Split, 'count'>, count: number, seed: number): Uint32Array =>
  count >= split.count
    ? allIndices(split.count)
    : shuffledIndices(split.count, randomStream(seed, 'evaluation images')).slice(0, count).sort();

/** Encodes images at `indices` (default: all) to codes [N, M]. */
export async function encodeSplit(
  model: TrainedModel,
  split: Split,
  indices?: ArrayLike<number>,
  onProgress?: Progress,
): Promise<Float32Array> {
  const codes = new Float32Array((indices?.length ?? split.count) * model.latentSize);
  let position = 0;
  for await (const chunk of encodedChunks(model, split, indices, onProgress)) {
    codes.set(chunk, position);
    position += chunk.length;
  }
  return codes;
}

export async function* encodedChunks(
  model: TrainedModel,
  split: Split,
  indices?: ArrayLike<number>,
  onProgress?: Progress,
): AsyncGenerator<Float32Array> {
  const total = indices?.length ?? split.count;
  for (const { images, first } of inChunks(split, model.imageElements, indices && Uint32Array.from(indices))) {
    onProgress?.(first, total);
    yield await model.encode({ x: images });
  }
  onProgress?.(total, total);
}

/** Generates values in [-1, 1], [N, C, H, W], of latent samples [N, M], a thousand at a time. */
export async function generateChunked(
  model: TrainedModel,
  codes: Float32Array,
  onProgress?: Progress,
): Promise<Float32Array> {
  const total = codes.length / model.latentSize;
  const images = new Float32Array(total * model.imageElements);
  for (let first = 0; first < total; first += CHUNK) {
    onProgress?.(first, total);
    const part = codes.subarray(first * model.latentSize, (first + CHUNK) * model.latentSize);
    images.set(await model.generate({ z: part }), first * model.imageElements);
  }
  onProgress?.(total, total);
  return images;
}

export interface SampleChunk {
  readonly first: number;
  /** [n, M]. */
  readonly codes: Float32Array;
  /** [n, C, H, W] in [-1, 1]. */
  readonly values: Float32Array;
}

/** Yields the samples of a seed, a thousand at a time, as `agenet sample` writes them. */
export async function* sampleChunks(model: TrainedModel, count: number, seed: number): AsyncGenerator<SampleChunk> {
  const { prior, latentSize } = model;
  const codes = drawCodes(prior, count, latentSize, randomStream(seed, 'samples'));
  for (let first = 0; first < count; first += CHUNK) {
    const part = codes.subarray(first * latentSize, (first + CHUNK) * latentSize);
    yield { first, codes: part, values: await model.generate({ z: part }) };
  }
}
