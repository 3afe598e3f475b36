import { add, concat, mul, reduceSum, reshape, slice, sub } from '../../operators/index.js';
import { type Shape4, sizeOf } from '../../shape.js';
import { constant, splatValue, type Value } from '../../value.js';
import { type FeatureMapType, padAxis, padded, type PhaseTensors, phaseShape } from './layout.js';
import { type Activation, blockedConv, blockedMean } from './operators.js';

/** One value per channel, plain [1, C, 1, 1], or a single value for all channels. */
export type ChannelVector = Value;

interface Term {
  readonly parts: PhaseTensors;
  readonly gain?: ChannelVector | undefined;
}

/**
 * A sum of feature maps, each scaled by one value per channel, plus one value per channel, as in batch normalization.
 * Adding and scaling forms is arithmetic on few values. As a feature map, a form costs one pass per term: a depthwise 1x1
 * convolution runs at 32-71 GB/s. Mul and Add of broadcast operands would take one pass each at 18 GB/s.
 */
export interface AffineForm {
  readonly terms: readonly Term[];
  readonly bias?: ChannelVector | undefined;
}

export const toAffine = (parts: PhaseTensors): AffineForm => ({ terms: [{ parts }] });

/** The parts of a form of one unscaled term without a bias. */
export function asParts({ terms: [first, ...others], bias }: AffineForm) {
  return others.length === 0 && first?.gain === undefined && bias === undefined ? first?.parts : undefined;
}

export function addAffine(a: AffineForm, b: AffineForm): AffineForm {
  const terms = [...a.terms];
  for (const term of b.terms) {
    const same = terms.findIndex(({ parts }) => parts === term.parts);
    if (same < 0) terms.push(term);
    else terms[same] = { parts: term.parts, gain: add(gainOf(terms[same]!), gainOf(term)) };
  }
  return { terms, bias: a.bias && b.bias ? add(a.bias, b.bias) : (a.bias ?? b.bias) };
}

export const scaleAffine = ({ terms, bias }: AffineForm, by: ChannelVector): AffineForm => ({
  terms: terms.map(({ parts, gain }) => ({ parts, gain: gain ? mul(gain, by) : by })),
  bias: bias && mul(bias, by),
});

export const negateAffine = (affine: AffineForm) => scaleAffine(affine, constant(-1));
export const shiftAffine = ({ terms, bias }: AffineForm, by: ChannelVector): AffineForm => ({
  terms,
  bias: bias ? add(bias, by) : by,
});

const gainOf = ({ gain }: Term) => gain ?? constant(1);

/** Computes a form as a feature map, with an activation in the same pass. */
export function materialize(affine: AffineForm, type: FeatureMapType, activation?: Activation): PhaseTensors {
  const known = activation ? undefined : asParts(affine);
  return known ?? affine.terms[0]!.parts.map((_, part) => materializePart(affine, part, type, activation));
}

function materializePart({ terms, bias }: AffineForm, part: number, type: FeatureMapType, activation?: Activation) {
  const simple = activation || bias ? undefined : addPlainly(terms, part);
  if (simple) return simple;
  return terms.reduce<Value | undefined>((sum, term, index) => {
    const last = index === terms.length - 1;
    const data = term.parts[part]!;
    const group = data.shape[1]!;
    return blockedConv(data, reshape(broadcastChannels(gainOf(term), type), [group, 1, 1, 1]), {
      group,
      sum,
      bias: last && bias ? broadcastChannels(bias, type) : undefined,
      activation: last ? activation : undefined,
    });
  }, undefined)!;
}

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

/** The values for every channel of a part, zeros where channels only fill a block: [channels of the part]. */
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

/** The values of the real channels, plain [1, C, 1, 1], from those of a part [1, channels, 1, 1]. */
function reduceChannels(vector: Value, { channels, kind, phases }: FeatureMapType) {
  if (kind === 'blocked') return slice(vector, 1, 0, channels);
  const perPhase = reshape(slice(vector, 1, 0, channels * phases ** 2), [phases ** 2, channels]);
  return reshape(reduceSum(perPhase, [0]), [1, channels, 1, 1]);
}

