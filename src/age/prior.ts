import { add, clip, div, mul, reduceMean, reduceSum, sqrt, square, sub, sumOf, type Value } from '../engine/index.js';
import type { RandomStream } from '../random.js';

/** Uniform on the unit sphere of R^M, or standard normal. */
export const PRIORS = ['sphere', 'normal'] as const;
export type Prior = (typeof PRIORS)[number];

/** As in PyTorch's F.normalize. */
const MIN_NORM = 1e-12;

/** Row-major `[count, latentSize]`. */
export function drawCodes(prior: Prior, count: number, latentSize: number, stream: RandomStream): Float32Array {
  const codes = stream.fillNormal(new Float32Array(count * latentSize));
  return prior === 'sphere' ? normalizeRows(codes, latentSize) : codes;
}

/** Draws distances of `moveTowards`, row-major `[count, 1]`, from 0 to `most`. */
export const drawDisplacements = (count: number, most: number, stream: RandomStream): Float32Array =>
  Float32Array.from({ length: count }, () => most * stream.uniform());

/** In place. */
export function normalizeRows(codes: Float32Array, latentSize: number): Float32Array {
  for (let start = 0; start < codes.length; start += latentSize)
    normalizeInPlace(codes.subarray(start, start + latentSize));
  return codes;
}

export function normalizeInPlace(vector: Float32Array): void {
  let squares = 0;
  for (const coordinate of vector) squares += coordinate * coordinate;
  const norm = Math.max(Math.sqrt(squares), MIN_NORM);
  for (let index = 0; index < vector.length; index++) vector[index]! /= norm;
}

/** Each row of `[N, M]`, each pixel of `[N, C, H, W]`. */
export function normalizeAlongAxis1(x: Value): Value {
  // Clipping the square instead of the root keeps the gradient finite at 0.
  return div(x, sqrt(clip(reduceSum(square(x), [1]), MIN_NORM ** 2, Number.MAX_VALUE)));
}

/**
 * Moves codes `[N, M]` towards samples of the prior: on the sphere, a distance d is the tangent of the largest angle.
 * @param distances `[N, 1]`
 */
export function moveTowards(codes: Value, samples: Value, distances: Value, prior: Prior): Value {
  const moved = add(codes, mul(samples, distances));
  return prior === 'sphere' ? normalizeAlongAxis1(moved) : moved;
}

/** The variance of codes `[N, M]` relative to the prior's; on the sphere, 1 minus the squared norm of the mean code. */
export function relativeVariance(codes: Value, prior: Prior): Value {
  const variance = sumOf(reduceMean(square(sub(codes, reduceMean(codes, [0]))), [0]));
  return prior === 'sphere' ? variance : mul(variance, 1 / codes.shape[1]!);
}
