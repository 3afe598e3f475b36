import type { Features } from '../../src/numerics/features.js';
import { fitGaussian } from '../../src/numerics/principalComponents.js';
import {
  forEachProduct,
  forEachProductWithin,
  multiplyTransposed,
  transposed,
} from '../../src/numerics/matrixProduct.js';
import { forEachDistance, forEachDistanceWithin } from '../../src/numerics/nearestRows.js';
import { largestDifference, normalRows } from '../metrics/samples.js';
import { describe, expect, it } from 'vitest';

/** A value of each pair of rows of two sets. */
function ofPairs(
  a: Features,
  b: Features,
  value: (rowOfA: ArrayLike<number>, rowOfB: ArrayLike<number>) => number,
): Float64Array {
  const rowsOf = ({ data, width }: Features) =>
    Array.from({ length: data.length / width }, (_, row) => data.subarray(row * width, (row + 1) * width));
  return Float64Array.from(rowsOf(a).flatMap((rowOfA) => rowsOf(b).map((rowOfB) => value(rowOfA, rowOfB))));
}

const innerProduct = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((sum, value, index) => sum + value * b[index]!, 0);
const squaredDistance = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((sum, value, index) => sum + (value - b[index]!) ** 2, 0);

describe('multiplyTransposed', () => {
  // Sizes around that of a tile, 2 x 4.
  it.each([
    [1, 1, 1],
    [2, 4, 4],
    [5, 3, 2],
    [3, 131, 7],
    [129, 6, 257],
  ])('returns A B^T of %i x %i values, over %i terms', (rows, columns, terms) => {
    const [a, b] = [normalRows(rows, terms, 1), normalRows(columns, terms, 2)];
    expect(largestDifference(multiplyTransposed(a, b), ofPairs(a, b, innerProduct))).toBeLessThan(1e-11);
  });

  it('sums float32 rows in double precision', () => {
    const [a, b] = [normalRows(3, 9, 1), normalRows(5, 9, 2)].map(({ data, width }) => ({
      data: Float32Array.from(data),
      width,
    })) as [Features, Features];
    expect(largestDifference(multiplyTransposed(a, b), ofPairs(a, b, innerProduct))).toBeLessThan(1e-13);
  });
});

describe('the transpose of rows', () => {
  it('has their columns as rows', () => {
    expect(transposed({ data: Float32Array.of(1, 2, 3, 4, 5, 6), width: 3 })).toEqual({
      data: Float64Array.of(1, 4, 2, 5, 3, 6),
      width: 2,
    });
  });
});

// 300 and 259 rows are more than are multiplied at a time.
const [a, b] = [normalRows(300, 5, 1), normalRows(259, 5, 2)];

describe.each([
  ['products', forEachProduct, forEachProductWithin, innerProduct],
  ['squared distances', forEachDistance, forEachDistanceWithin, squaredDistance],
] as const)('visits of %s', (_, forEach, forEachWithin, value) => {
  it('have every pair of rows of two sets', () => {
    const visited = new Float64Array(300 * 259).fill(NaN);
    forEach(a, b, (row, column, each) => (visited[row * 259 + column] = each));
    expect(largestDifference(visited, ofPairs(a, b, value))).toBeLessThan(1e-12);
  });

  it('have every pair of rows of one set once, the later row first', () => {
    const visited = new Float64Array(300 * 300);
    const counts = new Uint8Array(300 * 300);
    forEachWithin(a, (row, column, each) => {
      visited[row * 300 + column] = each;
      counts[row * 300 + column]!++;
    });
    const isVisited = (index: number) => index % 300 <= Math.floor(index / 300);
    expect(counts.every((count, index) => count === Number(isVisited(index)))).toBe(true);
    const expected = ofPairs(a, a, value).map((each, index) => (isVisited(index) ? each : 0));
    expect(largestDifference(visited, expected)).toBeLessThan(1e-12);
  });
});

describe('squared distances', () => {
  it('are exactly 0 for equal rows, of any length and at any index', () => {
    const row = normalRows(1, 700, 1, 1, 100).data;
    const set = { data: Float64Array.from({ length: 261 * 700 }, (_, index) => row[index % 700]!), width: 700 };
    let largest = 0;
    forEachDistanceWithin(set, (_, __, distance) => (largest = Math.max(largest, distance)));
    expect(largest).toBe(0);
  });
});

describe('the covariance of rows', () => {
  it('is unbiased and symmetric, for more rows than are centered at a time', () => {
    const rows = normalRows(2100, 3, 4, 2, 5);
    const { mean, covariance } = fitGaussian(rows);
    const column = (at: number) => Array.from({ length: 2100 }, (_, row) => rows.data[row * 3 + at]! - mean[at]!);
    const expected = Array.from(
      { length: 9 },
      (_, at) => innerProduct(column(Math.floor(at / 3)), column(at % 3)) / 2099,
    );
    expect(largestDifference(covariance, expected)).toBeLessThan(1e-12);
    expect(covariance[1]).toBe(covariance[3]);
  });
});
