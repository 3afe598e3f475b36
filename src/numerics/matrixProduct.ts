/** A matrix inside a flat array: the element at (row, column) lies at `offset + row * rowStride + column * columnStride`. */
export interface MatrixView {
  readonly data: Float32Array | Float64Array;
  readonly offset: number;
  readonly rows: number;
  readonly columns: number;
  readonly rowStride: number;
  readonly columnStride: number;
}

/** Rows of `columns` numbers one after another, from row `firstRow` on. */
export function rowMajor(data: Float32Array | Float64Array, rows: number, columns: number, firstRow = 0): MatrixView {
  return { data, offset: firstRow * columns, rows, columns, rowStride: columns, columnStride: 1 };
}

/** The transpose; no number is moved. */
export function transposed(view: MatrixView): MatrixView {
  return { ...view, rows: view.columns, columns: view.rows, rowStride: view.columnStride, columnStride: view.rowStride };
}

/** Rows and columns of the tile of the product that the innermost loop keeps in registers. */
const TILE = 4;
/** Terms that are summed in registers before they reach memory; a packed panel of 4 rows is then 8 KiB. */
export const DEPTH = 256;
/** Rows of either factor that are packed at once: at 512 KiB both fit in a second-level cache. */
const ROWS = 128;

/**
 * Adds the product A B^T to a matrix, in double precision.
 *
 * The factors are copied block by block into panels of 4 rows, term by term, so that the innermost loop reads memory in order and
 * makes 16 products of 8 numbers (Goto and van de Geijn 2008). Each element is summed in the order of its terms, `DEPTH` at a time,
 * whatever its place: equal rows have equal products to the last bit.
 * @param target rows of `targetStride` numbers
 * @param a [R, K]
 * @param b [S, K]
 * @param lowerOnly leaves elements above the diagonal with whatever the tiles crossing it add
 */
export function addProduct(target: Float64Array, targetStride: number, a: MatrixView, b: MatrixView, lowerOnly = false): void {
  const depth = Math.min(DEPTH, a.columns);
  for (let firstTerm = 0; firstTerm < a.columns; firstTerm += depth) {
    const terms = Math.min(depth, a.columns - firstTerm);
    for (let firstColumn = 0; firstColumn < b.rows; firstColumn += ROWS) {
      const columns = Math.min(ROWS, b.rows - firstColumn);
      pack(b, firstColumn, columns, firstTerm, terms, panelsOfB);
      const from = lowerOnly ? firstColumn : 0;
      for (let firstRow = from; firstRow < a.rows; firstRow += ROWS) {
        const rows = Math.min(ROWS, a.rows - firstRow);
        pack(a, firstRow, rows, firstTerm, terms, panelsOfA);
        const block = { firstRow, rows, firstColumn, columns, terms, lowerOnly };
        addBlock(target, targetStride, panelsOfA, panelsOfB, block);
      }
    }
  }
}

/** Whatever was packed last, kept: thousands of small products need no new memory each. */
const panelsOfA = new Float64Array(ROWS * DEPTH);
const panelsOfB = new Float64Array(ROWS * DEPTH);

const padded = (rows: number): number => Math.ceil(rows / TILE) * TILE;

/** Copies rows into panels of 4, term by term; missing rows of the last panel are zero. */
function pack(view: MatrixView, firstRow: number, rows: number, firstTerm: number, terms: number, panels: Float64Array): void {
  const { data, rowStride, columnStride } = view;
  for (let row = 0; row < padded(rows); row++) {
    let to = (row - (row % TILE)) * terms + (row % TILE);
    if (row >= rows) {
      for (let term = 0; term < terms; term++, to += TILE) panels[to] = 0;
      continue;
    }
    let from = view.offset + (firstRow + row) * rowStride + firstTerm * columnStride;
    for (let term = 0; term < terms; term++, from += columnStride, to += TILE) panels[to] = data[from]!;
  }
}

interface Block {
  readonly firstRow: number;
  readonly rows: number;
  readonly firstColumn: number;
  readonly columns: number;
  readonly terms: number;
  readonly lowerOnly: boolean;
}

function addBlock(target: Float64Array, stride: number, panelsOfA: Float64Array, panelsOfB: Float64Array, block: Block): void {
  const { firstRow, rows, firstColumn, columns, terms } = block;
  const tile = new Float64Array(TILE * TILE);
  for (let row = 0; row < rows; row += TILE) {
    const height = Math.min(TILE, rows - row);
    for (let column = 0; column < columns; column += TILE) {
      if (block.lowerOnly && firstColumn + column > firstRow + row + TILE - 1) break;
      multiplyPanels(panelsOfA, row * terms, panelsOfB, column * terms, terms, tile);
      const width = Math.min(TILE, columns - column);
      for (let i = 0; i < height; i++) {
        const base = (firstRow + row + i) * stride + firstColumn + column;
        for (let j = 0; j < width; j++) target[base + j]! += tile[i * TILE + j]!;
      }
    }
  }
}

/** The 16 inner products of a panel of A and a panel of B. */
function multiplyPanels(a: Float64Array, startOfA: number, b: Float64Array, startOfB: number, terms: number, tile: Float64Array): void {
  let [c00, c01, c02, c03] = [0, 0, 0, 0];
  let [c10, c11, c12, c13] = [0, 0, 0, 0];
  let [c20, c21, c22, c23] = [0, 0, 0, 0];
  let [c30, c31, c32, c33] = [0, 0, 0, 0];
  for (let term = 0, i = startOfA, j = startOfB; term < terms; term++, i += TILE, j += TILE) {
    const a0 = a[i]!;
    const a1 = a[i + 1]!;
    const a2 = a[i + 2]!;
    const a3 = a[i + 3]!;
    const b0 = b[j]!;
    const b1 = b[j + 1]!;
    const b2 = b[j + 2]!;
    const b3 = b[j + 3]!;
    c00 += a0 * b0;
    c01 += a0 * b1;
    c02 += a0 * b2;
    c03 += a0 * b3;
    c10 += a1 * b0;
    c11 += a1 * b1;
    c12 += a1 * b2;
    c13 += a1 * b3;
    c20 += a2 * b0;
    c21 += a2 * b1;
    c22 += a2 * b2;
    c23 += a2 * b3;
    c30 += a3 * b0;
    c31 += a3 * b1;
    c32 += a3 * b2;
    c33 += a3 * b3;
  }
  tile[0] = c00;
  tile[1] = c01;
  tile[2] = c02;
  tile[3] = c03;
  tile[4] = c10;
  tile[5] = c11;
  tile[6] = c12;
  tile[7] = c13;
  tile[8] = c20;
  tile[9] = c21;
  tile[10] = c22;
  tile[11] = c23;
  tile[12] = c30;
  tile[13] = c31;
  tile[14] = c32;
  tile[15] = c33;
}

/** Copies the lower triangle of a square matrix to the upper one. */
export function mirrorLower(matrix: Float64Array, size: number): void {
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < row; column++) matrix[column * size + row] = matrix[row * size + column]!;
  }
}
