import { isComputedBy } from '../../operator.js';
import { add, clip, mul, reshape, sub } from '../../operators/index.js';
import type { ComputedValue, Value } from '../../value.js';
import {
  type AffineForm,
  broadcastChannels,
  ChannelSums,
  type ChannelVector,
  materialize,
  sampling,
  shiftAffine,
  toAffine,
} from './channelwise.js';
import type { PartMaker } from './convolve.js';
import { convertLayout, type FeatureMapType, type Layout, phaseShape, type PhaseTensors } from './layout.js';

/**
 * A feature map near its mean, of which batch statistics are taken. Far from 0, sums of squares lose digits: in float32 the variance as
 * E[x^2] - E[x]^2 has an error of 50% at a mean of 1,000 standard deviations.
 */
export interface Centered {
  /** The feature map minus `shift`. */
  readonly affine: AffineForm;
  readonly shift: ChannelVector;
  /** The mean of `affine`: some tenths of a standard deviation. */
  readonly residual: ChannelVector;
}

function centered(parts: PhaseTensors, type: FeatureMapType, layout: Layout, shift: ChannelVector): Centered {
  const affine = toAffine(parts);
  const residual = new ChannelSums(type, layout, 1 / (type.batch * type.height * type.width)).ofAffine(affine);
  return { affine, shift, residual };
}

/** Centers a feature map in a pass over it. */
export function centerMap(parts: PhaseTensors, type: FeatureMapType, layout: Layout): Centered {
  const negative = new ChannelSums(type, layout, 1).negativeSampleMean(parts[0]!);
  return centered(materialize(shiftAffine(toAffine(parts), negative), type, layout), type, layout, mul(negative, -1));
}

/**
 * Centers a convolution's result: its bias subtracts the mean of some of its pixels, which are computed before. This costs no further pass.
 * @param makers of all parts, in the layout `own`; they must offer samples
 * @param layout that of the result
 */
export function centerConvolution(
  makers: readonly PartMaker[],
  bias: Value | undefined,
  type: FeatureMapType,
  own: Layout,
  layout: Layout,
): Centered {
  const [, , height, width] = phaseShape(type, own) as [number, number, number, number];
  const sample = makers[0]!.sample!([height, sampling(width)[1]]);
  const negative = new ChannelSums(type, own, 1).negativeSampleMean(sample);
  const epilogue = { bias: broadcastChannels(negative, type, own) };
  const parts = makers.map(({ make }) => make(epilogue));
  // The convolution's own bias moves the mean and nothing else, so that it is added there only.
  const shift = bias ? sub(reshape(bias, negative.shape), negative) : mul(negative, -1);
  return centered(convertLayout(parts, type, own, layout), type, layout, shift);
}

export const uncentered = ({ affine, shift }: Centered): AffineForm => shiftAffine(affine, shift);
export const meanOf = ({ shift, residual }: Centered): ChannelVector => add(residual, shift);
/** The feature map minus its mean. */
export const minusMean = ({ affine, residual }: Centered): AffineForm => shiftAffine(affine, mul(residual, -1));

/** @param means sums that are means */
export function varianceOfCentered({ affine, residual }: Centered, means: ChannelSums): ChannelVector {
  // Rounding can bring the difference below 0.
  return clip(sub(means.ofProduct(affine, affine), mul(residual, residual)), 0, Infinity);
}

/** A feature map and its mean per channel. */
export interface Statistics {
  readonly x: Value;
  readonly mean: ComputedValue;
}

const isMeanPerChannel = (value: Value | undefined): value is ComputedValue =>
  isComputedBy(value, 'ReduceMean') && value.attributes.keepdims === 1 && String(value.attributes.axes) === '0,2,3';

/** The feature map whose variance per channel a value is: the mean square of the feature map minus its mean. */
export function matchVariance(value: Value): Statistics | undefined {
  if (!isMeanPerChannel(value)) return undefined;
  const product = value.inputs[0];
  if (!isComputedBy(product, 'Mul')) return undefined;
  const [centeredMap, twin] = product.inputs;
  if (centeredMap !== twin || !isComputedBy(centeredMap, 'Sub')) return undefined;
  const [x, mean] = centeredMap.inputs;
  return x && isMeanPerChannel(mean) && mean.inputs[0] === x ? { x, mean } : undefined;
}
