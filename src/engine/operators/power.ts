import type { Operand } from '../operator.js';
import { constant, splatValue, type Value } from '../value.js';
import { arithmetic, div, mul, square, sub } from './arithmetic.js';
import { equal, greater, where } from './comparison.js';
import { log, sqrt } from './functions.js';

const power = arithmetic('Pow', {
  element: Math.pow,
  // Where the exponent or the base is 0, one factor may be infinite, but the derivative is 0.
  gradient: ({ inputs: [x, exponent], output, gradient }) => [
    () => mul(gradient, unless(equal(exponent!, 0), mul(exponent!, power(x, sub(exponent!, 1))))),
    () => mul(gradient, mul(output, log(where(greater(x, 0), x, constant(1))))),
  ],
  neutral: 1,
});

const unless = (condition: Value, x: Value) => where(condition, constant(0), x);

/** Cheaper forms of some exponents. */
const SPECIAL: ReadonlyMap<number, (x: Value) => Value> = new Map([
  [-1, (x: Value) => div(1, x)],
  [-0.5, (x: Value) => div(1, sqrt(x))],
  [0.5, sqrt],
  [1, (x: Value) => x],
  [2, square],
  [3, (x: Value) => mul(square(x), x)],
]);

/** `x` to the power of `exponent`. The gradient of an exponent is 0 where `x` is not positive. */
export function pow(x: Value, exponent: Operand): Value {
  const known =
    typeof exponent === 'number' ? exponent : exponent.shape.length === 0 ? splatValue(exponent) : undefined;
  const special = known === undefined ? undefined : SPECIAL.get(known);
  return special ? special(x) : power(x, exponent);
}

/** 1 / x. */
export const reciprocal = (x: Value): Value => div(1, x);
