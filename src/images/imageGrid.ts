import { InputError } from '../errors.js';
import { type ImageBatch, imageOf, type Raster } from './raster.js';

const GAP = 2;
/** Gray, which differs from both black and white images. */
const BACKGROUND = 96;

/** Returns the images in rows of `columns`, with thin lines between them. */
export function imageGrid(batch: ImageBatch, columns: number): Raster {
  return gridOf(
    Array.from({ length: batch.count }, (_, index) => imageOf(batch, index)),
    columns,
  );
}

/** Returns the number of columns of a grid that is about square. */
export const squareColumns = (count: number): number => Math.ceil(Math.sqrt(count));

/** Returns the originals, each with its reconstruction to its right, in rows of `pairsPerRow` pairs. */
export function pairGrid(originals: ImageBatch, reconstructions: ImageBatch, pairsPerRow: number): Raster {
  const tiles = Array.from({ length: originals.count }, (_, index) => [imageOf(originals, index), imageOf(reconstructions, index)]).flat();
  return gridOf(tiles, 2 * Math.min(pairsPerRow, originals.count));
}

/** Returns images of one size in rows of `columns`. */
export function gridOf(tiles: readonly Raster[], columns: number): Raster {
  const [first] = tiles;
  if (first === undefined) throw new Error('image grid: no images');
  const { width, height, channels } = first;
  const rows = Math.ceil(tiles.length / columns);
  const total = { width: columns * (width + GAP) + GAP, height: rows * (height + GAP) + GAP };
  const data = new Uint8Array(total.width * total.height * channels).fill(BACKGROUND);
  tiles.forEach((tile, index) => {
    const left = GAP + (index % columns) * (width + GAP);
    const top = GAP + Math.floor(index / columns) * (height + GAP);
    for (let row = 0; row < height; row++) {
      const line = tile.data.subarray(row * width * channels, (row + 1) * width * channels);
      data.set(line, ((top + row) * total.width + left) * channels);
    }
  });
  return { ...total, channels, data };
}

/** Cells of a grid, assigned to points. */
export interface GridPlaces {
  readonly columns: number;
  readonly rows: number;
  /** Cell of each point (row * columns + column from the top left), or -1 if no cell near it was free. No cell is assigned twice. */
  readonly cells: Int32Array;
}

/** Cells that a point may be moved in either direction. Farther away, the map would misstate its position. */
const REACH = 2;

/**
 * Snaps points of the plane to a grid that spans them, with one scale for both axes. Each point gets its own cell, or the nearest free one
 * within two cells. Earlier points have priority.
 * @param points [N, 2], x to the right and y up
 * @param longerSide cells along the longer side, 1 or more
 */
export function placeOnGrid(points: ArrayLike<number>, longerSide: number): GridPlaces {
  const count = points.length / 2;
  const [left, right] = rangeOf(points, 0);
  const [bottom, top] = rangeOf(points, 1);
  // Identical points share one cell.
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
 * Snaps points to a grid as `placeOnGrid` does. If many points are close together, both axes are stretched in dense regions, as little as
 * needed to give cells to the fraction `share` of the points.
 * @returns the cells, and `stretch`: 0 for unchanged axes, 1 if points are spread evenly along each axis
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

/** Moves each coordinate towards the position of its rank when ranks are spread evenly along the axis. */
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
 * Returns an RGB image of tiles of one size in the cells of a grid, without lines between them.
 * @param frames colors [r, g, b] of a frame one pixel wide around each tile
 */
export function gridMosaic(tiles: readonly Raster[], { columns, rows, cells }: GridPlaces, frames?: readonly (readonly [number, number, number])[]): Raster {
  const [first] = tiles;
  if (first === undefined) throw new Error('mosaic: no images');
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

/** Returns a pixel as [r, g, b], or undefined outside the tile. */
function colorAt({ width, height, channels, data }: Raster, x: number, y: number): readonly number[] | undefined {
  if (x < 0 || y < 0 || x >= width || y >= height) return undefined;
  const start = (y * width + x) * channels;
  return channels === 1 ? [data[start]!, data[start]!, data[start]!] : [data[start]!, data[start + 1]!, data[start + 2]!];
}

/** The last frame of a time-lapse is shown for at least this time. */
const LAST_MILLISECONDS = 2000;

/**
 * Returns the frames of rows of images that are shown at the same time: frame i is a grid of image i of each row.
 * @param isClosed whether each row ends where it begins; otherwise the animation runs forward and backward
 */
export function rowFrames(images: ImageBatch, rows: number, isClosed: boolean): Raster[] {
  const perRow = images.count / rows;
  const columns = squareColumns(rows);
  const frames = Array.from({ length: perRow }, (_, index) =>
    gridOf(
      Array.from({ length: rows }, (_, row) => imageOf(images, row * perRow + index)),
      columns,
    ),
  );
  return isClosed ? frames : [...frames, ...frames.slice(1, -1).reverse()];
}

/** Returns every Nth item, counted from the end so that the last one is included. */
export const everyNth = <T>(items: readonly T[], every: number): T[] => items.filter((_, index) => (items.length - 1 - index) % every === 0);

/** Returns the duration of each of `count` frames: the last one stays long enough to be looked at. */
export const timelapseDurations = (count: number, milliseconds: number): number[] =>
  Array.from({ length: count }, (_, index) => (index === count - 1 ? Math.max(LAST_MILLISECONDS, milliseconds) : milliseconds));

/**
 * Requires that a frame has the size of the first one.
 * @throws {InputError} if it does not
 */
export function requireFrameSize(frame: Raster, first: Raster, file: string): void {
  if (frame.width !== first.width || frame.height !== first.height || frame.channels !== first.channels) {
    throw new InputError(`${file}: expected ${first.width}x${first.height} pixels like the earlier previews, but got ${frame.width}x${frame.height}`);
  }
}
