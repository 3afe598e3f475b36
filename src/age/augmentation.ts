import {
  abs,
  add,
  cast,
  clip,
  equal,
  greater,
  matMul,
  mul,
  reduceMean,
  type Shape,
  sub,
  type Value,
} from '../engine/index.js';
import type { RandomStream } from '../random.js';
import { columnsOf, type ImageShape, indices } from './distortion.js';

/** Random and differentiable. */
interface Augmentation {
  parameters: number;
  draw: (stream: RandomStream, shape: ImageShape) => readonly number[];
  /** Transforms `[N, C, H, W]` with parameters `[N, 1, 1, 1]`. Gradients flow to the images only. */
  apply: (x: Value, parameters: readonly Value[]) => Value;
}

/** Changes brightness by -0.5 to 0.5, saturation by a factor of 0 to 2, and contrast by a factor of 0.5 to 1.5. */
export const color: Augmentation = {
  parameters: 3,
  draw: (stream) => [stream.uniform() - 0.5, 2 * stream.uniform(), stream.uniform() + 0.5],
  apply(x, [brightness, saturation, contrast]) {
    const shifted = add(x, brightness!);
    // The mean over one channel is the channel.
    const saturated = x.shape[1] === 1 ? shifted : scaleFrom(reduceMean(shifted, [1]), shifted, saturation!);
    return scaleFrom(reduceMean(saturated, [1, 2, 3]), saturated, contrast!);
  },
};

const scaleFrom = (mean: Value, x: Value, factor: Value) => add(mul(sub(x, mean), factor), mean);

/** Side of the square, as a fraction of the image's. */
const CUTOUT_SIZE = 1 / 2;
const cutoutSide = (size: number) => Math.round(size * CUTOUT_SIZE);

/** Sets a square to 0, which is gray. Its center is anywhere in the image. */
export const cutout: Augmentation = {
  parameters: 2,
  draw: (stream, [, height, width]) => [height, width].map((size) => stream.below(size + 1 - (cutoutSide(size) % 2))),
  apply(x, [row, column]) {
    const [height, width] = x.shape.slice(2) as [number, number];
    return mul(x, sub(1, mul(within(row!, height, [1, 1, height, 1]), within(column!, width, [1, 1, 1, width]))));
  },
};

/** 1 in the square, else 0. An even side has one position more before the center than after it. */
function within(center: Value, size: number, shape: Shape) {
  const side = cutoutSide(size);
  const positions = add(indices(size, shape), side % 2 === 0 ? 0.5 : 0);
  return cast(greater(side / 2, abs(sub(positions, center))), 'float32');
}

/** As a fraction of the image size. */
const MAX_SHIFT = 1 / 8;

/** Shifts by whole rows and columns, and repeats the border. */
export const translation: Augmentation = {
  parameters: 2,
  draw: (stream, [, height, width]) =>
    [height, width].map((size) => {
      const most = Math.round(size * MAX_SHIFT);
      return stream.below(2 * most + 1) - most;
    }),
  apply(x, [rows, columns]) {
    const [height, width] = x.shape.slice(2) as [number, number];
    // Products with one-hot matrices are exact.
    const byRow = oneHot(sources(rows!, height, [1, 1, height, 1]), height, [1, 1, 1, height]);
    const byColumn = oneHot(sources(columns!, width, [1, 1, 1, width]), width, [1, 1, width, 1]);
    return matMul(matMul(byRow, x), byColumn);
  },
};

const sources = (shift: Value, size: number, shape: Shape) => clip(sub(indices(size, shape), shift), 0, size - 1);

const oneHot = (positions: Value, size: number, shape: Shape) =>
  cast(equal(positions, indices(size, shape)), 'float32');

const augmentations = { color, cutout, translation };
export type AugmentationName = keyof typeof augmentations;
export const AUGMENTATIONS = Object.keys(augmentations).sort() as [AugmentationName, ...AugmentationName[]];

export const parameterCount = (names: readonly AugmentationName[]): number =>
  names.reduce((sum, name) => sum + augmentations[name].parameters, 0);

/** Row-major `[count, parameters]`. */
export const drawAugmentations = (
  names: readonly AugmentationName[],
  count: number,
  shape: ImageShape,
  stream: RandomStream,
): Float32Array =>
  Float32Array.from(
    Array.from({ length: count }, () => names.flatMap((name) => augmentations[name].draw(stream, shape))).flat(),
  );

/** Transforms images `[N, C, H, W]` in the order of names, with parameters `[N, parameters]`. */
export function augment(x: Value, names: readonly AugmentationName[], parameters: Value): Value {
  const columns = columnsOf(parameters);
  return names.reduce((image, name) => {
    const { parameters: count, apply } = augmentations[name];
    return apply(image, columns.splice(0, count));
  }, x);
}
