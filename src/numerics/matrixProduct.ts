import { type Features, rowsIn } from './features.js';

/** Of a tile of the product, which the innermost loop keeps in registers. */
const [TILE_ROWS, TILE_COLUMNS] = [2, 4];

/**
 * Returns A B^T [R, S] of rows [R, K] and [S, K]. Sums follow the order of terms, so equal rows have bitwise equal
 * products.
 */
export function multiplyTransposed(a: Features, b: Features): Float64Array {
  const [rows, columns, terms] = [rowsIn(a), rowsIn(b), a.width];
  const [left, right] = [paddedRows(a, TILE_ROWS), paddedRows(b, TILE_COLUMNS)];
  const product = new Float64Array(rows * columns);
  const tile = new Float64Array(TILE_ROWS * TILE_COLUMNS);
  for (let column = 0; column < columns; column += TILE_COLUMNS) {
    for (let row = 0; row < rows; row += TILE_ROWS) {
      multiplyTile(left, row * terms, right, column * terms, terms, tile);
      for (let i = 0; i < Math.min(TILE_ROWS, rows - row); i++) {
        for (let j = 0; j < Math.min(TILE_COLUMNS, columns - column); j++)
          product[(row + i) * columns + column + j] = tile[i * TILE_COLUMNS + j]!;
      }
    }
  }
  return product;
}

/** Appends rows of zeros up to a multiple. */
function paddedRows({ data, width }: Features, multiple: number) {
  const padded = new Float64Array(Math.ceil(data.length / width / multiple) * multiple * width);
  padded.set(data);
  return padded;
}

function multiplyTile(
  a: Float64Array,
  row0: number,
  b: Float64Array,
  column0: number,
  terms: number,
  tile: Float64Array,
) {
  const row1 = row0 + terms;
  const [column1, column2, column3] = [column0 + terms, column0 + 2 * terms, column0 + 3 * terms];
  let [c00, c01, c02, c03] = [0, 0, 0, 0];
  let [c10, c11, c12, c13] = [0, 0, 0, 0];
  for (let term = 0; term < terms; term++) {
    const a0 = a[row0 + term]!;
    const a1 = a[row1 + term]!;
    const b0 = b[column0 + term]!;
    const b1 = b[column1 + term]!;
    const b2 = b[column2 + term]!;
    const b3 = b[column3 + term]!;
    c00 += a0 * b0;
    c01 += a0 * b1;
    c02 += a0 * b2;
    c03 += a0 * b3;
    c10 += a1 * b0;
    c11 += a1 * b1;
    c12 += a1 * b2;
    c13 += a1 * b3;
  }
  [tile[0], tile[1], tile[2], tile[3]] = [c00, c01, c02, c03];
  [tile[4], tile[5], tile[6], tile[7]] = [c10, c11, c12, c13];
}

export function dot(a: ArrayLike<number>, b: ArrayLike<number>) {
  let sum = 0;
  for (let index = 0; index < a.length; index++) sum += a[index]! * b[index]!;
  return sum;
}

export function transposed({ data, width }: Features): Features {
  const rows = data.length / width;
  const result = new Float64Array(data.length);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < width; column++) result[column * rows + row] = data[row * width + column]!;
  return { data: result, width: rows };
}

export type PairVisitor = (row: number, column: number, value: number) => void;

/** Rows per product: 512 KiB. */
const BLOCK = 256;

export const forEachProduct = (a: Features, b: Features, visit: PairVisitor) => visitBlocks(a, b, false, visit);

/** Visits each pair once, `column <= row`. */
export const forEachProductWithin = (a: Features, visit: PairVisitor) => visitBlocks(a, a, true, visit);

function visitBlocks(a: Features, b: Features, lowerOnly: boolean, visit: PairVisitor) {
  for (let firstRow = 0; firstRow * a.width < a.data.length; firstRow += BLOCK) {
    const rows = block(a, firstRow);
    const height = rowsIn(rows);
    const end = lowerOnly ? firstRow + height : rowsIn(b);
    for (let firstColumn = 0; firstColumn < end; firstColumn += BLOCK) {
      const columns = block(b, firstColumn);
      const width = rowsIn(columns);
      const products = multiplyTransposed(rows, columns);
      for (let row = 0; row < height; row++) {
        const visited = lowerOnly ? Math.min(width, firstRow + row + 1 - firstColumn) : width;
        for (let column = 0; column < visited; column++)
          visit(firstRow + row, firstColumn + column, products[row * width + column]!);
      }
    }
  }
}

const block = ({ data, width }: Features, first: number): Features => ({
  data: data.subarray(first * width, (first + BLOCK) * width),
  width,
});
