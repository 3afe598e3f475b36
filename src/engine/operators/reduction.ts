import {
  apply,
  applyReduction,
  reducedShape,
  reduction,
  type ReductionAttributes,
  summedInParts,
} from '../operator.js';
import { normalizeAxes, sizeOf } from '../shape.js';
import type { Operator, Value } from '../value.js';
import { div, mul } from './arithmetic.js';
import { broadcastGradient, reduceSum, reshape } from './broadcasting.js';
import { cast, equal } from './comparison.js';

const ReduceMean: Operator<ReductionAttributes> = {
  ...reduction('ReduceMean'),
  gradient: ({ inputs: [x], output, attributes, gradient }) => [
    () => broadcastGradient(mul(gradient, sizeOf(output.shape) / sizeOf(x.shape)), x, attributes),
  ],
  distribute(operands, { attributes, ranks }) {
    const distribution = summedInParts(operands, attributes);
    // A mean over the part counts fewer elements.
    const isPart = typeof operands[0] === 'number' && distribution.result === 'summand';
    return isPart ? { ...distribution, scale: 1 / ranks } : distribution;
  },
  blocked: ([x], { attributes: { axes, keepdims } }) =>
    String(axes) === '2,3' && keepdims === 1 ? reduceMean(x, [1, 2]) : undefined,
};

/** The mean over axes. */
export const reduceMean = applyReduction(ReduceMean);
/** The mean of all elements, a scalar. */
export const meanOf = (x: Value): Value => reduceMean(x, [...x.shape.keys()], { keepAxes: false });
/** The sum of all elements, a scalar. */
export const sumOf = (x: Value): Value => reduceSum(x, [...x.shape.keys()], { keepAxes: false });

const extreme = (name: 'ReduceMax' | 'ReduceMin') =>
  applyReduction({
    ...reduction(name),
    gradient: ({ inputs: [x], output, attributes, gradient }) => [
      () => {
        const attained = cast(equal(x, reshape(output, reducedShape(x.shape, attributes.axes, 1))), 'float32');
        return mul(broadcastGradient(gradient, x, attributes), div(attained, reduceSum(attained, attributes.axes)));
      },
    ],
  });

/** The largest element over axes; elements that tie share the gradient. */
export const reduceMax = extreme('ReduceMax');
/** The smallest element over axes; elements that tie share the gradient. */
export const reduceMin = extreme('ReduceMin');

const position = (name: 'ArgMax' | 'ArgMin') => {
  const operator: Operator<{ axis: number; keepdims: number }> = {
    name,
    infer: ([x], { axis }) => ({ type: 'int64', shape: reducedShape(x.shape, [axis], 1) }),
    distribute: ([placement], { attributes: { axis } }) =>
      typeof placement === 'number' && placement !== axis ? { operands: [placement], result: placement } : undefined,
    gradient: () => [null],
  };
  return (x: Value, axis: number): Value =>
    apply(operator, [x], { axis: normalizeAxes([axis], x.shape.length, name)[0]!, keepdims: 1 });
};

/** The first index of the largest element along an axis, which stays with size 1. int64, without a gradient. */
export const argMax = position('ArgMax');
/** The first index of the smallest element along an axis, which stays with size 1. int64, without a gradient. */
export const argMin = position('ArgMin');
