/** ONNX Runtime's own operators forward, and gradients from the parts that they consist of. */
import { apply, requireFloat } from '../operator.js';
import { normalizeAxes, type Shape, ShapeError, sizeOf } from '../shape.js';
import type { Distribution, Operands, Operator, Placement, Value } from '../value.js';
import { add, div, mul, square, sub } from './arithmetic.js';
import { reshape, sumTo } from './broadcasting.js';
import { constant } from '../value.js';
import { sqrt } from './functions.js';
import { reduceMean } from './reduction.js';

/** Of y = scale (x - mean) / deviation + bias, with parameters that are broadcast. */
function normalizationGradient(x: Value, scale: Value, axes: Shape, epsilon: number, gradient: Value) {
  const centered = sub(x, reduceMean(x, axes));
  const deviation = sqrt(add(reduceMean(square(centered), axes), epsilon));
  const normalized = div(centered, deviation);
  return {
    data: () => {
      const slope = mul(gradient, scale);
      const along = mul(normalized, reduceMean(mul(slope, normalized), axes));
      return div(sub(sub(slope, reduceMean(slope, axes)), along), deviation);
    },
    scale: (shape: Shape) => reshape(sumTo(mul(gradient, normalized), scale.shape), shape),
    bias: (shape: Shape) => reshape(sumTo(gradient, scale.shape), shape),
  };
}

const distribute = ([placement]: readonly Placement[]): Distribution | undefined =>
  placement === 0 ? { operands: [0, 'whole', 'whole'], result: 0 } : undefined;

// Mean, centering, variance (2), division, scale and shift.
const flops = ([x]: Operands) => 7 * sizeOf(x.shape);

const LayerNormalization: Operator<{ axis: number; epsilon: number }> = {
  name: 'LayerNormalization',
  floatAttributes: ['epsilon'],
  infer(inputs, { axis }) {
    requireFloat(inputs);
    const [x, ...parameters] = inputs;
    const normalized = x.shape.slice(axis);
    if (parameters.some(({ shape }) => String(shape) !== String(normalized)))
      throw new ShapeError(`scale and bias need the shape [${normalized.join(', ')}]`);
    return x;
  },
  gradient: ({ inputs: [x, scale], attributes: { axis, epsilon }, gradient }) => {
    const axes = [...x.shape.keys()].slice(axis);
    const of = normalizationGradient(x, scale!, axes, epsilon, gradient);
    return [of.data, () => of.scale(scale!.shape), () => of.bias(scale!.shape)];
  },
  distribute: (operands, { attributes: { axis } }) => (axis > 0 ? distribute(operands) : undefined),
  flops,
};

/**
 * Normalizes by mean and variance over an axis (default: the last) and all that follow, then multiplies by `scale` and
 * adds `bias`, both of the shape of these axes.
 */
export const layerNormalization = (x: Value, scale: Value, bias: Value, { axis = -1, epsilon = 1e-5 } = {}): Value =>
  apply(LayerNormalization, [x, scale, bias], {
    axis: normalizeAxes([axis], x.shape.length, 'LayerNormalization')[0]!,
    epsilon,
  });

const InstanceNormalization: Operator<{ epsilon: number }> = {
  name: 'InstanceNormalization',
  floatAttributes: ['epsilon'],
  infer(inputs) {
    requireFloat(inputs);
    const [x, ...parameters] = inputs;
    if (x.shape.length < 3) throw new ShapeError('data needs at least three axes');
    if (parameters.some(({ shape }) => String(shape) !== String(x.shape[1])))
      throw new ShapeError(`scale and bias need ${x.shape[1]} values, one per channel`);
    return x;
  },
  gradient: ({ inputs: [x, scale], attributes: { epsilon }, gradient }) => {
    const axes = [...x.shape.keys()].slice(2);
    const of = normalizationGradient(x, perChannel(scale!, x), axes, epsilon, gradient);
    return [of.data, () => of.scale(scale!.shape), () => of.bias(scale!.shape)];
  },
  distribute,
  flops,
};

const perChannel = (vector: Value, { shape: [, channels, ...rest] }: Value) =>
  reshape(vector, [channels!, ...rest.map(() => 1)]);

/** Normalizes each channel of each image [N, C, ...], with scale and bias [C]. */
export const instanceNormalization = (x: Value, scale: Value, bias: Value, epsilon = 1e-5): Value =>
  apply(InstanceNormalization, [x, scale, bias], { epsilon });

/** Normalizes groups of channels of each image [N, C, ...], with scale and bias [C]. */
export function groupNormalization(x: Value, groups: number, scale: Value, bias: Value, epsilon = 1e-5): Value {
  const [batch, channels] = x.shape as [number, number];
  if (!(groups >= 1) || channels % groups !== 0)
    throw new ShapeError(`GroupNormalization: ${groups} groups do not divide ${channels} channels`);
  const parts = reshape(x, [batch, groups, sizeOf(x.shape) / (batch * groups)]);
  const [ones, zeros] = [1, 0].map((element) => constant(Array<number>(groups).fill(element)));
  const normalized = reshape(instanceNormalization(parts, ones!, zeros!, epsilon), x.shape);
  return add(mul(normalized, perChannel(scale, x)), perChannel(bias, x));
}