/** How many pixels of a row are sampled, and at which step. It is odd, so that they belong to different images. */
export function sampling(width: number): [count: number, step: number] {
  // Their mean is within 0.1 standard deviations of the mean of all, if a row is like the others.
  const count = Math.min(128, width);
  const step = Math.floor((width - 1) / Math.max(1, count - 1));
  return [count, Math.max(1, step % 2 === 0 ? step - 1 : step)];
}

/** Minus the mean of some pixels, spread over a part's first row: one operator that reads little. */
export function negativeSampleMean(part: Value, type: FeatureMapType) {
  const [, channels, height, width] = part.shape as Shape4;
  const [count, step] = sampling(width);
  const kernel = constant(new Float32Array(channels * count).fill(-1 / count), [channels, 1, 1, count]);
  const mean = blockedConv(part, kernel, { group: channels, dilations: [1, step], strides: [height, width] });
  return mul(reduceChannels(mean, type), type.kind === 'spaceToDepth' ? 1 / type.phases ** 2 : 1);
}

/** Sums over batch, rows and columns times a factor, one per channel. */
export class ChannelSums {
  /** @param scale 1 / count yields means */
  constructor(
    private readonly type: FeatureMapType,
    private readonly scale: number,
  ) {}

  ofAffine({ terms, bias }: AffineForm): ChannelVector {
    const sums = terms.map((term) => scaled(this.ofParts(term.parts), term.gain));
    return total(bias ? [...sums, this.ofConstant(bias)] : sums);
  }

  /** The sums of a product of two forms, without computing the product. */
  ofProduct(a: AffineForm, b: AffineForm): ChannelVector {
    const products = a.terms.flatMap((x) =>
      b.terms.map((y) => scaled(scaled(this.ofProductOfParts(x.parts, y.parts), x.gain), y.gain)),
    );
    const withBias = ({ terms }: AffineForm, bias: ChannelVector | undefined) =>
      bias ? terms.map((x) => scaled(scaled(this.ofParts(x.parts), x.gain), bias)) : [];
    return total([
      ...products,
      ...withBias(a, b.bias),
      ...withBias(b, a.bias),
      ...(a.bias && b.bias ? [this.ofConstant(mul(a.bias, b.bias))] : []),
    ]);
  }

  private ofConstant(bias: ChannelVector) {
    const { batch, height, width } = this.type;
    return mul(forEachChannel(bias, this.type), batch * height * width * this.scale);
  }

  private ofParts(parts: PhaseTensors) {
    const runs = parts.map((part) => this.inRuns(part));
    return this.addRuns(runs.map(blockedMean), runs[0]!.shape[3]! * this.scale);
  }

  /** A depthwise convolution with the other map as kernel: 32-59 GB/s, whereas ReduceSumSquare runs at 4. */
  private ofProductOfParts(x: PhaseTensors, y: PhaseTensors) {
    const product = x.reduce<Value | undefined>((sum, part, index) => {
      const runs = this.inRuns(part);
      const [, group, , length] = runs.shape as Shape4;
      return blockedConv(runs, reshape(this.inRuns(y[index]!), [group, 1, 1, length]), { group, sum });
    }, undefined)!;
    return this.addRuns([product], this.scale);
  }

  /**
   * A part whose runs of pixels are blocks of channels of their own: [1, blocks * runs * P, 1, pixels of a run]. Sums
   * over runs, then of runs, round far less than one long sum in float32, and have more to share among threads.
   */
  private inRuns(part: Value) {
    const [, channels, height, width] = part.shape as Shape4;
    const pixels = height * width;
    let runs = Math.floor(Math.sqrt(pixels));
    while (pixels % runs !== 0) runs--;
    return reshape(part, [1, channels * runs, 1, pixels / runs]);
  }

  /** Adds up the runs of all parts, [1, blocks * runs * P, 1, 1] each. */
  private addRuns(partial: readonly Value[], scale: number) {
    const { block } = this.type;
    const channels = phaseShape(this.type)[1];
    const runs = partial.map((part) => reshape(part, [channels / block, part.shape[1]! / channels, block]));
    const sums = reshape(reduceSum(concat(runs, 1), [1]), [1, channels, 1, 1]);
    return mul(reduceChannels(sums, this.type), scale);
  }
}

const total = (values: readonly Value[]) => values.reduce((sum, value) => add(sum, value));
const scaled = (value: Value, gain: ChannelVector | undefined) => (gain ? mul(value, gain) : value);
