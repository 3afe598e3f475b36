import { InputError } from '../errors.js';
import { gridOf, squareColumns } from './imageGrid.js';
import { type ImageBatch, imageOf, type Raster } from './raster.js';

/** Images of one size, and how long each is shown, in milliseconds. */
export interface Animation {
  frames: readonly Raster[];
  durations: readonly number[];
}

const durationsOf = (count: number, fps: number) => new Array<number>(count).fill(1000 / fps);

/**
 * Returns an animation whose frame i is a grid of image i of each row.
 * @param isClosed whether each row ends where it begins; otherwise the animation runs forward and backward
 * @param fps frames per second
 */
export function rowAnimation(images: ImageBatch, rows: number, isClosed: boolean, fps: number): Animation {
  const perRow = images.count / rows;
  const forward = Array.from({ length: perRow }, (_, index) => {
    const tiles = Array.from({ length: rows }, (_, row) => imageOf(images, row * perRow + index));
    return gridOf(tiles, squareColumns(rows));
  });
  const frames = isClosed ? forward : [...forward, ...forward.slice(1, -1).reverse()];
  return { frames, durations: durationsOf(frames.length, fps) };
}

/** Shows the last frame for two seconds or more. */
export const timelapse = (frames: readonly Raster[], fps: number): Animation => ({
  frames,
  durations: [...durationsOf(frames.length - 1, fps), Math.max(2000, 1000 / fps)],
});

/** Keeps both ends; of one item, the last. */
export function evenlySpaced<T>(items: readonly T[], count: number): T[] {
  if (count >= items.length) return [...items];
  if (count === 1) return items.slice(-1);
  return Array.from({ length: count }, (_, index) => items[Math.round((index * (items.length - 1)) / (count - 1))]!);
}

export function requireFrameSize(frame: Raster, first: Raster, file: string) {
  if (frame.width === first.width && frame.height === first.height && frame.channels === first.channels) return;
  const expected = `${first.width}x${first.height} pixels like the earlier previews`;
  throw new InputError(file, `expected ${expected}, but got ${frame.width}x${frame.height}`);
}
