/** Codes without what a condition says about them on average. */
import { normalizeRows, type Prior } from '../age/prior.js';
import { cholesky, solveCholesky } from '../numerics/cholesky.js';
import type { Features } from '../numerics/features.js';
import { dot } from '../numerics/matrixProduct.js';

/**
 * Moves codes [N, M] away from the center of codes with the same condition, so that codes surround the origin whatever
 * their condition. On the sphere this is a conformal map, a Lorentz boost, as directions of light change for an observer
 * who moves: z - (1 - z·t / (1 + sqrt(1 + |t|²))) t, normalized, for the center t. Its inverse is that of -t.
 * @param centers [N, M]
 * @returns new codes
 */
export function recenter(prior: Prior, codes: Float32Array, centers: Float32Array, latentSize: number): Float32Array {
  const moved = codes.map((value, at) => value - centers[at]!);
  if (prior === 'normal') return moved;
  for (let first = 0; first < codes.length; first += latentSize) {
    const rowOf = (rows: Float32Array) => rows.subarray(first, first + latentSize);
    const [code, center] = [rowOf(codes), rowOf(centers)];
    const share = dot(code, center) / (1 + Math.sqrt(1 + dot(center, center)));
    rowOf(moved).forEach((_, at) => (moved[first + at]! += share * center[at]!));
  }
  return normalizeRows(moved, latentSize);
}

/**
 * Returns the centers [N, M] of codes with given conditions.
 * @param table what each number of a condition adds to the center, [K, M]
 * @param conditions [N, K]
 */
export function centersOf(table: Float32Array, conditions: Features, latentSize: number): Float32Array {
  const { data, width } = conditions;
  const centers = new Float32Array((data.length / width) * latentSize);
  forEachNumber(conditions, (row, number, value) => {
    for (let at = 0; at < latentSize; at++) centers[row * latentSize + at]! += value * table[number * latentSize + at]!;
  });
  return centers;
}

/** Each round leaves less than a third of the means. */
const ROUNDS = 12;
/** Codes at the origin that each number has besides its own, so that few codes do not decide. */
const PRIOR_COUNT = 4;

/**
 * Returns the table of `centersOf` for which recentered codes have the mean 0 for each number of a condition; on the
 * sphere of a single class, the center is the conformal barycenter (Douady and Earle 1986).
 * @param conditions [N, K]
 */
export function fitCenters(prior: Prior, codes: Features, conditions: Features): Float32Array {
  const [numbers, size] = [conditions.width, codes.width];
  const table = new Float32Array(numbers * size);
  const given = Float32Array.from(codes.data);
  const factor = cholesky(squaresOf(conditions), numbers);
  for (let round = 0; round < ROUNDS; round++) {
    const moved = recenter(prior, given, centersOf(table, conditions, size), size);
    const sums = Float64Array.from(table, (value) => -PRIOR_COUNT * value);
    forEachNumber(conditions, (row, number, value) => {
      for (let at = 0; at < size; at++) sums[number * size + at]! += value * moved[row * size + at]!;
    });
    for (const [at, step] of solveCholesky(factor, sums, numbers).entries()) table[at]! += step;
  }
  return table;
}

/** Y^T Y and the prior's counts, [K, K]. */
function squaresOf(conditions: Features): Float64Array {
  const { data, width } = conditions;
  const squares = new Float64Array(width * width);
  for (let number = 0; number < width; number++) squares[number * (width + 1)] = PRIOR_COUNT;
  forEachNumber(conditions, (row, number, value) => {
    for (let other = 0; other < width; other++) squares[number * width + other]! += value * data[row * width + other]!;
  });
  return squares;
}

/** Most numbers of a condition are 0. */
function forEachNumber({ data, width }: Features, visit: (row: number, number: number, value: number) => void) {
  for (const [at, value] of data.entries()) if (value !== 0) visit(Math.floor(at / width), at % width, value);
}
