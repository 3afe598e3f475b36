import { add, clip, mul, reshape, sub } from '../../operators/index.js';
import type { ComputedValue, Value } from '../../value.js';
import { matchVariance } from '../rewrites.js';
import { AffineForm, broadcastChannels, type ChannelVector, negativeSampleMean, sampling } from './channelwise.js';
import type { PartMaker } from './convolve.js';
import { convertLayout, type FeatureMapType, type Layout, phaseShape, type PhaseTensors } from './layout.js';

/**
 * A feature map near its mean. Far from 0, sums of squares lose digits: in float32 the variance as E[x^2] - E[x]^2 has
 * an error of 50% at a mean of 1,000 standard deviations.
 */
export class Centered {
  /** Some tenths of a standard deviation. */
  private readonly residual: ChannelVector;

  /** @param near the feature map minus `shift` */
  private constructor(
    private readonly near: AffineForm,
    private readonly shift: ChannelVector,
  ) {
    const { batch, height, width } = near.type;
    this.residual = near.sums(1 / (batch * height * width));
  }

  static map(parts: PhaseTensors, type: FeatureMapType) {
    const negative = negativeSampleMean(parts[0]!, type);
    const near = AffineForm.of(type, AffineForm.of(type, parts).shifted(negative).materialize());
    return new Centered(near, mul(negative, -1));
  }

  /**
   * Without a further pass: the convolution's bias subtracts the mean of some pixels, which are computed before.
   * @param makers of all parts; they must offer samples
   */
  static convolution(
    makers: readonly PartMaker[],
    bias: Value | undefined,
    type: FeatureMapType,
    { kind, phases }: Layout,
  ) {
    const [, , height, width] = phaseShape(type);
    const negative = negativeSampleMean(makers[0]!.sample!([height, sampling(width)[1]]), type);
    const epilogue = { bias: broadcastChannels(negative, type) };
    const parts = makers.map(({ make }) => make(epilogue));
    // The convolution's own bias moves nothing but the mean.
    const shift = bias ? sub(reshape(bias, negative.shape), negative) : mul(negative, -1);
    const result = { ...type, kind, phases };
    return new Centered(AffineForm.of(result, convertLayout(parts, type, result)), shift);
  }

  get original() {
    return this.near.shifted(this.shift);
  }

  get mean() {
    return add(this.residual, this.shift);
  }

  get minusMean() {
    return this.near.shifted(mul(this.residual, -1));
  }

  /** @param scale 1 / count */
  variance(scale: number) {
    // Rounding can bring the difference below 0.
    return clip(sub(this.near.sumsOfProduct(this.near, scale), mul(this.residual, this.residual)), 0, Infinity);
  }
}

export const matchChannelVariance = (value: ComputedValue) =>
  value.attributes.keepdims === 1 && String(value.attributes.axes) === '0,2,3' ? matchVariance(value) : undefined;
