import { InputError } from '../errors.js';
import type { Raster } from './raster.js';

export const filledRaster = (width: number, height: number, channels: number, level: number): Raster => ({
  width,
  height,
  channels,
  data: new Uint8Array(width * height * channels).fill(level),
});

/** Pastes grayscale into RGB by repeating each value. */
export function pasteTile(target: Raster, tile: Raster, left: number, top: number) {
  for (let row = 0; row < tile.height; row++) {
    const line = tile.data.subarray(row * tile.width * tile.channels, (row + 1) * tile.width * tile.channels);
    const start = ((top + row) * target.width + left) * target.channels;
    if (tile.channels === target.channels) target.data.set(line, start);
    else
      for (let column = 0; column < tile.width; column++)
        target.data.fill(line[column]!, start + 3 * column, start + 3 * column + 3);
  }
}

type Rectangle = Record<'left' | 'top' | 'width' | 'height', number>;

/** @param color one value per channel of the raster */
export function fillRectangle(target: Raster, { left, top, width, height }: Rectangle, color: readonly number[]) {
  for (let y = top; y < top + height; y++)
    for (let x = left; x < left + width; x++) target.data.set(color, (y * target.width + x) * target.channels);
}

export function enlarge(raster: Raster, scale: number): Raster {
  if (scale === 1) return raster;
  const { width, height, channels, data } = raster;
  const line = width * scale * channels;
  const result = new Uint8Array(line * height * scale);
  for (let y = 0; y < height; y++) {
    const top = y * scale * line;
    for (let x = 0; x < width; x++) {
      const start = (y * width + x) * channels;
      const pixel = data.subarray(start, start + channels);
      for (let copy = 0; copy < scale; copy++) result.set(pixel, top + (x * scale + copy) * channels);
    }
    for (let copy = 1; copy < scale; copy++) result.copyWithin(top + copy * line, top, top + line);
  }
  return { width: width * scale, height: height * scale, channels, data: result };
}

/** Limit of an enlarged image, or of all frames of an animation together. */
const MAX_PIXELS = 2 ** 28;

/** @param frames number of images in memory at a time */
export function requireScale({ width, height }: Pick<Raster, 'width' | 'height'>, scale: number, frames = 1) {
  if (scale === 1 || frames * width * height * scale ** 2 <= MAX_PIXELS) return;
  const largest = Math.max(1, Math.floor(Math.sqrt(MAX_PIXELS / (frames * width * height))));
  throw new InputError(
    `scale ${scale}`,
    `${frames === 1 ? 'the image' : `each of ${frames} frames`} would have ${width * scale}x${height * scale} pixels`,
    `choose at most ${largest}`,
  );
}

/** Limit of the longer side in pixels. */
const FIT_PIXELS = 1024;
const MAX_FIT = 4;
/** Limit of all frames together. */
const FIT_BYTES = 2 ** 28;

/** Returns the largest scale within these limits, at least 1. */
export function fittingScale({ width, height, channels }: Omit<Raster, 'data'>, frames = 1) {
  const byMemory = Math.sqrt(FIT_BYTES / (frames * width * height * channels));
  const bySide = FIT_PIXELS / Math.max(width, height);
  return Math.max(1, Math.floor(Math.min(MAX_FIT, bySide, byMemory)));
}
