import { abs, add, cast, greater, mul, type Shape, sub, type Value } from '../../engine/index.js';
import { indices } from '../distortion.js';
import type { Augmentation } from '../terms.js';

/** The side of the square, as a fraction of the image's. */
const SIZE = 1 / 2;

const sideOf = (size: number): number => Math.round(size * SIZE);

/** Sets a square to 0, which is gray. Its center is anywhere in the image. */
export const cutout: Augmentation = {
  parameters: 2,
  draw: (stream, [, height, width]) => [height, width].map((size) => stream.below(size + 1 - (sideOf(size) % 2))),
  apply(x, [row, column]) {
    const [height, width] = x.shape.slice(2) as [number, number];
    return mul(x, sub(1, mul(within(row!, height, [1, 1, height, 1]), within(column!, width, [1, 1, 1, width]))));
  },
};

/** 1 where the square is, else 0. An even side has one position more before the center than after it. */
function within(center: Value, size: number, shape: Shape): Value {
  const side = sideOf(size);
  const positions = add(indices(size, shape), side % 2 === 0 ? 0.5 : 0);
  return cast(greater(side / 2, abs(sub(positions, center))), 'float32');
}
