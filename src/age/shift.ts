import { reshape, slice, type Value } from '../engine/index.js';
import type { RandomStream } from '../random.js';
import { translation } from './augmentations/translation.js';
import type { ImageShape } from './terms.js';

/** The largest shift, as a fraction of the image size. */
const RANGE = 1 / 16;

/** Draws the random shifts S of the term `align`, whole rows and columns for a number of images, row-major `[count, 2]`. */
export function drawShifts(count: number, [, height, width]: ImageShape, stream: RandomStream): Float32Array {
  const draw = (size: number) => {
    const most = Math.round(size * RANGE);
    return stream.below(2 * most + 1) - most;
  };
  return Float32Array.from(Array.from({ length: count }, () => [draw(height), draw(width)]).flat());
}

/** S as a function of images `[N, C, H, W]`, from shifts `[N, 2]`. Pixels from beyond the border are those of the border. */
export function shiftBy(shifts: Value): (x: Value) => Value {
  const axes = [0, 1].map((axis) => reshape(slice(shifts, 1, axis, axis + 1), [shifts.shape[0]!, 1, 1, 1]));
  return (x) => translation.apply(x, axes);
}
