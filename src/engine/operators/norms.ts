/** Reductions other than sums, means and extremes. */
import { applyReduction, reduction, type ReductionAttributes, type ReductionOptions } from '../operator.js';
import { constant, type Operator, type Value } from '../value.js';
import { add, div, mul, square, sub } from './arithmetic.js';
import { broadcastGradient, reduceSum, reshape } from './broadcasting.js';
import { cast, equal, stopGradient, where } from './comparison.js';
import { abs, exp, log } from './functions.js';
import { reduceMax } from './reduction.js';

const ReduceL2: Operator<ReductionAttributes> = {
  ...reduction('ReduceL2'),
  gradient: ({ inputs: [x], output, attributes, gradient }) => [
    () => {
      const scale = where(equal(output, 0), constant(0), div(gradient, output));
      return mul(x, broadcastGradient(scale, x, attributes));
    },
  ],
};

/** The Euclidean norm over axes; its gradient at 0 is 0. */
export const reduceL2 = applyReduction(ReduceL2);

const ReduceProd: Operator<ReductionAttributes> = {
  ...reduction('ReduceProd'),
  // The product of the others: a single zero among them is left out, two are not.
  gradient: ({ inputs: [x], attributes, gradient }) => [
    () => {
      const isZero = cast(equal(x, 0), 'float32');
      const factors = add(x, isZero);
      const others = div(reduceProd(factors, attributes.axes), factors);
      const zerosBeside = sub(reduceSum(isZero, attributes.axes), isZero);
      return mul(broadcastGradient(gradient, x, attributes), where(equal(zerosBeside, 0), others, constant(0)));
    },
  ],
};

/** The product over axes. */
export const reduceProd = applyReduction(ReduceProd);

const reduceBy = (reduced: (x: Value, axes: readonly number[], options?: ReductionOptions) => Value) => reduced;

/** The sum of magnitudes over axes. */
export const reduceL1 = reduceBy((x, axes, options) => reduceSum(abs(x), axes, options));
/** The sum of squares over axes. */
export const reduceSumSquare = reduceBy((x, axes, options) => reduceSum(square(x), axes, options));
/** The logarithm of the sum over axes. */
export const reduceLogSum = reduceBy((x, axes, options) => log(reduceSum(x, axes, options)));

/** The logarithm of the sum of e^x over axes. */
export const reduceLogSumExp = reduceBy((x, axes, options) => {
  const largest = stopGradient(reduceMax(x, axes));
  const sums = log(reduceSum(exp(sub(x, largest)), axes, options));
  return add(sums, reshape(largest, sums.shape));
});
