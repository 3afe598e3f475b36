import { add, div, mul, sqrt, square, sub } from './operators/index.js';
import type { Value } from './value.js';

/** The constants of Adam (Kingma and Ba, arXiv 1412.6980). */
export interface AdamConstants {
  beta1: number;
  beta2: number;
  epsilon: number;
}

/** Moments of the gradient, shaped like the parameter. */
export interface AdamMoments {
  m: Value;
  v: Value;
}

/** Returns the bias-correction scalars of a step, counted from 1. In float32, 1 - beta2^t would lose its digits. */
export function adamScalars(
  learningRate: number,
  step: number,
  { beta1, beta2 }: AdamConstants,
): [stepSize: number, denominatorScale: number] {
  return [learningRate / (1 - beta1 ** step), 1 / Math.sqrt(1 - beta2 ** step)];
}

/** Takes a step in PyTorch's form, which adds epsilon to the root of the corrected second moment. */
export function adam(
  parameter: Value,
  gradient: Value,
  { m, v }: AdamMoments,
  scalars: { stepSize: Value; denominatorScale: Value },
  { beta1, beta2, epsilon }: AdamConstants,
): AdamMoments & { parameter: Value } {
  const nextM = add(mul(m, beta1), mul(gradient, 1 - beta1));
  const nextV = add(mul(v, beta2), mul(square(gradient), 1 - beta2));
  const denominator = add(mul(sqrt(nextV), scalars.denominatorScale), epsilon);
  return { parameter: sub(parameter, mul(div(nextM, denominator), scalars.stepSize)), m: nextM, v: nextV };
}
