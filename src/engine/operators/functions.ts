import { apply, type NoAttributes, requireFloat } from '../operator.js';
import { ShapeError } from '../shape.js';
import { type Attributes, constant, type GradientContext, type Operator, type Value } from '../value.js';
import { div, mul, sub } from './arithmetic.js';
import { greater, where } from './comparison.js';

/** @param gradient of the operand; null if the derivative is zero wherever it exists */
export function elementwiseFunction<A extends Attributes = NoAttributes>(
  name: string,
  element: (x: number, attributes: A) => number,
  gradient: ((at: GradientContext<A> & { x: Value }) => Value) | null,
  more: Pick<Operator<A>, 'floatAttributes' | 'parameters' | 'epilogue'> = {},
): Operator<A> {
  return {
    name,
    elementwise: true,
    ...more,
    infer([x]) {
      requireFloat([x]);
      return x;
    },
    gradient: (at) => [gradient && (() => gradient({ ...at, x: at.inputs[0] }))],
    evaluate: ([x], _, attributes) => Float32Array.from(x.data as Float32Array, (value) => element(value, attributes)),
  };
}

const define = (...particulars: Parameters<typeof elementwiseFunction<NoAttributes>>) => {
  const operator = elementwiseFunction(...particulars);
  return (x: Value): Value => apply(operator, [x], {});
};

/** -x. */
export const neg = define(
  'Neg',
  (x) => -x,
  ({ gradient }) => neg(gradient),
);
/** -1, 0 or 1; its gradient is zero. */
export const sign = define('Sign', Math.sign, null);
/** |x|; the gradient at 0 is 0. */
export const abs = define('Abs', Math.abs, ({ x, gradient }) => mul(gradient, sign(x)));
/** e^x. */
export const exp = define('Exp', Math.exp, ({ output, gradient }) => mul(gradient, output));
/** The natural logarithm. */
export const log = define('Log', Math.log, ({ x, gradient }) => div(gradient, x));
/** The square root. */
export const sqrt = define('Sqrt', Math.sqrt, ({ output, gradient }) => div(mul(gradient, 0.5), output));
/** The hyperbolic tangent. */
export const tanh = define('Tanh', Math.tanh, ({ output, gradient }) => mul(gradient, sub(1, mul(output, output))));
/** 1 / (1 + e^-x). */
export const sigmoid = define(
  'Sigmoid',
  (x) => 1 / (1 + Math.exp(-x)),
  ({ output, gradient }) => mul(gradient, mul(output, sub(1, output))),
);
/** max(x, 0); the gradient at 0 is 0. */
export const relu = define(
  'Relu',
  (x) => Math.max(x, 0),
  ({ output, gradient }) => mul(gradient, stepMask(output, 1, 0)),
  { epilogue: () => [] },
);

const LeakyRelu = elementwiseFunction<{ alpha: number }>(
  'LeakyRelu',
  (x, { alpha }) => (x > 0 ? x : alpha * x),
  // The result has the operand's sign, so the operand need not be kept.
  ({ output, attributes, gradient }) => mul(gradient, stepMask(output, 1, attributes.alpha)),
  { floatAttributes: ['alpha'], epilogue: ({ alpha }) => [alpha] },
);

/** x where positive, alpha * x elsewhere, alpha at least 0; the gradient at 0 is alpha. */
export function leakyRelu(x: Value, alpha: number): Value {
  if (!(alpha >= 0)) throw new ShapeError(`LeakyRelu: alpha must be at least 0, not ${alpha}`);
  return apply(LeakyRelu, [x], { alpha });
}

const Clip = elementwiseFunction<{ min: number; max: number }>(
  'Clip',
  (x, { min, max }) => Math.min(Math.max(x, min), max),
  ({ x, attributes, gradient }) =>
    mul(gradient, mul(stepMask(sub(x, attributes.min), 1, 0), stepMask(sub(attributes.max, x), 1, 0))),
  {
    parameters: ({ min, max }) => ({ min: constant(min), max: constant(max) }),
    epilogue: ({ min, max }) => [min, max],
  },
);

/** x limited to [min, max]; the gradient outside and at the limits is 0. */
export const clip = (x: Value, min: number, max: number): Value => apply(Clip, [x], { min, max });

/** `high` where x > 0, else `low`: scalars, so that lowering recognizes it. */
const stepMask = (x: Value, high: number, low: number) => where(greater(x, 0), constant(high), constant(low));
