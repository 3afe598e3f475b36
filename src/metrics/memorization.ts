import type { Features } from '../numerics/features.js';
import { medianOf } from './latentScores.js';
import { nearestRows } from '../numerics/nearestRows.js';

/** Samples, and held-out images, whose nearest training images are found. */
export const MEMORIZATION_ROWS = 500;
/** Training images that are listed for each. */
const NEIGHBOURS = 5;

/** How near samples come to training images. */
export interface Memorization {
  /**
   * Median distance of a sample to its nearest training image over that of a held-out image to its own: about 1 or more where samples are
   * new, near 0 where training images are copied.
   */
  readonly ratio: number;
  /** Numbers of the nearest training images of each sample, nearest first [samples, count]. */
  readonly k: Uint32Array;
  readonly count: number;
  /** Distance of each sample to the nearest [samples]. */
  readonly distances: Float64Array;
}

/**
 * Finds the nearest training images of samples in feature space.
 * @param samples,heldOut,training [N, D] each, at least one row
 */
export function memorization(samples: Features, heldOut: Features, training: Features): Memorization {
  const count = Math.min(NEIGHBOURS, training.data.length / training.width);
  const near = nearestRows(firstRows(samples), training, count);
  const distances = Float64Array.from({ length: near.indices.length / count }, (_, row) => Math.sqrt(near.squaredDistances[row * count]!));
  const ofHeldOut = nearestRows(firstRows(heldOut), training, 1).squaredDistances.map(Math.sqrt);
  return { ratio: medianOf(distances) / medianOf(ofHeldOut), k: near.indices, count, distances };
}

const firstRows = ({ data, width }: Features): Features => ({ data: data.subarray(0, MEMORIZATION_ROWS * width), width });
