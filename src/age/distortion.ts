import {
  abs,
  add,
  clip,
  constant,
  matMul,
  mul,
  relu,
  reshape,
  type Shape,
  slice,
  sub,
  transpose,
  transposeMatrix,
  type Value,
} from '../engine/index.js';
import type { RandomStream } from '../random.js';

export type ImageShape = readonly [channels: number, height: number, width: number];

/** The shift is relative to the image size. */
const RANGES = { shift: 1 / 16, scale: 0.1, shear: 0.15 };

/** Shift, scale and shear of the rows of an image, then of its columns. */
export const DISTORTION_SIZE = 6;

/** Draws the distortions S of the term `align`, row-major `[count, 6]`. */
export function drawDistortions(count: number, [, height, width]: ImageShape, stream: RandomStream): Float32Array {
  const draw = (range: number) => range * (2 * stream.uniform() - 1);
  const along = (size: number) => [draw(RANGES.shift * size), 1 + draw(RANGES.scale), draw(RANGES.shear)];
  return Float32Array.from(Array.from({ length: count }, () => [...along(width), ...along(height)]).flat());
}

/** @param distortions `[N, 6]` */
export function distortBy(distortions: Value): (x: Value) => Value {
  const values = columnsOf(distortions);
  return (x) => transposeMatrix(distortRows(transposeMatrix(distortRows(x, values.slice(0, 3))), values.slice(3)));
}

/** Interpolates linearly in `[N, C, H, W]`, and repeats the border. */
function distortRows(x: Value, [shift, scale, shear]: readonly Value[]) {
  const [height, width] = x.shape.slice(2) as [number, number];
  const fromCenter = (size: number, shape: Shape) => sub(indices(size, shape), (size - 1) / 2);
  // The column that pixel (i, j) of the result comes from, [N, H, 1, W].
  const position = add(
    mul(fromCenter(width, [1, 1, 1, width]), scale!),
    mul(fromCenter(height, [1, height, 1, 1]), shear!),
  );
  const column = clip(sub(add(position, (width - 1) / 2), shift!), 0, width - 1);
  const weights = relu(sub(1, abs(sub(column, indices(width, [1, 1, width, 1])))));
  return transpose(matMul(transpose(x, [0, 2, 1, 3]), weights), [0, 2, 1, 3]);
}

/** Of `[N, P]`, each as `[N, 1, 1, 1]`. */
export const columnsOf = (parameters: Value): Value[] =>
  Array.from({ length: parameters.shape[1]! }, (_, index) =>
    reshape(slice(parameters, 1, index, index + 1), [parameters.shape[0]!, 1, 1, 1]),
  );

export const indices = (size: number, shape: Shape): Value =>
  constant(
    Array.from({ length: size }, (_, index) => index),
    shape,
  );
