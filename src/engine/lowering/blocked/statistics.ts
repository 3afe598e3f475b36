import { add, clip, mul, reshape, sub } from '../../operators/index.js';
import type { ComputedValue, Value } from '../../value.js';
import { matchVariance } from '../rewrites.js';
import {
  type AffineForm,
  broadcastChannels,
  ChannelSums,
  type ChannelVector,
  materialize,
  negativeSampleMean,
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

function centered(parts: PhaseTensors, type: FeatureMapType, shift: ChannelVector): Centered {
  const affine = toAffine(parts);
  const residual = new ChannelSums(type, 1 / (type.batch * type.height * type.width)).ofAffine(affine);
  return { affine, shift, residual };
}

/** Centers a feature map in one pass. */
export function centerMap(parts: PhaseTensors, type: FeatureMapType): Centered {
  const negative = negativeSampleMean(parts[0]!, type);
  return centered(materialize(shiftAffine(toAffine(parts), negative), type), type, mul(negative, -1));
}

/**
 * Centers a convolution's result without a further pass: its bias subtracts the mean of some pixels, which are computed
 * before.
 * @param makers of all parts; they must offer samples
 * @param type of the parts
 * @param layout the result's
 */
export function centerConvolution(
  makers: readonly PartMaker[],
  bias: Value | undefined,
  type: FeatureMapType,
  layout: Layout,
): Centered {
  const [, , height, width] = phaseShape(type);
  const negative = negativeSampleMean(makers[0]!.sample!([height, sampling(width)[1]]), type);
  const epilogue = { bias: broadcastChannels(negative, type) };
  const parts = makers.map(({ make }) => make(epilogue));
  // The convolution's own bias moves nothing but the mean.
  const shift = bias ? sub(reshape(bias, negative.shape), negative) : mul(negative, -1);
  const { kind, phases } = layout;
  return centered(convertLayout(parts, type, layout), { ...type, kind, phases }, shift);
}

export const uncentered = ({ affine, shift }: Centered) => shiftAffine(affine, shift);
export const meanOf = ({ shift, residual }: Centered) => add(residual, shift);
/** The feature map minus its mean. */
export const minusMean = ({ affine, residual }: Centered) => shiftAffine(affine, mul(residual, -1));

/** @param means sums that are means */
export function varianceOfCentered({ affine, residual }: Centered, means: ChannelSums) {
  // Rounding can bring the difference below 0.
  return clip(sub(means.ofProduct(affine, affine), mul(residual, residual)), 0, Infinity);
}

/** The feature map whose variance per channel a value is, and its mean. */
export const matchChannelVariance = (value: ComputedValue) =>
  value.attributes.keepdims === 1 && String(value.attributes.axes) === '0,2,3' ? matchVariance(value) : undefined;
