import { InputError } from '../errors.js';
import { applyReflections, tridiagonalize } from './tridiagonal.js';

export interface EigenDecomposition {
  /** All eigenvalues [n], the largest first. */
  readonly values: Float64Array;
  /** Orthonormal eigenvectors [vectors, n], row-major, of the first values. */
  readonly vectors: Float64Array;
}

/** QL converges in about 1.7 steps an eigenvalue; as many as this are not seen with finite numbers. */
const LARGEST_STEPS = 60;
/** Eigenvectors that are made at once, so that they stay in the second-level cache. */
const CHUNK = 64;

/**
 * Eigenvalues of a symmetric matrix, and eigenvectors of the largest. Householder's reduction, then QL steps with implicit shifts
 * (EISPACK's tql2; Parlett 1980), whose rotations are kept and applied to unit vectors, backwards, only for the vectors asked for.
 * Values are right to about n 2^-52 times the largest magnitude; vectors are orthogonal to that, whether or not values repeat.
 * n = 2048: about 6 s for values, and half a minute more for all vectors; ml-matrix takes nine times as long (n = 512).
 * @param matrix [n, n] row-major; only the lower triangle is read; not changed
 * @param vectors how many eigenvectors, 0 to n
 * @throws InputError where an entry is not finite
 */
export function symmetricEigen(matrix: Float64Array, size: number, vectors = 0): EigenDecomposition {
  // A power of two near the largest entry: dividing by it changes no digit, and no square overflows.
  const scale = powerOfTwoAbove(largestMagnitude(matrix));
  const tridiagonal = tridiagonalize(
    matrix.map((entry) => entry / scale),
    size,
  );
  const values = tridiagonal.diagonal.slice();
  const rotations = vectors > 0 ? new Rotations() : undefined;
  diagonalize(values, tridiagonal.offDiagonal.slice(), rotations);
  const order = Uint32Array.from(values.keys()).sort((a, b) => values[b]! - values[a]!);
  const result = new Float64Array(vectors * size);
  for (let first = 0; first < vectors; first += CHUNK) {
    const wanted = order.subarray(first, Math.min(first + CHUNK, vectors));
    const columns = new Float64Array(size * wanted.length);
    wanted.forEach((place, column) => (columns[place * wanted.length + column] = 1));
    rotations?.applyBackwards(columns, wanted.length);
    applyReflections(tridiagonal, columns, wanted.length);
    for (let column = 0; column < wanted.length; column++) {
      for (let row = 0; row < size; row++) result[(first + column) * size + row] = columns[row * wanted.length + column]!;
    }
  }
  return { values: Float64Array.from(order, (place) => values[place]! * scale), vectors: result };
}

function largestMagnitude(matrix: Float64Array): number {
  let largest = 0;
  for (const entry of matrix) {
    if (!Number.isFinite(entry)) throw new InputError(`eigenvalues: the matrix holds ${entry}, but every entry must be finite`);
    largest = Math.max(largest, Math.abs(entry));
  }
  return largest;
}

const powerOfTwoAbove = (value: number): number => (value === 0 ? 1 : 2 ** Math.min(1023, Math.max(-1021, Math.ceil(Math.log2(value)))));

/**
 * Makes a tridiagonal matrix diagonal.
 * @param d diagonal [n], becomes the eigenvalues
 * @param offDiagonal [n], entry i couples i - 1 and i; destroyed
 */
function diagonalize(d: Float64Array, offDiagonal: Float64Array, rotations: Rotations | undefined): void {
  const size = d.length;
  // Shifted: here entry i couples i and i + 1.
  const e = offDiagonal;
  e.copyWithin(0, 1);
  e[size - 1] = 0;
  const negligible = Number.EPSILON * largestCoupling(d, e);
  for (let first = 0; first < size; first++) {
    let steps = 0;
    for (let last = endOfBlock(e, first, negligible); last !== first; last = endOfBlock(e, first, negligible)) {
      if (++steps > LARGEST_STEPS) throw new Error('eigenvalues: the QL steps do not converge');
      qlStep(d, e, first, last, rotations);
    }
  }
}

/** The largest |d_i| + |e_i|: about the norm. */
const largestCoupling = (d: Float64Array, e: Float64Array): number =>
  d.reduce((largest, value, place) => Math.max(largest, Math.abs(value) + Math.abs(e[place]!)), 0);

/**
 * The first place from `first` on whose coupling to the next is negligible: rounding of the whole matrix, since each step leaves as
 * much. Measured against its neighbours on the diagonal, as is usual, a coupling between tiny ones might never be.
 */
function endOfBlock(e: Float64Array, first: number, negligible: number): number {
  let place = first;
  while (place < e.length - 1 && Math.abs(e[place]!) > negligible) place++;
  return place;
}

/** One QL step with Wilkinson's shift on the block from `first` to `last`. */
function qlStep(d: Float64Array, e: Float64Array, first: number, last: number, rotations: Rotations | undefined): void {
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
      // The block has come apart by underflow; the next step takes the parts.
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
    rotations?.push(i, cosine, sine);
  }
  d[first]! -= moved;
  e[first] = bulge;
  e[last] = 0;
}

/** Plane rotations in the order in which they were made; the eigenvectors are the columns of their product. */
class Rotations {
  private count = 0;
  private places = new Uint32Array(1024);
  private cosines = new Float64Array(1024);
  private sines = new Float64Array(1024);

  push(place: number, cosine: number, sine: number): void {
    if (this.count === this.places.length) this.grow();
    this.places[this.count] = place;
    this.cosines[this.count] = cosine;
    this.sines[this.count] = sine;
    this.count++;
  }

  private grow(): void {
    const [places, cosines, sines] = [this.places, this.cosines, this.sines];
    this.places = new Uint32Array(2 * this.count);
    this.cosines = new Float64Array(2 * this.count);
    this.sines = new Float64Array(2 * this.count);
    this.places.set(places);
    this.cosines.set(cosines);
    this.sines.set(sines);
  }

  /** Replaces the columns of Y [n, width] by their product with all rotations, of which the last acts first. */
  applyBackwards(columns: Float64Array, width: number): void {
    for (let index = this.count - 1; index >= 0; index--) {
      const cosine = this.cosines[index]!;
      const sine = this.sines[index]!;
      let upper = this.places[index]! * width;
      for (const end = upper + width; upper < end; upper++) {
        const above = columns[upper]!;
        const below = columns[upper + width]!;
        columns[upper] = cosine * above + sine * below;
        columns[upper + width] = cosine * below - sine * above;
      }
    }
  }
}
