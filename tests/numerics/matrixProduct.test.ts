import { addProduct, type MatrixView, mirrorLower, rowMajor, transposed } from '../../src/numerics/matrixProduct.js';
import { distanceBlocks, distanceBlocksWithin } from '../../src/numerics/nearestRows.js';
import { largestDifference, normalRows } from '../metrics/samples.js';
import { describe, expect, it } from 'vitest';

/** A B^T + 1, element by element. */
function plainProduct(a: MatrixView, b: MatrixView): Float64Array {
  const at = (view: MatrixView, row: number, column: number) => view.data[view.offset + row * view.rowStride + column * view.columnStride]!;
  return Float64Array.from({ length: a.rows * b.rows }, (_, index) => {
    let sum = 1;
    for (let term = 0; term < a.columns; term++) sum += at(a, Math.floor(index / b.rows), term) * at(b, index % b.rows, term);
    return sum;
  });
}

describe('the product A B^T', () => {
  // Sizes around those of tiles (4), of rows packed at once (128) and of terms summed at once (256).
  it.each([
    [1, 1, 1],
    [4, 4, 4],
    [5, 3, 2],
    [3, 131, 7],
    [129, 6, 257],
    [130, 133, 513],
    [7, 9, 256],
  ])('is added to a matrix of %i x %i, over %i terms', (rows, columns, terms) => {
    const a = rowMajor(normalRows(rows, terms, 1).data, rows, terms);
    const b = rowMajor(normalRows(columns, terms, 2).data, columns, terms);
    const target = new Float64Array(rows * columns).fill(1);
    addProduct(target, columns, a, b);
    expect(largestDifference(target, plainProduct(a, b))).toBeLessThan(1e-11);
  });

  it('takes transposes, later rows and float32 as they lie in memory', () => {
    const a = transposed(rowMajor(Float32Array.from(normalRows(8, 5, 1).data), 6, 5, 2));
    const b = transposed(rowMajor(normalRows(6, 3, 2).data, 6, 3));
    const target = new Float64Array(15).fill(1);
    addProduct(target, 3, a, b);
    expect(largestDifference(target, plainProduct(a, b))).toBeLessThan(1e-13);
  });

  it('is made of the lower triangle alone where that is enough', () => {
    const view = rowMajor(normalRows(135, 10, 3).data, 135, 10);
    const [whole, lower] = [new Float64Array(135 ** 2), new Float64Array(135 ** 2)];
    addProduct(whole, 135, view, view);
    addProduct(lower, 135, view, view, true);
    expect(lower[134]).toBe(0);
    mirrorLower(lower, 135);
    expect(lower).toEqual(whole);
  });
});

describe('squared distances block by block', () => {
  it('are those of all pairs', () => {
    const [a, b] = [normalRows(300, 5, 1), normalRows(259, 5, 2)];
    const distances = new Float64Array(300 * 259).fill(NaN);
    for (const { firstRow, rows, firstColumn, columns, values } of distanceBlocks(a, b)) {
      for (let row = 0; row < rows; row++) {
        distances.set(values.subarray(row * columns, (row + 1) * columns), (firstRow + row) * 259 + firstColumn);
      }
    }
    const expected = distances.map((_, index) => {
      const [row, column] = [Math.floor(index / 259), index % 259];
      const difference = (place: number) => a.data[row * 5 + place]! - b.data[column * 5 + place]!;
      return [0, 1, 2, 3, 4].reduce((sum, place) => sum + difference(place) ** 2, 0);
    });
    expect(largestDifference(distances, expected)).toBeLessThan(1e-12);
  });

  it('are exactly 0 for equal rows, however long and wherever they are', () => {
    const row = normalRows(1, 700, 1, 1, 100).data;
    const set = { data: Float64Array.from({ length: 261 * 700 }, (_, index) => row[index % 700]!), width: 700 };
    for (const { values } of distanceBlocksWithin(set)) expect(values.every((distance) => distance === 0)).toBe(true);
  });
});
