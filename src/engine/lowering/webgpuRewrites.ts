/** Operators that ONNX Runtime's WebGPU provider lacks, from others. */
import {
  asImages,
  cast,
  conv,
  equal,
  exp,
  log,
  mul,
  pad,
  reduceMax,
  reduceSum,
  sub,
  sumOverWindows,
  where,
  type Windows,
} from '../operators/index.js';
import { sizeOf } from '../shape.js';
import { type ComputedValue, constant, type Value } from '../value.js';
import type { Rule } from './rewrites.js';

export const logSoftmaxBySum: Rule = ({ operator, inputs: [x], attributes }) => {
  if (operator.name !== 'LogSoftmax') return undefined;
  const axes = [attributes.axis as number];
  const shifted = sub(x, reduceMax(x, axes));
  return sub(shifted, log(reduceSum(exp(shifted), axes)));
};

export const isMaxPoolGradient = ({ operator }: ComputedValue) => operator.name === 'MaxPoolGradient';

/** Padding below all data, and finite, so that 0 times it is 0. */
const LOWEST = -3e38;

/**
 * The provider has neither indices of maxima nor slices of integers. Convolutions with one element move each element of
 * a window to a channel of its own, and back.
 */
export const maxPoolGradientByConv: Rule = (value) => {
  if (!isMaxPoolGradient(value)) return undefined;
  const [x, output, gradient] = value.inputs as [Value, Value, Value];
  const windows = value.attributes as Windows;
  const { kernel_shape, strides, dilations, pads } = windows;
  const taps = sizeOf(kernel_shape);
  const pick = constant(
    Array.from({ length: taps * taps }, (_, index) => Number(index % (taps + 1) === 0)),
    [taps, 1, ...kernel_shape],
  );
  const padded = pad(asImages(x), [0, 0, pads[0], pads[1]], [0, 0, pads[2], pads[3]], LOWEST);
  const isMaximum = equal(conv(padded, pick, { strides, dilations }), asImages(output));
  const order = constant(
    Array.from({ length: taps }, (_, tap) => taps - tap),
    [1, taps, 1, 1],
  );
  const ordered = mul(cast(isMaximum, 'float32'), order);
  const isFirst = equal(ordered, reduceMax(ordered, [1]));
  return sumOverWindows(where(isFirst, asImages(gradient), constant(0)), pick, x, windows);
};
