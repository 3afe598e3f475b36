import { apply, requireFloat, throwShapeError } from '../operator.js';
import { sizeOf } from '../shape.js';
import type { Operator, Value } from '../value.js';
import { add, div, mul, square, sub } from './arithmetic.js';
import { jointly } from './collective.js';
import { reduceSum, reshape } from './broadcasting.js';
import { sqrt } from './functions.js';
import { reduceMean } from './reduction.js';

interface BatchNormalizationAttributes extends Record<string, number> {
  readonly epsilon: number;
}

/** The mean and the biased variance of each channel of [N, C, ...] over all other axes, as [1, C, 1, ...]. */
export function batchStatistics(x: Value): { readonly mean: Value; readonly variance: Value } {
  const axes = x.shape.map((_, axis) => axis).filter((axis) => axis !== 1);
  const mean = reduceMean(x, axes);
  return { mean, variance: reduceMean(square(sub(x, mean)), axes) };
}

const perChannel = (vector: Value, x: Value): Value =>
  reshape(
    vector,
    x.shape.map((_, axis) => (axis === 1 ? x.shape[1]! : 1)),
  );

/** Centered data and the standard deviation. Decomposition and gradient build the same values, which simplification merges. */
function center(x: Value, epsilon: number) {
  const { mean, variance } = batchStatistics(x);
  return { centered: sub(x, mean), deviation: sqrt(add(variance, epsilon)) };
}

/**
 * BatchNormalization in training mode. ONNX would return new running statistics as well; here the statistics of the batch are
 * separate values (`batchStatistics`), so this operator has the one output and reads no running statistics.
 */
const BatchNormalization: Operator<BatchNormalizationAttributes> = {
  name: 'BatchNormalization',
  infer(inputs) {
    const [x, scale, bias] = inputs;
    requireFloat('BatchNormalization', inputs);
    if (x!.shape.length < 2) throwShapeError('BatchNormalization', inputs, 'data needs a batch and a channel axis');
    for (const vector of [scale!, bias!]) {
      if (vector.shape.length !== 1 || vector.shape[0] !== x!.shape[1])
        throwShapeError(
          'BatchNormalization',
          inputs,
          `scale and bias need one value for each of ${x!.shape[1]} channels`,
        );
    }
    return { type: 'float32', shape: x!.shape };
  },
  decomposition: ([x, scale, bias], { epsilon }) => {
    const { centered, deviation } = center(x!, epsilon);
    return add(mul(centered, div(perChannel(scale!, x!), deviation)), perChannel(bias!, x!));
  },
  // With c the centered data, s the standard deviation, n the count: dx = scale/s (g - mean(g) - c mean(g c) / s^2).
  gradient: ({ inputs: [x, scale], attributes: { epsilon }, gradient }) => {
    const axes = x!.shape.map((_, axis) => axis).filter((axis) => axis !== 1);
    const count = sizeOf(x!.shape) / x!.shape[1]!;
    const { centered, deviation } = center(x!, epsilon);
    const [total, moment] = jointly([reduceSum(gradient, axes), reduceSum(mul(gradient, centered), axes)]) as [
      Value,
      Value,
    ];
    return [
      () => {
        const gain = div(perChannel(scale!, x!), deviation);
        const slope = div(mul(gain, moment), mul(square(deviation), -count));
        const shift = mul(mul(gain, total), -1 / count);
        return add(add(mul(gradient, gain), mul(centered, slope)), shift);
      },
      () => reshape(div(moment, deviation), scale!.shape),
      () => reshape(total, scale!.shape),
    ];
  },
};

/**
 * Normalizes each channel of [N, C, ...] by the mean and biased variance of this batch, then scales and shifts it:
 * (x - mean) / sqrt(variance + epsilon) * scale + bias, with scale and bias [C].
 */
export const batchNormalization = (x: Value, scale: Value, bias: Value, epsilon = 1e-5): Value =>
  apply(BatchNormalization, [x, scale, bias], { epsilon });

/** Batch normalization with given statistics [C] instead of the batch's, as in inference. */
export function batchNormInference(
  x: Value,
  scale: Value,
  bias: Value,
  mean: Value,
  variance: Value,
  epsilon = 1e-5,
): Value {
  const gain = div(scale, sqrt(add(variance, epsilon)));
  return add(mul(x, perChannel(gain, x)), perChannel(sub(bias, mul(mean, gain)), x));
}
