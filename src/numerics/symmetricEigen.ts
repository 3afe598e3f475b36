import { InputError } from '../errors.js';

/** Maximum number of QL steps per eigenvalue; about 1.7 are typical. */
const MAX_STEPS = 60;

/**
 * Returns the eigenvalues of a symmetric matrix [n], the largest first: Householder's reduction, then QL steps with implicit shifts (EISPACK's
 * tql1; Parlett 1980). The error is about n 2^-52 times the largest magnitude. n = 2,048 takes about 6 s.
 * @param matrix [n, n] row-major; only the lower triangle is read; not changed
 * @throws {InputError} if an entry is not finite
 */
export function symmetricEigenvalues(matrix: Float64Array, size: number): Float64Array {
  // A power of two near the largest entry: dividing by it changes no digit, and no square overflows.
  const scale = powerOfTwoAbove(largestMagnitude(matrix));
  const { diagonal, offDiagonal } = tridiagonalize(
    matrix.map((entry) => entry / scale),
    size,
  );
  diagonalize(diagonal, offDiagonal);
  return diagonal
    .sort()
    .reverse()
    .map((value) => value * scale);
}

function largestMagnitude(matrix: Float64Array): number {
  let largest = 0;
  for (const entry of matrix) {
    if (!Number.isFinite(entry))
      throw new InputError('eigenvalues', `the matrix contains ${entry}, but every entry must be finite`);
    largest = Math.max(largest, Math.abs(entry));
  }
  return largest;
}

const powerOfTwoAbove = (value: number): number =>
  value === 0 ? 1 : 2 ** Math.min(1023, Math.max(-1021, Math.ceil(Math.log2(value))));

/**
 * Turns the diagonal of a tridiagonal matrix into its eigenvalues.
 * @param e entry i couples i - 1 and i; destroyed
 */
function diagonalize(d: Float64Array, e: Float64Array): void {
  // From here on, entry i couples i and i + 1.
  e.copyWithin(0, 1);
  e[d.length - 1] = 0;
  // The largest |d_i| + |e_i| estimates the norm.
  const norm = d.reduce((largest, value, index) => Math.max(largest, Math.abs(value) + Math.abs(e[index]!)), 0);
  const negligible = Number.EPSILON * norm;
  for (let first = 0; first < d.length; first++) {
    let steps = 0;
    for (let last = endOfBlock(e, first, negligible); last !== first; last = endOfBlock(e, first, negligible)) {
      if (++steps > MAX_STEPS) throw new Error('eigenvalues: the QL steps do not converge');
      qlStep(d, e, first, last);
    }
  }
}

/**
 * Returns the first index from `first` on whose coupling to the next is negligible relative to the whole matrix. Between tiny diagonal
 * neighbors, a coupling might never become negligible relative to them.
 */
function endOfBlock(e: Float64Array, first: number, negligible: number): number {
  let index = first;
  while (index < e.length - 1 && Math.abs(e[index]!) > negligible) index++;
  return index;
}

/** Performs one QL step with Wilkinson's shift on the block from `first` to `last`. */
function qlStep(d: Float64Array, e: Float64Array, first: number, last: number): void {
  const ratio = (d[first + 1]! - d[first]!) / (2 * e[first]!);
  const root = Math.sqrt(ratio * ratio + 1);
  const shifted = d[last]! - d[first]! + e[first]! / (ratio + (ratio < 0 ? -root : root));
  let [sine, cosine, moved, bulge] = [1, 1, 0, shifted];
  for (let i = last - 1; i >= first; i--) {
    const f = sine * e[i]!;
    const b = cosine * e[i]!;
    const radius = Math.sqrt(f * f + bulge * bulge);
    e[i + 1] = radius;
    if (radius === 0) {
      // The block has split by underflow; the next step handles the parts.
      d[i + 1]! -= moved;
      e[last] = 0;
      return;
    }
    sine = f / radius;
    cosine = bulge / radius;
    const g = d[i + 1]! - moved;
    const r = (d[i]! - g) * sine + 2 * cosine * b;
    moved = sine * r;
    d[i + 1] = g + moved;
    bulge = cosine * r - b;
  }
  d[first]! -= moved;
  e[first] = bulge;
  e[last] = 0;
}

/** A smaller sum of squares of a row, in a matrix of entries up to 1, has lost digits; the row is zero to any precision. */
const NEGLIGIBLE = 1e-280;

/**
 * Reduces a symmetric matrix to tridiagonal form by Householder's method, from the last row up (EISPACK's tred1), with 2/3 n^3
 * multiplications. One pass over the memory updates by a reflection and computes the product that the next one needs.
 * @param matrix [n, n] with entries of at most about 1; overwritten
 * @returns the diagonal [n], and couplings [n] of i - 1 and i
 */
function tridiagonalize(matrix: Float64Array, size: number): Record<'diagonal' | 'offDiagonal', Float64Array> {
  const [diagonal, offDiagonal] = [new Float64Array(size), new Float64Array(size)];
  // The current reflection and the previous one, which the matrix does not have yet: A - before w^T - w before^T.
  let [v, before] = [new Float64Array(size), new Float64Array(size)];
  let [product, w] = [new Float64Array(size), new Float64Array(size)];
  for (let i = size - 1; i >= 0; i--) {
    const row = matrix.subarray(i * size, i * size + i + 1);
    for (let j = 0; j <= i; j++) row[j]! -= before[i]! * w[j]! + w[i]! * before[j]!;
    diagonal[i] = row[i]!;
    if (i === 0) break;
    const reflection = reflect(row, i);
    offDiagonal[i] = reflection.alpha;
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
  return { diagonal, offDiagonal };
}

/** Replaces the first `length` values x of a row by the v of the reflection that maps x to (0, ..., 0, alpha). */
function reflect(row: Float64Array, length: number): { alpha: number; scale: number } {
  let rest = 0;
  for (let j = 0; j < length - 1; j++) rest += row[j]! * row[j]!;
  const last = row[length - 1]!;
  if (rest < NEGLIGIBLE) return { alpha: last, scale: 0 };
  const norm = Math.sqrt(rest + last * last);
  // The sign that avoids cancellation in v.
  const alpha = last > 0 ? -norm : norm;
  row[length - 1] = last - alpha;
  return { alpha, scale: 1 / (norm * (norm + Math.abs(last))) };
}

/** Applies the previous reflection to the leading lower triangle, and computes its product with v. */
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
