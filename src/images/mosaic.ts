import type { Raster } from './raster.js';

/** Cells of a grid that points were given. */
export interface GridPlaces {
  readonly columns: number;
  readonly rows: number;
  /** The cell of each point, row x columns + column from the top left, or -1 where none was free near it; no cell is given twice. */
  readonly cells: Int32Array;
}

/** Cells that a point may lie away from its own, in either direction: farther, the picture would no longer say where it is. */
const REACH = 2;
const BACKGROUND = 96;

/**
 * Snaps points of the plane to a grid that spans them, in one scale for both axes: each to its own cell, or the nearest free one within two
 * cells. Earlier points come first.
 * @param points [N, 2], x to the right and y upwards
 * @param longerSide cells along the longer side, 1 or more
 */
export function placeOnGrid(points: ArrayLike<number>, longerSide: number): GridPlaces {
  const count = points.length / 2;
  const [left, right] = rangeOf(points, 0);
  const [bottom, top] = rangeOf(points, 1);
  // Points that are all the same lie in one cell.
  const unit = Math.max(right - left, top - bottom) / longerSide || 1;
  const cellsAlong = (length: number) => Math.min(longerSide, Math.max(1, Math.ceil(length / unit)));
  const [columns, rows] = [cellsAlong(right - left), cellsAlong(top - bottom)];
  const taken = new Uint8Array(columns * rows);
  const cells = new Int32Array(count).fill(-1);
  for (let point = 0; point < count; point++) {
    const x = (points[2 * point]! - left) / unit;
    const y = (top - points[2 * point + 1]!) / unit;
    const cell = nearestFree(taken, columns, rows, x, y);
    if (cell === undefined) continue;
    taken[cell] = 1;
    cells[point] = cell;
  }
  return { columns, rows, cells };
}

/**
 * The same for points of which many crowd in a small part of the plane: both axes are stretched where points are dense, as little as lets
 * `share` of all points have cells.
 * @returns places, and how far the axes were stretched: 0 not at all, 1 until points are spread evenly along each
 */
export function placeCrowd(points: ArrayLike<number>, longerSide: number, share = 0.5): GridPlaces & { readonly stretch: number } {
  const count = points.length / 2;
  for (let quarter = 0; ; quarter++) {
    const stretch = quarter / 4;
    const places = placeOnGrid(stretch === 0 ? points : stretched(points, stretch), longerSide);
    const placed = places.cells.reduce((sum, cell) => sum + (cell >= 0 ? 1 : 0), 0);
    if (placed >= share * count || stretch === 1) return { ...places, stretch };
  }
}

/** Each coordinate moved towards where its rank along its axis would be, if the ranks were spread evenly between the axis' ends. */
function stretched(points: ArrayLike<number>, stretch: number): Float64Array {
  const result = Float64Array.from(points);
  for (const axis of [0, 1] as const) {
    const [least, largest] = rangeOf(points, axis);
    const order = Array.from({ length: points.length / 2 }, (_, point) => 2 * point + axis).sort((a, b) => points[a]! - points[b]!);
    order.forEach((place, rank) => {
      const even = least + ((largest - least) * rank) / Math.max(1, order.length - 1);
      result[place] = (1 - stretch) * points[place]! + stretch * even;
    });
  }
  return result;
}

function nearestFree(taken: Uint8Array, columns: number, rows: number, x: number, y: number): number | undefined {
  const [ownColumn, ownRow] = [Math.min(columns - 1, Math.floor(x)), Math.min(rows - 1, Math.floor(y))];
  if (!taken[ownRow * columns + ownColumn]) return ownRow * columns + ownColumn;
  let [best, least]: [number | undefined, number] = [undefined, Infinity];
  for (let row = Math.max(0, ownRow - REACH); row <= Math.min(rows - 1, ownRow + REACH); row++) {
    for (let column = Math.max(0, ownColumn - REACH); column <= Math.min(columns - 1, ownColumn + REACH); column++) {
      const distance = Math.hypot(column + 0.5 - x, row + 0.5 - y);
      if (!taken[row * columns + column] && distance < least) [best, least] = [row * columns + column, distance];
    }
  }
  return best;
}

function rangeOf(points: ArrayLike<number>, axis: 0 | 1): [least: number, largest: number] {
  let [least, largest] = [Infinity, -Infinity];
  for (let index = axis; index < points.length; index += 2) {
    least = Math.min(least, points[index]!);
    largest = Math.max(largest, points[index]!);
  }
  return [least, largest];
}

/**
 * Tiles of one size in the cells of a grid, without lines between them, as RGB.
 * @param frames colours [r, g, b] of a frame of a pixel's width around each tile, or none
 */
export function gridMosaic(tiles: readonly Raster[], { columns, rows, cells }: GridPlaces, frames?: readonly (readonly [number, number, number])[]): Raster {
  const [first] = tiles;
  if (first === undefined) throw new Error('mosaic: there are no images');
  const border = frames ? 1 : 0;
  const [cellWidth, cellHeight] = [first.width + 2 * border, first.height + 2 * border];
  const [width, height] = [columns * cellWidth, rows * cellHeight];
  const data = new Uint8Array(width * height * 3).fill(BACKGROUND);
  tiles.forEach((tile, index) => {
    const cell = cells[index]!;
    if (cell < 0) return;
    const [left, top] = [(cell % columns) * cellWidth, Math.floor(cell / columns) * cellHeight];
    const frame = frames?.[index];
    for (let y = 0; y < cellHeight; y++) {
      for (let x = 0; x < cellWidth; x++) data.set(colorAt(tile, x - border, y - border) ?? frame!, ((top + y) * width + left + x) * 3);
    }
  });
  return { width, height, channels: 3, data };
}

/** A pixel as [r, g, b], or undefined outside of the tile. */
function colorAt({ width, height, channels, data }: Raster, x: number, y: number): readonly number[] | undefined {
  if (x < 0 || y < 0 || x >= width || y >= height) return undefined;
  const start = (y * width + x) * channels;
  return channels === 1 ? [data[start]!, data[start]!, data[start]!] : [data[start]!, data[start + 1]!, data[start + 2]!];
}
