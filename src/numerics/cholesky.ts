/**
 * Returns L, lower triangular, of a symmetric positive definite matrix A = L L^T.
 * @param matrix [n, n], row-major
 * @throws {RangeError} if it is not positive definite
 */
export function cholesky(matrix: Float64Array, size: number): Float64Array {
  const factor = new Float64Array(size * size);
  for (let row = 0; row < size; row++)
    for (let column = 0; column <= row; column++) {
      let value = matrix[row * size + column]!;
      for (let term = 0; term < column; term++) value -= factor[row * size + term]! * factor[column * size + term]!;
      if (row === column && !(value > 0)) throw new RangeError('the matrix is not positive definite');
      factor[row * size + column] = row === column ? Math.sqrt(value) : value / factor[column * size + column]!;
    }
  return factor;
}

/**
 * Returns X [n, k] of L L^T X = B.
 * @param factor L [n, n]
 * @param right B [n, k]
 */
export function solveCholesky(factor: Float64Array, right: Float64Array, size: number): Float64Array {
  const columns = right.length / size;
  const solution = right.slice();
  const eliminate = (row: number, term: number, entry: number) => {
    for (let column = 0; column < columns; column++)
      solution[row * columns + column]! -= entry * solution[term * columns + column]!;
  };
  const divide = (row: number) => {
    for (let column = 0; column < columns; column++) solution[row * columns + column]! /= factor[row * size + row]!;
  };
  for (let row = 0; row < size; row++) {
    for (let term = 0; term < row; term++) eliminate(row, term, factor[row * size + term]!);
    divide(row);
  }
  for (let row = size - 1; row >= 0; row--) {
    for (let term = row + 1; term < size; term++) eliminate(row, term, factor[term * size + row]!);
    divide(row);
  }
  return solution;
}
