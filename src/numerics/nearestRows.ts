import type { Features } from './features.js';
import { addProduct, DEPTH, rowMajor } from './matrixProduct.js';

/** Values of all pairs of some rows of a set with some rows of another, or of the same. */
export interface PairBlock {
  readonly firstRow: number;
  readonly rows: number;
  readonly firstColumn: number;
  readonly columns: number;
  /** [rows, columns]; overwritten by the next block. */
  readonly values: Float64Array;
}

/** Rows and columns of a block: 512 KiB of values, whatever the sets' sizes. */
const SIDE = 256;

/** Inner products of all pairs of a row of A with a row of B, block by block, from left to right and from top to bottom. */
export const productBlocks = (a: Features, b: Features): Generator<PairBlock> => blocks(a, b, false);

/** Inner products of the pairs of rows of one set: only blocks on or below the diagonal, those on it whole. */
export const productBlocksWithin = (a: Features): Generator<PairBlock> => blocks(a, a, true);

/**
 * Squared Euclidean distances of all pairs of a row of A with a row of B, block by block: |a|^2 + |b|^2 - 2 a.b in double precision,
 * never below 0, and exactly 0 for equal rows.
 */
export function* distanceBlocks(a: Features, b: Features): Generator<PairBlock> {
  yield* distancesOf(blocks(a, b, false), squaredNorms(a), squaredNorms(b));
}

/** Squared distances of the pairs of rows of one set: only blocks on or below the diagonal, those on it whole. */
export function* distanceBlocksWithin(a: Features): Generator<PairBlock> {
  const norms = squaredNorms(a);
  yield* distancesOf(blocks(a, a, true), norms, norms);
}

function* blocks(a: Features, b: Features, lowerOnly: boolean): Generator<PairBlock> {
  const [rowsOfA, rowsOfB] = [a.data.length / a.width, b.data.length / b.width];
  const buffer = new Float64Array(Math.min(SIDE, rowsOfA) * Math.min(SIDE, rowsOfB));
  for (let firstRow = 0; firstRow < rowsOfA; firstRow += SIDE) {
    const rows = Math.min(SIDE, rowsOfA - firstRow);
    const end = lowerOnly ? firstRow + 1 : rowsOfB;
    for (let firstColumn = 0; firstColumn < end; firstColumn += SIDE) {
      const columns = Math.min(SIDE, rowsOfB - firstColumn);
      const values = buffer.subarray(0, rows * columns).fill(0);
      addProduct(values, columns, rowMajor(a.data, rows, a.width, firstRow), rowMajor(b.data, columns, b.width, firstColumn));
      yield { firstRow, rows, firstColumn, columns, values };
    }
  }
}

function* distancesOf(products: Generator<PairBlock>, normsOfA: Float64Array, normsOfB: Float64Array): Generator<PairBlock> {
  for (const block of products) {
    const { firstRow, rows, firstColumn, columns, values } = block;
    for (let row = 0, index = 0; row < rows; row++) {
      const norm = normsOfA[firstRow + row]!;
      for (let column = 0; column < columns; column++, index++) {
        values[index] = Math.max(0, norm + normsOfB[firstColumn + column]! - 2 * values[index]!);
      }
    }
    yield block;
  }
}

/** |row|^2 of every row, summed in the order of `addProduct`: only then is the distance of equal rows exactly 0. */
function squaredNorms({ data, width }: Features): Float64Array {
  const norms = new Float64Array(data.length / width);
  for (let row = 0; row < norms.length; row++) {
    for (let first = 0; first < width; first += DEPTH) {
      let part = 0;
      const end = row * width + Math.min(first + DEPTH, width);
      for (let index = row * width + first; index < end; index++) part += data[index]! * data[index]!;
      norms[row]! += part;
    }
  }
  return norms;
}

/** The nearest rows of each row, nearest first; of rows equally far the one with the smaller number comes first. */
export interface NearestRows {
  /** How many are listed for each row. */
  readonly count: number;
  /** Squared Euclidean distances [N, count]. */
  readonly squaredDistances: Float64Array;
  /** Row numbers [N, count]. */
  readonly indices: Uint32Array;
}

/** The `count` rows of `references` nearest to each row of `queries`; there must be as many. Memory: O(N count). */
export function nearestRows(queries: Features, references: Features, count: number): NearestRows {
  const lists = emptyLists(queries.data.length / queries.width, count);
  const last = lists.squaredDistances.subarray(count - 1);
  for (const { firstRow, rows, firstColumn, columns, values } of distanceBlocks(queries, references)) {
    for (let row = firstRow, index = 0; row < firstRow + rows; row++) {
      for (let column = firstColumn; column < firstColumn + columns; column++, index++) {
        if (values[index]! < last[row * count]!) enter(lists, row, column, values[index]!);
      }
    }
  }
  return lists;
}

/** The `count` other rows nearest to each row of a set, which must have more rows than that. */
export function nearestOtherRows(set: Features, count: number): NearestRows {
  const lists = emptyLists(set.data.length / set.width, count);
  const last = lists.squaredDistances.subarray(count - 1);
  for (const { firstRow, rows, firstColumn, columns, values } of distanceBlocksWithin(set)) {
    for (let row = firstRow; row < firstRow + rows; row++) {
      // A block on the diagonal has every pair twice.
      const end = Math.min(row, firstColumn + columns);
      let index = (row - firstRow) * columns;
      for (let column = firstColumn; column < end; column++, index++) {
        const distance = values[index]!;
        if (distance < last[row * count]!) enter(lists, row, column, distance);
        if (distance < last[column * count]!) enter(lists, column, row, distance);
      }
    }
  }
  return lists;
}

function emptyLists(rows: number, count: number): NearestRows {
  return { count, squaredDistances: new Float64Array(rows * count).fill(Infinity), indices: new Uint32Array(rows * count) };
}

/** Enters a neighbor that is nearer than the last one in a row's list. Neighbors come in ascending order of their numbers. */
function enter({ count, squaredDistances, indices }: NearestRows, row: number, neighbor: number, distance: number): void {
  const first = row * count;
  let place = first + count - 1;
  for (; place > first && squaredDistances[place - 1]! > distance; place--) {
    squaredDistances[place] = squaredDistances[place - 1]!;
    indices[place] = indices[place - 1]!;
  }
  squaredDistances[place] = distance;
  indices[place] = neighbor;
}
