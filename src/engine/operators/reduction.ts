/** Means, extremes and positions over axes. ReduceSum stands with broadcasting, which it undoes. */
import { apply, type Operator } from '../operator.js';
import type { Value } from '../value.js';
import { div, mul } from './arithmetic.js';
import {
  inferReduction,
  reducedShape,
  type ReductionAttributes,
  reductionAttributes,
  type ReductionOptions,
  reductionParameters,
  reduceSum,
  reshape,
  broadcastGradient,
} from './broadcasting.js';
import { cast, equal } from './comparison.js';

const countOf = (x: Value, axes: readonly number[]): number => axes.reduce((product, axis) => product * x.shape[axis]!, 1);

const ReduceMean: Operator<ReductionAttributes> = {
  name: 'ReduceMean',
  infer: inferReduction('ReduceMean'),
  gradient: ({ inputs: [x], attributes, gradient }) => [() => broadcastGradient(mul(gradient, 1 / countOf(x!, attributes.axes)), x!, attributes)],
  parameters: reductionParameters,
};

/** The mean over axes. */
export function reduceMean(x: Value, axes: readonly number[], options: ReductionOptions = {}): Value {
  const attributes = reductionAttributes('ReduceMean', x, axes, options);
  return attributes.axes.length === 0 ? x : apply(ReduceMean, [x], attributes);
}

/** The mean of all elements, a scalar. */
export const meanOf = (x: Value): Value =>
  reduceMean(
    x,
    x.shape.map((_, axis) => axis),
    { keepAxes: false },
  );
/** The sum of all elements, a scalar. */
export const sumOf = (x: Value): Value =>
  reduceSum(
    x,
    x.shape.map((_, axis) => axis),
    { keepAxes: false },
  );

const extreme = (name: 'ReduceMax' | 'ReduceMin'): Operator<ReductionAttributes> => ({
  name,
  infer: inferReduction(name),
  gradient: ({ inputs: [x], output, attributes, gradient }) => [
    () => {
      // Elements that tie for the extreme share the gradient.
      const attained = cast(equal(x!, reshape(output, reducedShape(x!.shape, attributes.axes, 1))), 'float32');
      return mul(broadcastGradient(gradient, x!, attributes), div(attained, reduceSum(attained, attributes.axes)));
    },
  ],
  parameters: reductionParameters,
});

const ReduceMax = extreme('ReduceMax');
const ReduceMin = extreme('ReduceMin');

function applyExtreme(operator: Operator<ReductionAttributes>, x: Value, axes: readonly number[], options: ReductionOptions): Value {
  const attributes = reductionAttributes(operator.name, x, axes, options);
  return attributes.axes.length === 0 ? x : apply(operator, [x], attributes);
}

/** The largest element over axes; those that tie share the gradient. */
export const reduceMax = (x: Value, axes: readonly number[], options: ReductionOptions = {}): Value => applyExtreme(ReduceMax, x, axes, options);
/** The smallest element over axes; those that tie share the gradient. */
export const reduceMin = (x: Value, axes: readonly number[], options: ReductionOptions = {}): Value => applyExtreme(ReduceMin, x, axes, options);

const ArgMin: Operator<{ axis: number; keepdims: number }> = {
  name: 'ArgMin',
  infer: ([x], { axis }) => ({ type: 'int64', shape: reducedShape(x!.shape, [axis], 1) }),
  gradient: () => [null],
};

/** The position of the smallest element along an axis (the first of several), as int64; the axis stays with size 1. No gradient. */
export const argMin = (x: Value, axis: number): Value => apply(ArgMin, [x], { axis: reductionAttributes('ArgMin', x, [axis], {}).axes[0]!, keepdims: 1 });
