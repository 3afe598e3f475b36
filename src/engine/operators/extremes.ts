import type { Operand } from '../operator.js';
import type { GradientContext, Value } from '../value.js';
import { add, arithmetic, mul } from './arithmetic.js';
import { cast, equal, greater } from './comparison.js';

/** Elements that tie share the gradient. */
const share = (gradient: Value, larger: Value, smaller: Value) => {
  const tie = mul(cast(equal(larger, smaller), 'float32'), 0.5);
  return mul(gradient, add(cast(greater(larger, smaller), 'float32'), tie));
};

const maximum = arithmetic('Max', {
  element: Math.max,
  gradient: ({ inputs: [a, b], gradient }: GradientContext) => [
    () => share(gradient, a, b!),
    () => share(gradient, b!, a),
  ],
  neutral: -Infinity,
  commutes: true,
});

const minimum = arithmetic('Min', {
  element: Math.min,
  gradient: ({ inputs: [a, b], gradient }: GradientContext) => [
    () => share(gradient, b!, a),
    () => share(gradient, a, b!),
  ],
  neutral: Infinity,
  commutes: true,
});

/** The largest of several operands, by element; equal ones share the gradient. */
export const max = (first: Operand, second: Operand, ...others: readonly Operand[]): Value =>
  others.reduce<Value>(maximum, maximum(first, second));

/** The smallest of several operands, by element; equal ones share the gradient. */
export const min = (first: Operand, second: Operand, ...others: readonly Operand[]): Value =>
  others.reduce<Value>(minimum, minimum(first, second));
