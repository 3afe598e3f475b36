import { describe, expect, it } from 'vitest';
import { multiplyTransposed, transposed } from '../../src/numerics/matrixProduct.js';
import { symmetricEigenvalues } from '../../src/numerics/symmetricEigen.js';
import { expectWithin } from '../expectWithin.js';
import { expectInputError } from '../rejection.js';
import { largestDifference, normalRows } from '../metrics/samples.js';

const build = (size: number, entry: (row: number, column: number) => number): Float64Array =>
  Float64Array.from({ length: size * size }, (_, index) => entry(Math.floor(index / size), index % size));

function randomSymmetric(size: number, seed: number): Float64Array {
  const { data } = normalRows(size, size, seed);
  return build(size, (row, column) => data[row * size + column]! + data[column * size + row]!);
}

/** H diag(values) H with a Householder reflection H. */
function withValues(values: readonly number[], seed: number): Float64Array {
  const size = values.length;
  const v = Float64Array.from(normalRows(1, size, seed).data);
  const square = v.reduce((sum, entry) => sum + entry * entry, 0);
  const reflection = build(size, (row, column) => (row === column ? 1 : 0) - (2 * v[row]! * v[column]!) / square);
  return build(size, (row, column) =>
    values.reduce((sum, value, k) => sum + value * reflection[k * size + row]! * reflection[k * size + column]!, 0),
  );
}

const magnitude = (matrix: Float64Array): number =>
  Math.max(1e-300, Math.sqrt(matrix.reduce((sum, entry) => sum + entry * entry, 0)));

/**
 * The sums of the eigenvalues, of their squares and of their cubes are the traces of A, A^2 and A^3, to a few
 * roundings.
 */
function expectEigenvalues(matrix: Float64Array, size: number): void {
  const values = symmetricEigenvalues(matrix, size);
  const norm = magnitude(matrix);
  const scaled = matrix.map((entry) => entry / norm);
  const square = multiplyTransposed({ data: scaled, width: size }, { data: scaled, width: size });
  const sumOf = (power: number) => values.reduce((sum, value) => sum + (value / norm) ** power, 0);
  const tolerance = 4e-15 * size;
  expectWithin(sumOf(1), traceOf(scaled, size), tolerance);
  expectWithin(sumOf(2), traceOf(square, size), tolerance);
  expectWithin(
    sumOf(3),
    scaled.reduce((sum, entry, index) => sum + entry * square[index]!, 0),
    tolerance,
  );
  expect(Array.from(values)).toEqual(Array.from(values).sort((a, b) => b - a));
}

const traceOf = (matrix: Float64Array, size: number): number =>
  matrix.reduce((sum, entry, index) => (index % (size + 1) === 0 ? sum + entry : sum), 0);

describe('eigenvalues', () => {
  it.each([1, 2, 3, 4, 10, 70, 131])('decompose a random symmetric matrix of size %i', (size) =>
    expectEigenvalues(randomSymmetric(size, size), size),
  );

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
  ])('decompose a matrix that is %s', (_, matrix) => expectEigenvalues(matrix, 6));

  // Products of columns whose scales span 24 orders of magnitude, in either order and mixed: many eigenvalues are below
  // rounding.
  it.each([
    ['largest first', (place: number) => place],
    ['largest last', (place: number) => 119 - place],
    ['mixed', (place: number) => (place * 47) % 120],
  ])('decompose a graded matrix of size 120, %s', (_, order) => {
    const { data } = normalRows(200, 120, 1);
    const scaled = data.map((value, index) => value * 10 ** (-order(index % 120) / 9));
    const columns = transposed({ data: scaled, width: 120 });
    expectEigenvalues(multiplyTransposed(columns, columns), 120);
  });

  it('are found if they repeat', () => {
    const given = [5, 5, 5, 5, 2, 2, 0, 0, 0, -1, -1];
    const matrix = withValues(given, 1);
    expectEigenvalues(matrix, given.length);
    expect(largestDifference(symmetricEigenvalues(matrix, given.length), given)).toBeLessThan(1e-13);
  });

  it('are exact for the second difference', () => {
    const size = 100;
    const matrix = build(size, (row, column) => (row === column ? 2 : Math.abs(row - column) === 1 ? -1 : 0));
    const expected = Array.from({ length: size }, (_, k) => 2 + 2 * Math.cos(((k + 1) * Math.PI) / (size + 1)));
    expect(largestDifference(symmetricEigenvalues(matrix, size), expected)).toBeLessThan(1e-13);
  });

  it('use only the lower triangle, and do not modify the matrix', () => {
    const matrix = randomSymmetric(9, 2);
    const lower = matrix.map((entry, index) => (index % 9 > Math.floor(index / 9) ? 0 : entry));
    const before = lower.slice();
    expect(largestDifference(symmetricEigenvalues(lower, 9), symmetricEigenvalues(matrix, 9))).toBeLessThan(1e-13);
    expect(lower).toEqual(before);
  });

  it('are rejected for a matrix with values that are not finite', () =>
    expectInputError(() => symmetricEigenvalues(Float64Array.of(1, 0, NaN, 1), 2), 'NaN', 'finite'));
});
