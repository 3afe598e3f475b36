import { clip, div, reduceSum, sqrt, square, type Value } from '../engine/index.js';
import type { RandomStream } from '../random.js';

/** The distribution of latent codes: uniform on the unit sphere of R^M, or standard normal. */
export const PRIORS = ['sphere', 'normal'] as const;
export type Prior = (typeof PRIORS)[number];

/** As in PyTorch's F.normalize: a vector shorter than this is divided by it instead of by its norm. */
const LEAST_NORM = 1e-12;

/** Draws `count` codes of `latent` coordinates from the prior, row-major [count, latent]. */
export function drawCodes(prior: Prior, count: number, latent: number, stream: RandomStream): Float32Array {
  const codes = stream.fillNormal(new Float32Array(count * latent));
  if (prior === 'sphere') {
    for (let start = 0; start < codes.length; start += latent) normalizeInPlace(codes.subarray(start, start + latent));
  }
  return codes;
}

/** Divides a vector by its L2 norm. */
export function normalizeInPlace(vector: Float32Array): void {
  let squares = 0;
  for (const coordinate of vector) squares += coordinate * coordinate;
  const norm = Math.max(Math.sqrt(squares), LEAST_NORM);
  for (let index = 0; index < vector.length; index++) vector[index]! /= norm;
}

/** Divides by the L2 norm along axis 1: rows of [N, M], pixels of [N, C, H, W]. */
export function normalizeAlongAxis1(x: Value): Value {
  // Clipping the square instead of the root keeps the gradient finite at 0.
  return div(x, sqrt(clip(reduceSum(square(x), [1]), LEAST_NORM ** 2, Number.MAX_VALUE)));
}
