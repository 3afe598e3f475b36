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
/** The sine. */
export const sin = define('Sin', Math.sin, ({ x, gradient }) => mul(gradient, cos(x)));
/** The cosine. */
export const cos = define('Cos', Math.cos, ({ x, gradient }) => mul(gradient, neg(sin(x))));
/** The error function, 2 / sqrt(pi) times the integral of e^(-t^2) from 0 to x. */
export const erf = define('Erf', erfOf, ({ x, gradient }) =>
  mul(gradient, mul(exp(neg(mul(x, x))), 2 / Math.sqrt(Math.PI))),
);
/** The largest integer that is not above x; its gradient is zero. */
export const floor = define('Floor', Math.floor, null);
/** The smallest integer that is not below x; its gradient is zero. */
export const ceil = define('Ceil', Math.ceil, null);
/** The nearest integer, the even one of two; its gradient is zero. */
export const round = define('Round', roundToEven, null);
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
export const stepMask = (x: Value, high: number, low: number) => where(greater(x, 0), constant(high), constant(low));

/** By a series without cancellation. */
function erfOf(x: number) {
  if (Math.abs(x) > 6) return Math.sign(x);
  let [sum, term] = [x, x];
  for (let n = 1; Math.abs(term) > Math.abs(sum) * 1e-17; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

function roundToEven(x: number) {
  const lower = Math.floor(x);
  return x - lower === 0.5 ? 2 * Math.round(lower / 2) : Math.round(x);
}
