import { addProduct, type MatrixView } from './matrixProduct.js';

/** Columns of the factor that are made before the rest of the matrix is brought up to date. */
const PANEL = 64;

/**
 * A factor L [n, rank] with L L^T = the matrix, by Cholesky's method with diagonal pivots (Higham 1990), which ends where what is left
 * is rounding: n 2^-52 of the largest variance. So it serves singular covariances, and tells their rank. Rows keep their places; the
 * factor is triangular only in the order of the pivots.
 * @param matrix [n, n], symmetric and positive semi-definite; not changed
 */
export function semidefiniteFactor(matrix: Float64Array, size: number): MatrixView {
  // What the columns made before this panel leave of the matrix; only its lower triangle is kept up to date.
  const rest = matrix.slice();
  const factor = new Float64Array(size * size);
  const variances = Float64Array.from({ length: size }, (_, index) => matrix[index * size + index]!);
  const threshold = size * Number.EPSILON * variances.reduce((largest, variance) => Math.max(largest, variance), 0);
  let rank = 0;
  while (rank < size) {
    const end = Math.min(rank + PANEL, size);
    const made = factorPanel(rest, factor, variances, rank, end, threshold);
    const panel = { data: factor, offset: rank, rows: size, columns: made - rank, rowStride: size, columnStride: 1 };
    rank = made;
    if (made < end) break;
    const negated = { ...panel, offset: 0, rowStride: PANEL, data: negatedColumns(factor, size, panel.offset, panel.columns) };
    addProduct(rest, size, panel, negated, true);
  }
  return { data: factor, offset: 0, rows: size, columns: rank, rowStride: size, columnStride: 1 };
}

/**
 * Makes the columns of the factor from `first` up to `end`, or fewer where no variance above the threshold is left.
 * @param variances what is left of the diagonal; a pivot's becomes 0
 * @returns the column after the last that was made
 */
function factorPanel(rest: Float64Array, factor: Float64Array, variances: Float64Array, first: number, end: number, threshold: number): number {
  const size = variances.length;
  for (let column = first; column < end; column++) {
    const pivot = placeOfLargest(variances);
    const variance = variances[pivot]!;
    if (variance <= threshold) return column;
    const root = Math.sqrt(variance);
    for (let row = 0; row < size; row++) {
      // A pivot has no variance left, and no part in later columns.
      if (variances[row]! <= 0) continue;
      let entry = row > pivot ? rest[row * size + pivot]! : rest[pivot * size + row]!;
      for (let before = first; before < column; before++) entry -= factor[row * size + before]! * factor[pivot * size + before]!;
      factor[row * size + column] = entry / root;
      variances[row]! -= (entry / root) ** 2;
    }
    factor[pivot * size + column] = root;
    variances[pivot] = 0;
  }
  return end;
}

function placeOfLargest(values: Float64Array): number {
  let best = 0;
  for (let place = 1; place < values.length; place++) if (values[place]! > values[best]!) best = place;
  return best;
}

/** Some columns of a matrix times -1, as rows of `PANEL` numbers. */
function negatedColumns(matrix: Float64Array, size: number, first: number, columns: number): Float64Array {
  const negated = new Float64Array(size * PANEL);
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < columns; column++) negated[row * PANEL + column] = -matrix[row * size + first + column]!;
  }
  return negated;
}
