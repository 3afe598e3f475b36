import { gatherImages, type Split } from '../data/source.js';
import { randomStream, shuffledIndices } from '../random.js';

/** Images that are in memory at once. */
const CHUNK = 1000;

/** Some images of a split, with their places in it. */
export interface ImageChunk {
  /** Bytes [n, C, H, W]. */
  readonly images: Uint8Array;
  readonly indices: ArrayLike<number>;
  /** Where the first of them stands among all that are asked for. */
  readonly first: number;
}

/** The images of a split at `indices`, or all, a thousand at a time. */
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

/** 0 to count - 1. */
export const allIndices = (count: number): Uint32Array => Uint32Array.from({ length: count }, (_, index) => index);

/** Places of `count` images of a split that the seed draws, in rising order; all where there are no more. */
export const drawnIndices = (split: Pick<Split, 'count'>, count: number, seed: number): Uint32Array =>
  count >= split.count ? allIndices(split.count) : shuffledIndices(split.count, randomStream(seed, 'evaluation images')).slice(0, count).sort();
