import type { ComputedValue, Value } from '../../value.js';

const isComputedBy = (value: Value | undefined, name: string): value is ComputedValue => value?.kind === 'computed' && value.operator.name === name;

/** An image and its mean per channel. */
export interface Statistics {
  readonly x: Value;
  readonly mean: ComputedValue;
}

const isMeanPerChannel = (value: Value | undefined): value is ComputedValue =>
  isComputedBy(value, 'ReduceMean') && value.attributes.keepdims === 1 && String(value.attributes.axes) === '0,2,3';

/** The image whose variance per channel a value is: the mean square of the image minus its mean. */
export function matchVariance(value: Value): Statistics | undefined {
  if (!isMeanPerChannel(value)) return undefined;
  const product = value.inputs[0];
  if (!isComputedBy(product, 'Mul')) return undefined;
  const [centred, twin] = product.inputs;
  if (centred !== twin || !isComputedBy(centred, 'Sub')) return undefined;
  const [x, mean] = centred.inputs;
  return x && isMeanPerChannel(mean) && mean.inputs[0] === x ? { x, mean } : undefined;
}
