/** A symmetric matrix as Q T Q^T with a tridiagonal T; Q = H_{n-1} ... H_2 H_1 is a product of reflections I - scale v v^T. */
export interface Tridiagonal {
  /** [n]. */
  readonly diagonal: Float64Array;
  /** [n]: entry i couples i - 1 and i; entry 0 is 0. */
  readonly offDiagonal: Float64Array;
  /** [n, n]: row i begins with the i numbers of the vector v of H_i; what follows is of no use. */
  readonly reflectors: Float64Array;
  /** [n]: 2 / v.v of H_i, or 0 where H_i is the identity. */
  readonly scales: Float64Array;
}

/** A row whose sum of squares is below this, in a matrix of entries up to 1, is zero to any precision; its square has lost digits. */
const NEGLIGIBLE = 1e-280;

/**
 * Householder's reduction of a symmetric matrix to tridiagonal form, from the last row up (as EISPACK's tred1). 2/3 n^3
 * multiplications. The update of one reflection and the product that the next one needs are made in one pass through the memory.
 * @param matrix [n, n] with entries of at most about 1; only the lower triangle is read; overwritten, and kept by the result
 */
export function tridiagonalize(matrix: Float64Array, size: number): Tridiagonal {
  const [diagonal, offDiagonal, scales] = [new Float64Array(size), new Float64Array(size), new Float64Array(size)];
  // The reflection being made, and the one before, which the matrix does not have yet: A - before w^T - w before^T.
  let [v, before] = [new Float64Array(size), new Float64Array(size)];
  let [product, w] = [new Float64Array(size), new Float64Array(size)];
  for (let i = size - 1; i >= 0; i--) {
    const row = matrix.subarray(i * size, i * size + i + 1);
    for (let j = 0; j <= i; j++) row[j]! -= before[i]! * w[j]! + w[i]! * before[j]!;
    diagonal[i] = row[i]!;
    if (i === 0) break;
    const reflection = reflect(row, i);
    [offDiagonal[i], scales[i]] = [reflection.alpha, reflection.scale];
    v.set(row.subarray(0, i));
    if (reflection.scale === 0) v.fill(0, 0, i);
    updateAndMultiply(matrix, size, i, before, w, v, product);
    // A' = H A H = A - v w^T - w v^T with w = p - (scale / 2) (p.v) v, p = scale A v.
    let inner = 0;
    for (let j = 0; j < i; j++) inner += product[j]! * v[j]!;
    const correction = (reflection.scale * reflection.scale * inner) / 2;
    for (let j = 0; j < i; j++) product[j] = reflection.scale * product[j]! - correction * v[j]!;
    [v, before, product, w] = [before, v, w, product];
  }
  return { diagonal, offDiagonal, reflectors: matrix, scales };
}

/** Makes of the first `length` numbers x of a row the v of the reflection that takes x to (0, ..., 0, alpha). */
function reflect(row: Float64Array, length: number): { alpha: number; scale: number } {
  let rest = 0;
  for (let j = 0; j < length - 1; j++) rest += row[j]! * row[j]!;
  const last = row[length - 1]!;
  if (rest < NEGLIGIBLE) return { alpha: last, scale: 0 };
  const norm = Math.sqrt(rest + last * last);
  // Of two signs the one that adds up, so that nothing cancels in v.
  const alpha = last > 0 ? -norm : norm;
  row[length - 1] = last - alpha;
  return { alpha, scale: 1 / (norm * (norm + Math.abs(last))) };
}

/** Brings the leading lower triangle up to date with the reflection before, and makes its product with v. */
function updateAndMultiply(
  matrix: Float64Array,
  size: number,
  length: number,
  before: Float64Array,
  w: Float64Array,
  v: Float64Array,
  product: Float64Array,
): void {
  for (let row = 0; row < length; row++) {
    const base = row * size;
    const beforeOfRow = before[row]!;
    const wOfRow = w[row]!;
    const vOfRow = v[row]!;
    let sum = 0;
    for (let column = 0; column < row; column++) {
      const value = matrix[base + column]! - beforeOfRow * w[column]! - wOfRow * before[column]!;
      matrix[base + column] = value;
      sum += value * v[column]!;
      product[column]! += value * vOfRow;
    }
    const value = matrix[base + row]! - 2 * beforeOfRow * wOfRow;
    matrix[base + row] = value;
    product[row] = sum + value * vOfRow;
  }
}

/** Replaces the columns of Y [n, width] by Q Y. */
export function applyReflections({ reflectors, scales }: Tridiagonal, columns: Float64Array, width: number): void {
  const size = scales.length;
  const inner = new Float64Array(width);
  for (let i = 1; i < size; i++) {
    const scale = scales[i]!;
    if (scale === 0) continue;
    inner.fill(0);
    for (let row = 0; row < i; row++) {
      const v = reflectors[i * size + row]!;
      for (let column = 0; column < width; column++) inner[column]! += v * columns[row * width + column]!;
    }
    for (let row = 0; row < i; row++) {
      const v = scale * reflectors[i * size + row]!;
      for (let column = 0; column < width; column++) columns[row * width + column]! -= v * inner[column]!;
    }
  }
}
