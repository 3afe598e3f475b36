import { apply } from '../operator.js';
import { constant, type Value } from '../value.js';
import { add, div, mul, sub } from './arithmetic.js';
import { greater, where } from './comparison.js';
import { abs, elementwiseFunction, erf, sigmoid, stepMask, tanh } from './functions.js';

const HardSigmoid = elementwiseFunction<{ alpha: number; beta: number }>(
  'HardSigmoid',
  (x, { alpha, beta }) => Math.max(0, Math.min(1, alpha * x + beta)),
  ({ output, attributes: { alpha }, gradient }) =>
    mul(gradient, mul(mul(stepMask(output, 1, 0), stepMask(sub(1, output), 1, 0)), alpha)),
  { floatAttributes: ['alpha', 'beta'] },
);

/** alpha x + beta limited to [0, 1]; the gradient at the limits is 0. */
export const hardSigmoid = (x: Value, alpha = 0.2, beta = 0.5): Value => apply(HardSigmoid, [x], { alpha, beta });

/** x times hardSigmoid(x, 1/6, 1/2). */
export const hardSwish = (x: Value): Value => mul(x, hardSigmoid(x, 1 / 6, 0.5));

const Elu = elementwiseFunction<{ alpha: number }>(
  'Elu',
  (x, { alpha }) => (x > 0 ? x : alpha * Math.expm1(x)),
  ({ x, output, attributes: { alpha }, gradient }) =>
    mul(gradient, where(greater(x, 0), constant(1), add(output, alpha))),
  { floatAttributes: ['alpha'] },
);

/** x where positive, alpha (e^x - 1) elsewhere. */
export const elu = (x: Value, alpha = 1): Value => apply(Elu, [x], { alpha });

/** gamma times `elu`, with the constants of self-normalizing networks. */
export const selu = (x: Value, alpha = 1.6732632423543772, gamma = 1.0507009873554805): Value =>
  mul(elu(x, alpha), gamma);

/** `elu` with the derivative 1 at 0 for every alpha. */
export const celu = (x: Value, alpha = 1): Value => mul(elu(div(x, alpha)), alpha);

const Softplus = elementwiseFunction(
  'Softplus',
  (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  ({ x, gradient }) => mul(gradient, sigmoid(x)),
);

/** log(1 + e^x). */
export const softplus = (x: Value): Value => apply(Softplus, [x], {});

/** x / (1 + |x|). */
export const softsign = (x: Value): Value => div(x, add(abs(x), 1));

/** x tanh(softplus(x)). */
export const mish = (x: Value): Value => mul(x, tanh(softplus(x)));

/** x where positive, slope * x elsewhere, as at 0; `slope` is broadcast. */
export const prelu = (x: Value, slope: Value): Value => where(greater(x, 0), x, mul(x, slope));

/** x where above alpha, 0 elsewhere. */
export const thresholdedRelu = (x: Value, alpha = 1): Value => where(greater(x, alpha), x, constant(0));

/**
 * x times the distribution function of the standard normal distribution.
 * @param approximate by a hyperbolic tangent (default: none)
 */
export function gelu(x: Value, approximate: 'none' | 'tanh' = 'none'): Value {
  const part =
    approximate === 'none'
      ? erf(mul(x, Math.SQRT1_2))
      : tanh(mul(add(x, mul(mul(mul(x, x), x), 0.044715)), Math.sqrt(2 / Math.PI)));
  return mul(mul(x, 0.5), add(part, 1));
}
