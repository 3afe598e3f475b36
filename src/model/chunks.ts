import { drawSampleCodes } from '../density/codeDensity.js';
import { gatherImages, type Split } from '../data/source.js';
import type { ConditionedImages } from '../networks/network.js';
import { guided } from './guidance.js';
import { conditionsOfImages } from './imageConditions.js';
import type { TrainedModel } from './trainedModel.js';
import { randomStream, shuffledIndices } from '../random.js';

/** Images in memory: a multiple of the batch of programs, so that nothing is padded. */
const CHUNK = 1000;

/** In any unit. */
export type Progress = (done: number, total: number) => void;

interface ImageChunk {
  /** Bytes [n, C, H, W]. */
  images: Uint8Array;
  first: number;
}

/** Yields images at `indices` (default: all). If `onProgress` throws, the work ends. */
export function* inChunks(
  split: Pick<Split, 'count' | 'copyImage'>,
  imageBytes: number,
  indices: Uint32Array = allIndices(split.count),
  onProgress?: Progress,
): Generator<ImageChunk> {
  const total = indices.length;
  for (let first = 0; first < total; first += CHUNK) {
    onProgress?.(first, total);
    yield { images: gatherImages(split, indices.subarray(first, first + CHUNK), imageBytes), first };
  }
  onProgress?.(total, total);
}

export const allIndices = (count: number): Uint32Array => Uint32Array.from(Array(count).keys());

/** Ascending, and all if there are no more than `count`. */
export const drawnIndices = (split: Pick<Split, 'count'>, count: number, seed: number): Uint32Array =>
  count >= split.count
    ? allIndices(split.count)
    : shuffledIndices(split.count, randomStream(seed, 'evaluation images')).slice(0, count).sort();

/** Encodes images at `indices` (default: all) to codes [N, M]. @param known as of `encodedChunks` */
export async function encodeSplit(
  model: TrainedModel,
  split: Split,
  indices?: ArrayLike<number>,
  onProgress?: Progress,
  known?: KnownConditions,
): Promise<Float32Array> {
  const codes = new Float32Array((indices?.length ?? split.count) * model.latentSize);
  let position = 0;
  for await (const chunk of encodedChunks(model, split, indices, onProgress, known)) {
    codes.set(chunk, position);
    position += chunk.length;
  }
  return codes;
}

/** What is known of the conditions of images in a split. */
export type KnownConditions = (split: Split, indices: Uint32Array) => Omit<ConditionedImages, 'x'>;

/** @param known encodes images with these conditions, and predicted ones (default: without a condition) */
export async function* encodedChunks(
  model: TrainedModel,
  split: Split,
  indices?: ArrayLike<number>,
  onProgress?: Progress,
  known?: KnownConditions,
): AsyncGenerator<Float32Array> {
  const all = indices ? Uint32Array.from(indices) : allIndices(split.count);
  for (const { images: x, first } of inChunks(split, model.imageElements, all, onProgress)) {
    const images = known && { x, ...known(split, all.subarray(first, first + CHUNK)) };
    yield await model.encode({ x, y: images && (await conditionsOfImages(model, images)) });
  }
}

/**
 * Returns values in [-1, 1], [N, C, H, W], of latent samples [N, M].
 * @param conditionsAt of some of the samples (default: unknown)
 */
export async function generateChunked(
  model: TrainedModel,
  codes: Float32Array,
  onProgress?: Progress,
  conditionsAt?: ChunkConditions['conditionsAt'],
): Promise<Float32Array> {
  const { latentSize, imageElements } = model;
  const total = codes.length / latentSize;
  const images = new Float32Array(total * imageElements);
  onProgress?.(0, total);
  for (let first = 0; first < total; first += CHUNK) {
    const z = codes.subarray(first * latentSize, (first + CHUNK) * latentSize);
    const y = conditionsAt?.(first, z.length / latentSize);
    images.set(await model.generateSamples({ z, y }), first * imageElements);
    onProgress?.(Math.min(total, first + CHUNK), total);
  }
  return images;
}

/** Conditions of samples. */
export interface ChunkConditions {
  /** Returns conditions [count, ...shape] of samples from an index on (default: unknown). */
  conditionsAt?: ((first: number, count: number) => Float32Array | undefined) | undefined;
  guidance?: number | undefined;
}

export interface SampleChunk {
  first: number;
  /** Conditions [n, ...shape], or undefined if they are unknown. */
  y: Float32Array | undefined;
  /** [n, M]. */
  codes: Float32Array;
  /** [n, C, H, W] in [-1, 1]. */
  values: Float32Array;
}

/**
 * Yields the samples of a seed, a thousand at a time, as `agenet sample` writes them.
 */
export async function* sampleChunks(
  model: TrainedModel,
  count: number,
  seed: number,
  { conditionsAt, guidance }: ChunkConditions = {},
): AsyncGenerator<SampleChunk> {
  const stream = randomStream(seed, 'samples');
  for (let first = 0; first < count; first += CHUNK) {
    const size = Math.min(CHUNK, count - first);
    const y = conditionsAt?.(first, size);
    const codes = drawSampleCodes(model, size, stream, y);
    const values = await guided(model, (given) => model.generateSamples(given), { z: codes, y }, guidance);
    yield { first, codes, y, values };
  }
}
