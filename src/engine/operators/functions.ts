/** Elementwise functions of one operand. */
import { apply, type GradientContext, type Operator, requireFloat } from '../operator.js';
import { ShapeError } from '../shape.js';
import { type Attributes, constant, type Value } from '../value.js';
import { add, div, mul, sub } from './arithmetic.js';
import { greater, where } from './comparison.js';

type NoAttributes = Record<string, never>;

function elementwise<A extends Attributes>(
  name: string,
  element: (x: number, attributes: A) => number,
  /** The gradient of the operand, or null where the derivative is zero wherever it exists. */
  rule: ((at: GradientContext<A> & { readonly x: Value }) => Value) | null,
  more: Pick<Operator<A>, 'floatAttributes' | 'parameters'> = {},
): Operator<A> {
  return {
    name,
    elementwise: true,
    ...more,
    infer([x]) {
      requireFloat(name, [x!]);
      return { type: 'float32', shape: x!.shape };
    },
    gradient: (at) => [rule && (() => rule({ ...at, x: at.inputs[0]! }))],
    evaluate: ([x], _, attributes) => Float32Array.from(x!.data as Float32Array, (value) => element(value, attributes)),
  };
}

const Neg = elementwise<NoAttributes>(
  'Neg',
  (x) => -x,
  ({ gradient }) => neg(gradient),
);
const Sign = elementwise<NoAttributes>('Sign', Math.sign, null);
const Abs = elementwise<NoAttributes>('Abs', Math.abs, ({ x, gradient }) => mul(gradient, sign(x)));
const Exp = elementwise<NoAttributes>('Exp', Math.exp, ({ output, gradient }) => mul(gradient, output));
const Log = elementwise<NoAttributes>('Log', Math.log, ({ x, gradient }) => div(gradient, x));
const Sqrt = elementwise<NoAttributes>('Sqrt', Math.sqrt, ({ output, gradient }) => div(mul(gradient, 0.5), output));
const Reciprocal = elementwise<NoAttributes>(
  'Reciprocal',
  (x) => 1 / x,
  ({ output, gradient }) => mul(gradient, neg(mul(output, output))),
);
const Tanh = elementwise<NoAttributes>('Tanh', Math.tanh, ({ output, gradient }) => mul(gradient, sub(1, mul(output, output))));
const Sigmoid = elementwise<NoAttributes>(
  'Sigmoid',
  (x) => 1 / (1 + Math.exp(-x)),
  ({ output, gradient }) => mul(gradient, mul(output, sub(1, output))),
);
const Relu = elementwise<NoAttributes>(
  'Relu',
  (x) => Math.max(x, 0),
  ({ output, gradient }) => mul(gradient, stepMask(output, 1, 0)),
);
const LeakyRelu = elementwise<{ alpha: number }>(
  'LeakyRelu',
  (x, { alpha }) => (x > 0 ? x : alpha * x),
  // The sign of the result is that of the operand, and the operand need not be kept.
  ({ output, attributes, gradient }) => mul(gradient, stepMask(output, 1, attributes.alpha)),
  { floatAttributes: ['alpha'] },
);
const Clip = elementwise<{ min: number; max: number }>(
  'Clip',
  (x, { min, max }) => Math.min(Math.max(x, min), max),
  ({ x, attributes, gradient }) => mul(gradient, mul(stepMask(sub(x, attributes.min), 1, 0), stepMask(sub(attributes.max, x), 1, 0))),
  { parameters: ({ min, max }) => ({ constants: [constant(min), constant(max)], encoded: ['min', 'max'] }) },
);

const operation =
  (operator: Operator<NoAttributes>) =>
  (x: Value): Value =>
    apply(operator, [x], {});

/** -x. */
export const neg = operation(Neg);
/** -1, 0 or 1; its gradient is zero. */
export const sign = operation(Sign);
/** |x|; the gradient at 0 is 0. */
export const abs = operation(Abs);
/** e^x. */
export const exp = operation(Exp);
/** The natural logarithm. */
export const log = operation(Log);
/** The square root. */
export const sqrt = operation(Sqrt);
/** 1 / x. */
export const reciprocal = operation(Reciprocal);
/** The hyperbolic tangent. */
export const tanh = operation(Tanh);
/** 1 / (1 + e^-x). */
export const sigmoid = operation(Sigmoid);
/** max(x, 0); the gradient at 0 is 0. */
export const relu = operation(Relu);
/** x where positive, alpha * x elsewhere, alpha at least 0; the gradient at 0 is alpha. */
export function leakyRelu(x: Value, alpha: number): Value {
  if (!(alpha >= 0)) throw new ShapeError(`LeakyRelu: alpha must be at least 0, not ${alpha}`);
  return apply(LeakyRelu, [x], { alpha });
}
/** x limited to [min, max]; the gradient outside and at the limits is 0. */
export const clip = (x: Value, min: number, max: number): Value => apply(Clip, [x], { min, max });
/** x * x. */
export const square = (x: Value): Value => mul(x, x);
/** The sum of several values, or the scalar 0 of none. */
export const sum = (values: readonly Value[]): Value => values.reduce((total, value) => add(total, value), constant(0));

/** `high` where x > 0, `low` elsewhere; scalars, so that a target may choose a faster form of the whole. */
const stepMask = (x: Value, high: number, low: number): Value => where(greater(x, 0), constant(high), constant(low));
