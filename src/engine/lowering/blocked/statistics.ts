import { add, clip, mul, reshape, sub } from '../../operators/index.js';
import type { ComputedValue, Value } from '../../value.js';
import { type Centering, matchVariance } from '../rewrites.js';
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
 * A feature map near its mean, for batch statistics. Far from 0, sums of squares lose digits: in float32 the variance
 * as E[x^2] - E[x]^2 has an error of 50% at a mean of 1,000 standard deviations.
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

/** Centers a feature map in one pass. */
export function centerMap(parts: PhaseTensors, type: FeatureMapType, layout: Layout): Centered {
  const negative = new ChannelSums(type, layout, 1).negativeSampleMean(parts[0]!);
  return centered(materialize(shiftAffine(toAffine(parts), negative), type, layout), type, layout, mul(negative, -1));
}

/**
 * Centers a convolution's result without a further pass: its bias subtracts the mean of some pixels, which are computed
 * before.
 * @param makers of all parts, in the layout `own`; they must offer samples
 * @param layout the result's
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
  // The convolution's own bias moves nothing but the mean.
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

/** The feature map whose variance per channel a value is, and its mean. */
export const matchChannelVariance = (value: ComputedValue): Centering | undefined =>
  value.attributes.keepdims === 1 && String(value.attributes.axes) === '0,2,3' ? matchVariance(value) : undefined;
