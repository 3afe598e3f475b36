import { ShapeError, sizeOf } from '../shape.js';
import type { Value } from '../value.js';
import { add, mul, square } from './arithmetic.js';
import { reshape } from './broadcasting.js';
import { averagePool } from './pooling.js';
import { pow } from './power.js';

/** Names as in ONNX. */
export interface ResponseOptions {
  alpha?: number;
  beta?: number;
  bias?: number;
}

/** Divides [N, C, ...] by (bias + alpha times the mean of squares of `size` neighboring channels)^beta. */
export function localResponseNormalization(
  x: Value,
  size: number,
  { alpha = 1e-4, beta = 0.75, bias = 1 }: ResponseOptions = {},
): Value {
  const [batch, channels, ...rest] = x.shape;
  if (batch === undefined || channels === undefined) throw new ShapeError('LRN: data needs a batch and a channel axis');
  const squares = reshape(square(x), [batch, 1, channels, sizeOf(rest)]);
  const before = Math.floor((size - 1) / 2);
  const pads = [before, 0, size - 1 - before, 0] as const;
  const means = averagePool(squares, [size, 1], { strides: 1, pads, countPadding: true });
  return mul(x, pow(add(mul(reshape(means, x.shape), alpha), bias), -beta));
}
