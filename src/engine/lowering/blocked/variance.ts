import type { ComputedValue, Value } from '../../value.js';

const isComputedBy = (value: Value | undefined, name: string): value is ComputedValue => value?.kind === 'computed' && value.operator.name === name;

/**
 * If a value is the mean square of what lies off the mean, that is the variance of `x` over some axes: `x` and its mean. The variance is then
 * the mean square of x minus the square of its mean, and the centred image is never made: one pass over memory instead of three.
 */
export function varianceOf(value: ComputedValue): { readonly x: Value; readonly mean: Value } | undefined {
  const product = value.inputs[0];
  if (value.operator.name !== 'ReduceMean' || value.attributes.keepdims !== 1 || !isComputedBy(product, 'Mul')) return undefined;
  const [centred, twin] = product.inputs;
  if (centred !== twin || !isComputedBy(centred, 'Sub')) return undefined;
  const [x, mean] = centred.inputs;
  const sameAxes = isComputedBy(mean, 'ReduceMean') && String(mean.attributes.axes) === String(value.attributes.axes);
  return x && sameAxes && mean.inputs[0] === x ? { x, mean } : undefined;
}
