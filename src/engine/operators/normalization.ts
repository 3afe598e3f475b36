import { apply, requireFloat } from '../operator.js';
import { ShapeError, sizeOf } from '../shape.js';
import type { Operands, Operator, Value } from '../value.js';
import { add, div, mul, square, sub } from './arithmetic.js';
import { jointly } from './collective.js';
import { reduceSum, reshape } from './broadcasting.js';
import { sqrt } from './functions.js';
import { reduceMean } from './reduction.js';

const axesOf = ({ shape }: Value) => [...shape.keys()].filter((axis) => axis !== 1);

/** Mean and biased variance per channel of [N, C, ...], as [1, C, 1, ...]. */
export function batchStatistics(x: Value): { mean: Value; variance: Value } {
  const axes = axesOf(x);
  const mean = reduceMean(x, axes);
  return { mean, variance: reduceMean(square(sub(x, mean)), axes) };
}

const perChannel = (vector: Value, { shape: [, channels, ...rest] }: Value) =>
  reshape(vector, [1, channels!, ...rest.map(() => 1)]);

/** Simplification merges these values of decomposition and gradient. */
function center(x: Value, epsilon: number) {
  const { mean, variance } = batchStatistics(x);
  return { centered: sub(x, mean), deviation: sqrt(add(variance, epsilon)) };
}

/** Of data and vectors with one element per channel. */
function inferNormalization(inputs: Operands) {
  const [x, ...vectors] = inputs;
  requireFloat(inputs);
  if (x.shape.length < 2) throw new ShapeError('data needs a batch and a channel axis');
  if (vectors.some(({ shape }) => shape.length !== 1 || shape[0] !== x.shape[1]))
    throw new ShapeError(`expected vectors of ${x.shape[1]} elements, one per channel`);
  return x;
}

/** Training mode. Statistics of the batch are separate values (`batchStatistics`), so that there is one output. */
const BatchNormalization: Operator<{ epsilon: number }> = {
  name: 'BatchNormalization',
  infer: inferNormalization,
  decomposition: ([x, scale, bias], { epsilon }) => {
    const { centered, deviation } = center(x, epsilon);
    return add(mul(centered, div(perChannel(scale!, x), deviation)), perChannel(bias!, x));
  },
  // With c centered data, s deviation, n count: dx = scale/s (g - mean(g) - c mean(g c) / s^2).
  gradient: ({ inputs: [x, scale], attributes: { epsilon }, gradient }) => {
    const axes = axesOf(x);
    const count = sizeOf(x.shape) / x.shape[1]!;
    const { centered, deviation } = center(x, epsilon);
    const [total, moment] = jointly([reduceSum(gradient, axes), reduceSum(mul(gradient, centered), axes)]);
    return [
      () => {
        const gain = div(perChannel(scale!, x), deviation);
        const slope = div(mul(gain, moment!), mul(square(deviation), -count));
        const shift = mul(mul(gain, total!), -1 / count);
        return add(add(mul(gradient, gain), mul(centered, slope)), shift);
      },
      () => reshape(div(moment!, deviation), scale!.shape),
      () => reshape(total!, scale!.shape),
    ];
  },
};

/**
 * Normalizes each channel of [N, C, ...] by the batch's statistics: (x - mean) / sqrt(variance + epsilon) * scale +
 * bias, with scale and bias [C].
 */
export const batchNormalization = (x: Value, scale: Value, bias: Value, epsilon = 1e-5): Value =>
  apply(BatchNormalization, [x, scale, bias], { epsilon });

/** `ModelTraining` replaces it by `batchNormalization` in the mode 'train'. */
export const BatchNormInference: Operator<{ epsilon: number; momentum: number }> = {
  name: 'BatchNormalization',
  infer: inferNormalization,
  decomposition([x, scale, bias, mean, variance], { epsilon }) {
    const gain = div(scale!, sqrt(add(variance!, epsilon)));
    return add(mul(x, perChannel(gain, x)), perChannel(sub(bias!, mul(mean!, gain)), x));
  },
};

/** With given statistics [C], as in inference. Training keeps the share `momentum` of them in each step. */
export const batchNormInference = (
  x: Value,
  scale: Value,
  bias: Value,
  mean: Value,
  variance: Value,
  epsilon = 1e-5,
  momentum = 0.9,
): Value => apply(BatchNormInference, [x, scale, bias, mean, variance], { epsilon, momentum });
