import { add, clip, concat, mul, reduceSum, reshape, slice, sub } from '../../operators/index.js';
import { type Shape4, sizeOf } from '../../shape.js';
import { type ComputedValue, constant, splatValue, type Value } from '../../value.js';
import { matchVariance } from '../rewrites.js';
import type { PartMaker } from './convolve.js';
import {
  convertLayout,
  type FeatureMapType,
  type Layout,
  padAxis,
  padded,
  phaseShape,
  type PhaseTensors,
} from './layout.js';
import { type Activation, addConvs, blockedConv, blockedMean } from './operators.js';

/** One value per channel, plain [1, C, 1, 1], or a single value for all channels. */
type ChannelVector = Value;

interface Term {
  parts: PhaseTensors;
  gain?: ChannelVector;
}

/**
 * A sum of feature maps, each times one value per channel, plus one value per channel. Materializing costs one pass per
 * term, a depthwise 1x1 convolution at 32-71 GB/s; Mul and Add of broadcast operands would take a pass each at 18 GB/s.
 */
export class AffineForm {
  constructor(
    readonly type: FeatureMapType,
    readonly terms: readonly Term[],
    readonly bias?: ChannelVector,
  ) {}

  static of(type: FeatureMapType, parts: PhaseTensors) {
    return new AffineForm(type, [{ parts }]);
  }

  get parts() {
    const [first, ...others] = this.terms;
    return others.length === 0 && first?.gain === undefined && this.bias === undefined ? first?.parts : undefined;
  }

  plus(other: AffineForm) {
    const terms = [...this.terms];
    for (const term of other.terms) {
      const same = terms.findIndex(({ parts }) => parts === term.parts);
      if (same < 0) terms.push(term);
      else terms[same] = { parts: term.parts, gain: add(gainOf(terms[same]!), gainOf(term)) };
    }
    const sum = new AffineForm(this.type, terms, this.bias);
    return other.bias ? sum.shifted(other.bias) : sum;
  }

  times(by: ChannelVector) {
    const terms = this.terms.map(({ parts, gain }) => ({ parts, gain: gain ? mul(gain, by) : by }));
    return new AffineForm(this.type, terms, this.bias && mul(this.bias, by));
  }

  negated() {
    return this.times(constant(-1));
  }

  shifted(by: ChannelVector) {
    return new AffineForm(this.type, this.terms, this.bias ? add(this.bias, by) : by);
  }

  materialize(activation?: Activation) {
    const known = activation ? undefined : this.parts;
    return known ?? this.terms[0]!.parts.map((_, part) => this.materializePart(part, activation));
  }

  private materializePart(part: number, activation: Activation | undefined) {
    const { type, terms, bias } = this;
    const simple = activation || bias ? undefined : addPlainly(terms, part);
    if (simple) return simple;
    const scalings = terms.map((term) => {
      const x = term.parts[part]!;
      const group = x.shape[1]!;
      return { x, w: reshape(broadcastChannels(gainOf(term), type), [group, 1, 1, 1]), group };
    });
    return addConvs(scalings, { bias: bias && broadcastChannels(bias, type), activation });
  }

  /** Sums over batch, rows and columns, times a factor. */
  sums(scale: number) {
    const sums = this.sumsOfTerms(scale);
    return total(this.bias ? [...sums, sumsOfConstant(this.bias, this.type, scale)] : sums);
  }

  private sumsOfTerms(scale: number) {
    return this.terms.map(({ parts, gain }) => scaled(sumsOfParts(parts, this.type, scale), gain));
  }

  sumsOfProduct(other: AffineForm, scale: number) {
    const { type, bias } = this;
    const products = this.terms.flatMap((x) =>
      other.terms.map((y) => scaled(scaled(sumsOfProducts(x.parts, y.parts, type, scale), x.gain), y.gain)),
    );
    const withBias = (form: AffineForm, factor: ChannelVector | undefined) =>
      factor ? form.sumsOfTerms(scale).map((sums) => scaled(sums, factor)) : [];
    return total([
      ...products,
      ...withBias(this, other.bias),
      ...withBias(other, bias),
      ...(bias && other.bias ? [sumsOfConstant(mul(bias, other.bias), type, scale)] : []),
    ]);
  }
}

const gainOf = ({ gain }: Term) => gain ?? constant(1);

/** Terms without a gain, or with a single gain for all channels, need no convolution. */
function addPlainly(terms: readonly Term[], part: number) {
  if (terms.some(({ gain }) => gain && sizeOf(gain.shape) > 1)) return undefined;
  const [first, ...others] = terms;
  const scaledPart = ({ parts, gain }: Term) => scaled(parts[part]!, gain && reshape(gain, []));
  return others.reduce(
    (sum, term) =>
      term.gain && splatValue(term.gain) === -1 ? sub(sum, term.parts[part]!) : add(sum, scaledPart(term)),
    scaledPart(first!),
  );
}

