import { InputError } from '../errors.js';
import { gridOf, squareColumns } from './imageGrid.js';
import { type ImageBatch, imageOf, type Raster } from './raster.js';

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
