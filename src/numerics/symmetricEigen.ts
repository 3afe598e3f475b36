import { InputError } from '../errors.js';
import { largestMagnitude } from './features.js';
import { dot } from './matrixProduct.js';

/** Per eigenvalue; about 1.7 are typical. */
const MAX_STEPS = 60;

/**
 * Returns the eigenvalues, the largest first, by Householder's reduction and QL steps (Parlett 1980). The error is
 * about n 2^-52 times the largest magnitude. n = 2,048 takes about 6 s.
 * @param matrix [n, n]; only the lower triangle is read
 */
export function symmetricEigenvalues(matrix: Float64Array, size: number): Float64Array {
  const wrong = matrix.find((entry) => !Number.isFinite(entry));
  if (wrong !== undefined)
    throw new InputError('eigenvalues', `the matrix contains ${wrong}, but every entry must be finite`);
  // Dividing by a power of two changes no digit, and afterwards no square overflows.
  const scale = powerOfTwoAbove(largestMagnitude(matrix));
  const scaled = matrix.map((entry) => entry / scale);
  const { diagonal, offDiagonal } = tridiagonalize(scaled, size);
  diagonalize(diagonal, offDiagonal);
  return diagonal
    .sort()
    .reverse()
    .map((value) => value * scale);
}

const powerOfTwoAbove = (value: number) =>
  value === 0 ? 1 : 2 ** Math.min(1023, Math.max(-1021, Math.ceil(Math.log2(value))));

/** Turns the diagonal of a tridiagonal matrix into its eigenvalues (EISPACK's tql1). */
function diagonalize(d: Float64Array, e: Float64Array) {
  // From here on, entry i couples i and i + 1.
  e.copyWithin(0, 1);
  e[d.length - 1] = 0;
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

/** Relative to tiny neighbors instead of the norm, a coupling might never become negligible. */
function endOfBlock(e: Float64Array, first: number, negligible: number) {
  let index = first;
  while (index < e.length - 1 && Math.abs(e[index]!) > negligible) index++;
  return index;
}

function qlStep(d: Float64Array, e: Float64Array, first: number, last: number) {
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
      // Underflow has split the block.
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

/** A smaller sum of squares has lost digits, and counts as 0. */
const NEGLIGIBLE = 1e-280;

/**
 * Overwrites a matrix with entries up to 1 (EISPACK's tred1). One pass over the memory applies a reflection and
 * multiplies by the next one.
 */
function tridiagonalize(matrix: Float64Array, size: number) {
  const [diagonal, offDiagonal] = [new Float64Array(size), new Float64Array(size)];
  // The previous reflection is not applied yet: A - before w^T - w before^T.
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
    const correction = (reflection.scale * reflection.scale * dot(product.subarray(0, i), v)) / 2;
    for (let j = 0; j < i; j++) product[j] = reflection.scale * product[j]! - correction * v[j]!;
    [v, before, product, w] = [before, v, w, product];
  }
  return { diagonal, offDiagonal };
}

/** Replaces the first values x of a row by v of the reflection that maps x to (0, ..., 0, alpha). */
function reflect(row: Float64Array, length: number) {
  const before = row.subarray(0, length - 1);
  const rest = dot(before, before);
  const last = row[length - 1]!;
  if (rest < NEGLIGIBLE) return { alpha: last, scale: 0 };
  const norm = Math.sqrt(rest + last * last);
  // The sign that avoids cancellation in v.
  const alpha = last > 0 ? -norm : norm;
  row[length - 1] = last - alpha;
  return { alpha, scale: 1 / (norm * (norm + Math.abs(last))) };
}

function updateAndMultiply(
  matrix: Float64Array,
  size: number,
  length: number,
  before: Float64Array,
  w: Float64Array,
  v: Float64Array,
  product: Float64Array,
) {
  for (let row = 0; row < length; row++) {
    const base = row * size;
    const [beforeOfRow, wOfRow, vOfRow] = [before[row]!, w[row]!, v[row]!];
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
