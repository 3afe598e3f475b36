import { apply, requireFloat } from '../operator.js';
import { normalizeAxes, sizeOf } from '../shape.js';
import type { Distribution, GradientContext, Operands, Operator, Placement, Value } from '../value.js';
import { mul, sub } from './arithmetic.js';
import { reduceSum } from './broadcasting.js';
import { exp } from './functions.js';

type Axis = { axis: number };

const alongAxis = (name: string, gradient: (at: GradientContext<Axis>) => Value): Operator<Axis> => ({
  name,
  infer([x]: Operands) {
    requireFloat([x]);
    return x;
  },
  gradient: (at) => [() => gradient(at)],
  distribute: ([placement]: readonly Placement[], { attributes: { axis } }): Distribution | undefined =>
    typeof placement === 'number' && placement !== axis ? { operands: [placement], result: placement } : undefined,
  // Maximum, difference, exponential, sum and division.
  flops: ([x]) => 5 * sizeOf(x.shape),
});

const applyAlong = (operator: Operator<Axis>) => (x: Value, axis: number) =>
  apply(operator, [x], { axis: normalizeAxes([axis], x.shape.length, operator.name)[0]! });

/** e^x, divided by its sum along an axis. */
export const softmax = applyAlong(
  alongAxis('Softmax', ({ output, attributes: { axis }, gradient }) =>
    mul(output, sub(gradient, reduceSum(mul(gradient, output), [axis]))),
  ),
);

/** The logarithm of `softmax`. */
export const logSoftmax = applyAlong(
  alongAxis('LogSoftmax', ({ output, attributes: { axis }, gradient }) =>
    sub(gradient, mul(exp(output), reduceSum(gradient, [axis]))),
  ),
);
