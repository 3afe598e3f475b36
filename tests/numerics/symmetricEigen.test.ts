import { describe, expect, it } from 'vitest';
import { addProduct, rowMajor, transposed } from '../../src/numerics/matrixProduct.js';
import { symmetricEigen } from '../../src/numerics/symmetricEigen.js';
import { expectWithin } from '../expectWithin.js';
import { expectInputError } from '../rejection.js';
import { largestDifference, normalRows } from '../metrics/samples.js';

const build = (size: number, entry: (row: number, column: number) => number): Float64Array =>
  Float64Array.from({ length: size * size }, (_, index) => entry(Math.floor(index / size), index % size));

function randomSymmetric(size: number, seed: number): Float64Array {
  const { data } = normalRows(size, size, seed);
  return build(size, (row, column) => data[row * size + column]! + data[column * size + row]!);
}

/** B diag(values) B^T with an orthonormal B: eigenvectors of a random matrix. */
function withValues(values: readonly number[], seed: number): Float64Array {
  const size = values.length;
  const basis = symmetricEigen(randomSymmetric(size, seed), size, size).vectors;
  return build(size, (row, column) =>
    values.reduce((sum, value, k) => sum + value * basis[k * size + Math.max(row, column)]! * basis[k * size + Math.min(row, column)]!, 0),
  );
}

const magnitude = (matrix: Float64Array): number => Math.max(1e-300, Math.sqrt(matrix.reduce((sum, entry) => sum + entry * entry, 0)));

/** A v = l v, orthonormality, order, trace and norm, to a few roundings of the matrix's norm. */
function expectDecomposition(matrix: Float64Array, size: number): void {
  const { values, vectors } = symmetricEigen(matrix, size, size);
  const tolerance = 4e-15 * size * magnitude(matrix);
  let [residual, skew, trace] = [0, 0, 0];
  for (let k = 0; k < size; k++) {
    trace += matrix[k * (size + 1)]!;
    for (let row = 0; row < size; row++) {
      let [product, inner] = [0, 0];
      for (let column = 0; column < size; column++) {
        product += matrix[row * size + column]! * vectors[k * size + column]!;
        inner += vectors[k * size + column]! * vectors[row * size + column]!;
      }
      residual = Math.max(residual, Math.abs(product - values[k]! * vectors[k * size + row]!));
      skew = Math.max(skew, Math.abs(inner - (k === row ? 1 : 0)));
    }
  }
  expectWithin(residual, 0, tolerance);
  expectWithin(skew, 0, 4e-15 * size);
  expectWithin(
    values.reduce((sum, value) => sum + value, 0),
    trace,
    tolerance,
  );
  expectWithin(magnitude(values), magnitude(matrix), tolerance);
  expect(Array.from(values)).toEqual(Array.from(values).sort((a, b) => b - a));
}

describe('eigenvalues and eigenvectors', () => {
  it.each([1, 2, 3, 4, 10, 70, 131])('decompose a random symmetric matrix of size %i', (size) => expectDecomposition(randomSymmetric(size, size), size));

  it.each([
    ['zero', build(6, () => 0)],
    ['the identity', build(6, (row, column) => (row === column ? 1 : 0))],
    ['ones', build(6, () => 1)],
    ['diagonal', build(6, (row, column) => (row === column ? [3, -7, 0, 0, 2, 3][row]! : 0))],
    ['tridiagonal with zeros', build(6, (row, column) => (Math.abs(row - column) === 1 && row + column !== 5 ? 1 : 0))],
    ['graded down', build(6, (row, column) => 10 ** (-4 * (row + column)))],
    ['graded up', build(6, (row, column) => 10 ** (4 * (row + column)) * (row === column ? 2 : 1))],
    ['tiny', build(6, (row, column) => 1e-300 / (row + column + 1))],
    ['huge', build(6, (row, column) => 1e150 / (row + column + 1))],
  ])('decompose a matrix that is %s', (_, matrix) => expectDecomposition(matrix, 6));

  // Products of columns whose scales span 24 orders of magnitude, in either order and mixed: many eigenvalues are below rounding.
  it.each([
    ['largest first', (place: number) => place],
    ['largest last', (place: number) => 119 - place],
    ['mixed', (place: number) => (place * 47) % 120],
  ])('decompose a graded matrix of size 120, %s', (_, order) => {
    const { data } = normalRows(200, 120, 1);
    const scaled = data.map((value, index) => value * 10 ** (-order(index % 120) / 9));
    const matrix = new Float64Array(120 * 120);
    const columns = transposed(rowMajor(scaled, 200, 120));
    addProduct(matrix, 120, columns, columns);
    expectDecomposition(matrix, 120);
  });

  it('are found where they repeat', () => {
    const given = [5, 5, 5, 5, 2, 2, 0, 0, 0, -1, -1];
    const matrix = withValues(given, 1);
    expectDecomposition(matrix, given.length);
    expect(largestDifference(symmetricEigen(matrix, given.length).values, given)).toBeLessThan(1e-13);
  });

  it('are known for the second difference', () => {
    const size = 100;
    const matrix = build(size, (row, column) => (row === column ? 2 : Math.abs(row - column) === 1 ? -1 : 0));
    const expected = Array.from({ length: size }, (_, k) => 2 + 2 * Math.cos(((k + 1) * Math.PI) / (size + 1)));
    expect(largestDifference(symmetricEigen(matrix, size).values, expected)).toBeLessThan(1e-13);
  });

  it('are the same whether some, all or no vectors are asked for', () => {
    const matrix = randomSymmetric(90, 4);
    const all = symmetricEigen(matrix, 90, 90);
    const some = symmetricEigen(matrix, 90, 2);
    expect(some.values).toEqual(all.values);
    expect(symmetricEigen(matrix, 90)).toEqual({ values: all.values, vectors: new Float64Array(0) });
    expect(largestDifference(some.vectors, all.vectors.subarray(0, 180))).toBe(0);
  });

  it('read the lower triangle alone, and leave the matrix as it is', () => {
    const matrix = randomSymmetric(9, 2);
    const lower = matrix.map((entry, index) => (index % 9 > Math.floor(index / 9) ? 0 : entry));
    const before = lower.slice();
    expect(largestDifference(symmetricEigen(lower, 9).values, symmetricEigen(matrix, 9).values)).toBeLessThan(1e-13);
    expect(lower).toEqual(before);
  });

  it('are refused for a matrix with numbers that are not finite', () =>
    expectInputError(() => symmetricEigen(Float64Array.of(1, 0, NaN, 1), 2), 'NaN', 'finite'));
});