/** Returns the values for the channels of a part, zeros where they only fill a block. */
export function broadcastChannels(vector: ChannelVector, type: FeatureMapType) {
  const { channels, block, kind, phases } = type;
  const flat = reshape(forEachChannel(vector, type), [channels]);
  if (kind === 'blocked') return padAxis(flat, 0, padded(channels, block));
  return padAxis(concat(new Array<Value>(phases ** 2).fill(flat), 0), 0, block);
}

const forEachChannel = (vector: ChannelVector, { channels }: FeatureMapType) =>
  sizeOf(vector.shape) === 1 && channels > 1
    ? mul(constant(new Float32Array(channels).fill(1), [1, channels, 1, 1]), vector)
    : vector;

/** Adds up phases: [1, channels of a part, 1, 1] becomes [1, C, 1, 1]. */
function reduceChannels(vector: Value, { channels, kind, phases }: FeatureMapType) {
  if (kind === 'blocked') return slice(vector, 1, 0, channels);
  const perPhase = reshape(slice(vector, 1, 0, channels * phases ** 2), [phases ** 2, channels]);
  return reshape(reduceSum(perPhase, [0]), [1, channels, 1, 1]);
}

/** An odd step, so that sampled pixels of a row belong to different images. */
function sampling(width: number): [count: number, step: number] {
  // Their mean is within 0.1 standard deviations of the mean of all, if a row is like the others.
  const count = Math.min(128, width);
  const step = Math.floor((width - 1) / Math.max(1, count - 1));
  return [count, Math.max(1, step % 2 === 0 ? step - 1 : step)];
}

/** Minus the mean of some pixels, spread over a part's first row: one operator that reads little. */
function negativeSampleMean(part: Value, type: FeatureMapType) {
  const [, channels, height, width] = part.shape as Shape4;
  const [count, step] = sampling(width);
  const kernel = constant(new Float32Array(channels * count).fill(-1 / count), [channels, 1, 1, count]);
  const mean = blockedConv(part, kernel, { group: channels, dilations: [1, step], strides: [height, width] });
  return mul(reduceChannels(mean, type), type.kind === 'spaceToDepth' ? 1 / type.phases ** 2 : 1);
}

const sumsOfConstant = (vector: ChannelVector, type: FeatureMapType, scale: number) =>
  mul(forEachChannel(vector, type), type.batch * type.height * type.width * scale);

function sumsOfParts(parts: PhaseTensors, type: FeatureMapType, scale: number) {
  const runs = parts.map(inRuns);
  return addRuns(runs.map(blockedMean), type, runs[0]!.shape[3]! * scale);
}

/** A depthwise convolution with the other map as kernel: 32-59 GB/s, whereas ReduceSumSquare runs at 4. */
function sumsOfProducts(left: PhaseTensors, right: PhaseTensors, type: FeatureMapType, scale: number) {
  const products = left.map((part, index) => {
    const x = inRuns(part);
    const [, group, , length] = x.shape as Shape4;
    return { x, w: reshape(inRuns(right[index]!), [group, 1, 1, length]), group };
  });
  return addRuns([addConvs(products)], type, scale);
}

/**
 * Makes runs of pixels channels: [1, blocks * runs * P, 1, pixels of a run]. Sums over runs, then of runs, round far
 * less than one long sum in float32, and have more to share among threads.
 */
function inRuns(part: Value) {
  const [, channels, height, width] = part.shape as Shape4;
  const pixels = height * width;
  let runs = Math.floor(Math.sqrt(pixels));
  while (pixels % runs !== 0) runs--;
  return reshape(part, [1, channels * runs, 1, pixels / runs]);
}

/** Adds up [1, blocks * runs * P, 1, 1] of each part. */
function addRuns(partial: readonly Value[], type: FeatureMapType, scale: number) {
  const { block } = type;
  const channels = phaseShape(type)[1];
  const runs = partial.map((part) => reshape(part, [channels / block, part.shape[1]! / channels, block]));
  const sums = reshape(reduceSum(concat(runs, 1), [1]), [1, channels, 1, 1]);
  return mul(reduceChannels(sums, type), scale);
}

const total = (values: readonly Value[]) => values.reduce((sum, value) => add(sum, value));
const scaled = (value: Value, gain: ChannelVector | undefined) => (gain ? mul(value, gain) : value);

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
