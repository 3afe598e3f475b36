import { type Features, rowsIn } from './features.js';
import { forEachProduct, forEachProductWithin, type PairVisitor } from './matrixProduct.js';

/** Visits squared distances, never below 0, and exactly 0 for equal rows. */
export const forEachDistance = (a: Features, b: Features, visit: PairVisitor) =>
  forEachProduct(a, b, distancesTo(visit, squaredNorms(a), squaredNorms(b)));

/** Visits each pair once, `column <= row`. */
export function forEachDistanceWithin(a: Features, visit: PairVisitor) {
  const norms = squaredNorms(a);
  forEachProductWithin(a, distancesTo(visit, norms, norms));
}

const distancesTo =
  (visit: PairVisitor, normsOfA: Float64Array, normsOfB: Float64Array): PairVisitor =>
  (row, column, product) =>
    visit(row, column, Math.max(0, normsOfA[row]! + normsOfB[column]! - 2 * product));

/** Sums in the order of a product, so that equal rows have distance 0. */
function squaredNorms({ data, width }: Features) {
  const norms = new Float64Array(data.length / width);
  for (let row = 0; row < norms.length; row++) {
    for (let index = row * width; index < (row + 1) * width; index++) norms[row]! += data[index]! * data[index]!;
  }
  return norms;
}

/** Returns [N, count] of at least `count` references: the nearest first, or the smaller index if equally near. */
export function nearestRows(queries: Features, references: Features, count: number) {
  const { lists, enter } = emptyLists(queries, count);
  forEachDistance(queries, references, enter);
  return lists;
}

export function nearestOtherRows(set: Features, count: number) {
  const { lists, enter } = emptyLists(set, count);
  forEachDistanceWithin(set, (row, column, distance) => {
    if (row === column) return;
    enter(row, column, distance);
    enter(column, row, distance);
  });
  return lists;
}

/** Candidates must be entered in the order of their indices. */
function emptyLists(queries: Features, count: number) {
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
