/** Codes that say nothing about a condition on average. */
import { normalizeRows, type Prior } from '../age/prior.js';
import { cholesky, solveCholesky } from '../numerics/cholesky.js';
import type { Features } from '../numerics/features.js';
import { dot } from '../numerics/matrixProduct.js';

/**
 * Moves codes z by the center t = y^T `table` of the codes with their condition y, so that the codes of every condition
 * surround the origin. On the sphere this is a conformal map, a Lorentz boost, as directions of light change for an
 * observer who moves: z - (1 - z·t / (1 + sqrt(1 + |t|²))) t, normalized. Under the normal prior it is z - t.
 * @param table [K, M], of `fitCenters`
 * @param codes [N, M]
 * @param conditions [N, K]
 * @param sign 1 for codes of the networks (default), -1 for the inverse
 * @returns new codes [N, M]
 */
export function recenter(
  prior: Prior,
  table: Float32Array,
  codes: Features,
  conditions: Features['data'],
  sign: 1 | -1 = 1,
): Float32Array {
  const { width: size } = codes;
  const centers = centersOf(table, conditions, size);
  const moved = Float32Array.from(codes.data, (value, at) => value - sign * centers[at]!);
  if (prior === 'normal') return moved;
  for (let first = 0; first < moved.length; first += size) {
    const center = centers.subarray(first, first + size);
    const share = dot(codes.data.subarray(first, first + size), center) / (1 + Math.sqrt(1 + dot(center, center)));
    for (let at = 0; at < size; at++) moved[first + at]! += share * center[at]!;
  }
  return normalizeRows(moved, size);
}

/** [N, M]. */
function centersOf(table: Float32Array, conditions: Features['data'], size: number) {
  const width = table.length / size;
  const centers = new Float32Array((conditions.length / width) * size);
  forEachNumber({ data: conditions, width }, (row, number, value) => {
    for (let at = 0; at < size; at++) centers[row * size + at]! += value * table[number * size + at]!;
  });
  return centers;
}

/** The means of digits are at most 2e-4 then, as `PRIOR_COUNT` leaves them. */
const ROUNDS = 12;
/** Codes at the origin that each number has besides its own, so that few codes do not decide. */
const PRIOR_COUNT = 4;

/**
 * Returns the table of `recenter` [K, M] for which new codes have the mean 0 for each number of a condition; with classes
 * alone, the center of a class is a conformal barycenter (Douady and Earle 1986).
 * @param codes [N, M], of the networks
 * @param conditions [N, K]; images of which nothing is known have zeros, and do not count
 */
export function fitCenters(prior: Prior, codes: Features, conditions: Features): Float32Array {
  const [numbers, size] = [conditions.width, codes.width];
  const table = new Float32Array(numbers * size);
  const factor = cholesky(squaresOf(conditions), numbers);
  for (let round = 0; round < ROUNDS; round++) {
    const moved = recenter(prior, table, codes, conditions.data);
    const sums = Float64Array.from(table, (value) => -PRIOR_COUNT * value);
    forEachNumber(conditions, (row, number, value) => {
      for (let at = 0; at < size; at++) sums[number * size + at]! += value * moved[row * size + at]!;
    });
    for (const [at, step] of solveCholesky(factor, sums, numbers).entries()) table[at]! += step;
  }
  return table;
}

/** Y^T Y and the counts of the prior, [K, K]. */
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
