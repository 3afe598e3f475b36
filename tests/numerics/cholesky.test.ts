import { describe, expect, it } from 'vitest';
import { cholesky, solveCholesky } from '../../src/numerics/cholesky.js';
import { multiplyTransposed, transposed } from '../../src/numerics/matrixProduct.js';
import { largestDifference, normalRows } from '../metrics/samples.js';

const SIZE = 7;
const rows = normalRows(3 * SIZE, SIZE, 1);
const matrix = multiplyTransposed(transposed(rows), transposed(rows));

describe('the Cholesky factor', () => {
  it('is lower triangular, and its product with its transpose is the matrix', () => {
    const factor = cholesky(matrix, SIZE);
    const lower = { data: factor, width: SIZE };
    expect(largestDifference(multiplyTransposed(lower, lower), matrix)).toBeLessThan(1e-12 * 3 * SIZE);
    for (let row = 0; row < SIZE; row++)
      expect(factor.subarray(row * SIZE + row + 1, (row + 1) * SIZE).every((value) => value === 0)).toBe(true);
  });

  it('solves systems with several right-hand sides', () => {
    const right = normalRows(SIZE, 2, 2);
    const solution = solveCholesky(cholesky(matrix, SIZE), Float64Array.from(right.data), SIZE);
    const product = multiplyTransposed({ data: matrix, width: SIZE }, transposed({ data: solution, width: 2 }));
    expect(largestDifference(product, right.data)).toBeLessThan(1e-12);
  });

  it('does not exist if the matrix is not positive definite', () => {
    expect(() => cholesky(Float64Array.of(1, 2, 2, 1), 2)).toThrow(RangeError);
    expect(() => cholesky(Float64Array.of(NaN), 1)).toThrow(RangeError);
  });
});
