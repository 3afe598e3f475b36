import { clip, mul, reduceMean, sub } from '../operators/index.js';
import type { ComputedValue, Value } from '../value.js';
import type { Rule } from './rule.js';

const isComputedBy = (value: Value | undefined, name: string): value is ComputedValue => value?.kind === 'computed' && value.operator.name === name;

/** The mean square of what lies off the mean, as the mean square minus the square of the mean. */
export const variances: Rule = {
  name: 'variances',
  reason: 'the centred image is never made: one pass over memory instead of three; sums in runs keep the digits that the difference needs',
  apply(value) {
    if (!isComputedBy(value, 'ReduceMean')) return undefined;
    const [product] = value.inputs;
    if (!isComputedBy(product, 'Mul') || product.inputs[0] !== product.inputs[1]) return undefined;
    const [centred] = product.inputs;
    if (!isComputedBy(centred, 'Sub')) return undefined;
    const [x, mean] = centred.inputs;
    const axes = value.attributes.axes as readonly number[];
    if (
      !isComputedBy(mean, 'ReduceMean') ||
      mean.inputs[0] !== x ||
      (mean.attributes.axes as readonly number[]).join() !== axes.join() ||
      value.attributes.keepdims !== 1
    )
      return undefined;
    // Rounding can bring the difference below 0.
    return clip(sub(reduceMean(mul(x!, x!), axes), mul(mean, mean)), 0, Infinity);
  },
};
