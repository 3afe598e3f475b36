import type { Features } from './features.js';
import { distanceBlocks, distanceBlocksWithin } from './pairBlocks.js';

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

/** Enters a neighbour that is nearer than the last one in a row's list. Neighbours come in ascending order of their numbers. */
function enter({ count, squaredDistances, indices }: NearestRows, row: number, neighbour: number, distance: number): void {
  const first = row * count;
  let place = first + count - 1;
  for (; place > first && squaredDistances[place - 1]! > distance; place--) {
    squaredDistances[place] = squaredDistances[place - 1]!;
    indices[place] = indices[place - 1]!;
  }
  squaredDistances[place] = distance;
  indices[place] = neighbour;
}
