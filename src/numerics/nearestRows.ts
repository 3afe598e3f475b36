import { type Features, rowsIn } from './features.js';
import { forEachProduct, forEachProductWithin, type PairVisitor } from './matrixProduct.js';

/**
 * Calls `visit` with the squared Euclidean distance of every row of A to every row of B: |a|^2 + |b|^2 - 2 a.b in double precision, never
 * below 0, and exactly 0 for equal rows.
 */
export const forEachDistance = (a: Features, b: Features, visit: PairVisitor): void =>
  forEachProduct(a, b, distancesTo(visit, squaredNorms(a), squaredNorms(b)));

/** The same for the rows of one set: each pair once, `column <= row`. */
export function forEachDistanceWithin(a: Features, visit: PairVisitor): void {
  const norms = squaredNorms(a);
  forEachProductWithin(a, distancesTo(visit, norms, norms));
}

const distancesTo =
  (visit: PairVisitor, normsOfA: Float64Array, normsOfB: Float64Array): PairVisitor =>
  (row, column, product) =>
    visit(row, column, Math.max(0, normsOfA[row]! + normsOfB[column]! - 2 * product));

/** Sums in the order of a product, so that the distance of equal rows is exactly 0. */
function squaredNorms({ data, width }: Features): Float64Array {
  const norms = new Float64Array(data.length / width);
  for (let row = 0; row < norms.length; row++) {
    for (let index = row * width; index < (row + 1) * width; index++) norms[row]! += data[index]! * data[index]!;
  }
  return norms;
}

/** The nearest rows of each row, nearest first; of equally near rows, the smaller index first. */
interface NearestRows {
  /** Neighbors per row. */
  readonly count: number;
  /** Euclidean [N, count]. */
  readonly squaredDistances: Float64Array;
  /** [N, count]. */
  readonly indices: Uint32Array;
}

/** Finds the rows of `references`, at least `count`, that are nearest to each of `queries`. Memory: O(N count). */
export function nearestRows(queries: Features, references: Features, count: number): NearestRows {
  const { lists, enter } = emptyLists(queries, count);
  forEachDistance(queries, references, enter);
  return lists;
}

/** Finds the nearest other rows of each row of a set of more than `count` rows. */
export function nearestOtherRows(set: Features, count: number): NearestRows {
  const { lists, enter } = emptyLists(set, count);
  forEachDistanceWithin(set, (row, column, distance) => {
    if (row === column) return;
    enter(row, column, distance);
    enter(column, row, distance);
  });
  return lists;
}

/** Candidates must be entered in ascending order of their indices. */
function emptyLists(queries: Features, count: number): { readonly lists: NearestRows; readonly enter: PairVisitor } {
  const size = rowsIn(queries) * count;
  const [squaredDistances, indices] = [new Float64Array(size).fill(Infinity), new Uint32Array(size)];
  const enter: PairVisitor = (row, neighbor, distance) => {
    const first = row * count;
    let index = first + count - 1;
    if (!(distance < squaredDistances[index]!)) return;
    for (; index > first && squaredDistances[index - 1]! > distance; index--) {
      squaredDistances[index] = squaredDistances[index - 1]!;
      indices[index] = indices[index - 1]!;
    }
    squaredDistances[index] = distance;
    indices[index] = neighbor;
  };
  return { lists: { count, squaredDistances, indices }, enter };
}
