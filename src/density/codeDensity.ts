import { drawCodes, normalizeRows, type Prior } from '../age/prior.js';
import type { Condition } from '../networks/network.js';
import type { RandomStream } from '../random.js';

type ConditionShape = Pick<Condition, 'shape' | 'parts'>;

/**
 * Where codes of images lie: a mixture of K Gaussians. Codes of images fill the sphere unevenly, and codes between
 * their groups decode to damaged images (Ghosh et al. 2020, arXiv 1903.12436). D numbers that summarize the condition of
 * an image move the means. Samples are near lines between N codes and their neighbors, because Gaussians of few codes in
 * many dimensions cover the space between the codes too; codes of images with the requested condition are more probable.
 */
export interface CodeDensity {
  /** Without a condition, [K, M]. */
  means: Float32Array;
  /** L of the covariances L L^T, lower triangular, [K, M, M]. */
  factors: Float32Array;
  /** How far each number of a condition moves the means, [D, M]. */
  slopes: Float32Array;
  /** Codes of images without a condition, in the order of the Gaussians, [N, M]. N is 0 in earlier checkpoints. */
  codes: Float32Array;
  /** How many of `codes` each Gaussian has, [K]; empty if there are none. */
  counts: Float32Array;
  /** Rows of the nearest codes of each, itself first, [N, P]. */
  neighbors: Float32Array;
  /** ln of the share of each start, [S]. Samples start at one of the N codes, or without them at one of the K means. */
  logShares: Float32Array;
  /** What each number of a condition adds to it, [S, D]. */
  logLikelihoods: Float32Array;
  /** What each number of a condition of classes or attributes adds to the center of codes with it, [K, M] (`recenter`). */
  centers: Float32Array;
  /** What codes without a condition say about each number of it, of `fitConditionPredictor`, [K, M + 1]. */
  predictor: Float32Array;
}

/** P, if there are as many codes. */
export const NEIGHBORS = 6;
/** Standard deviation of samples around such lines, relative to their Gaussian's. Without codes it is 1. */
export const SAMPLE_NOISE = 0.6;

/** The most probable codes, given a condition, of which none is more probable than another. */
export const EQUAL_STARTS = 5;

/** The shapes of a density's tensors. @param codes N */
export const densityShapes = (
  gaussians: number,
  codes: number,
  latentSize: number,
  condition: ConditionShape | undefined,
) =>
  ({
    means: [gaussians, latentSize],
    factors: [gaussians, latentSize, latentSize],
    slopes: [summarySize(condition), latentSize],
    codes: [codes, latentSize],
    counts: [codes > 0 ? gaussians : 0],
    neighbors: [codes, Math.min(NEIGHBORS, codes)],
    logShares: [codes || gaussians],
    logLikelihoods: [codes || gaussians, summarySize(condition)],
    centers: [numbersOf(condition), latentSize],
    predictor: [numbersOf(condition), latentSize + 1],
  }) satisfies Record<keyof CodeDensity, readonly number[]>;

/** K, or 0 of pictures. */
const numbersOf = (condition: ConditionShape | undefined) => (condition?.shape.length === 1 ? condition.shape[0]! : 0);

/** Sides of the picture that stands for a condition that is one. */
export const THUMBNAIL = 4;

/** D. */
export function summarySize(condition: ConditionShape | undefined): number {
  if (condition === undefined) return 0;
  const [first, ...sides] = condition.shape as [number, ...number[]];
  return sides.length === 0 ? first + 1 : first * THUMBNAIL ** 2;
}

/**
 * Returns what a density knows about conditions, [N, D]: their numbers and whether there are none, or a thumbnail of a
 * picture.
 * @param conditions [N, K], or [N, C, H, W]
 */
export function summarize({ shape }: ConditionShape, conditions: Float32Array): Float32Array {
  const [first, height, width] = shape as [number, number?, number?];
  if (height === undefined || width === undefined) {
    const count = conditions.length / first;
    const summaries = new Float32Array(count * (first + 1));
    for (let row = 0; row < count; row++) {
      const condition = conditions.subarray(row * first, (row + 1) * first);
      summaries.set(condition, row * (first + 1));
      summaries[row * (first + 1) + first] = condition.some((value) => value !== 0) ? 0 : 1;
    }
    return summaries;
  }
  const planes = conditions.length / (height * width);
  const summaries = new Float32Array(planes * THUMBNAIL ** 2);
  const share = THUMBNAIL ** 2 / (height * width);
  for (let index = 0; index < conditions.length; index++) {
    const [plane, pixel] = [Math.floor(index / (height * width)), index % (height * width)];
    const [row, column] = [Math.floor(pixel / width), pixel % width];
    const cell = Math.floor((row * THUMBNAIL) / height) * THUMBNAIL + Math.floor((column * THUMBNAIL) / width);
    summaries[plane * THUMBNAIL ** 2 + cell]! += share * conditions[index]!;
  }
  return summaries;
}

/** Where codes of samples are drawn from: the density of codes of images, if there is one, or the prior. */
export interface CodeSource {
  density?: CodeDensity | undefined;
  prior: Prior;
  latentSize: number;
  condition?: Pick<Condition, 'shape' | 'parts'> | undefined;
}

/**
 * Draws codes of samples, row-major [count, M].
 * @param y their conditions, [count, ...shape] (default: unknown)
 * @param truncation factor of the distance from the mean of a Gaussian of the density: below 1 codes are more typical,
 *   above 1 less (default: 1), as in StyleGAN (Mokady et al. 2022, arXiv 2202.12211, with several means). The prior ignores
 *   it.
 */
export function drawSampleCodes(
  source: CodeSource,
  count: number,
  stream: RandomStream,
  y?: Float32Array,
  truncation = 1,
): Float32Array {
  const { density, prior, latentSize } = source;
  if (density === undefined) return drawCodes(prior, count, latentSize, stream);
  const numbers = density.slopes.length / latentSize;
  const summaries = summariesOf(source, count, y);
  const gaussians = gaussianOfStarts(density);
  const codes = new Float32Array(count * latentSize);
  const noise = new Float32Array(latentSize);
  let weights: Float64Array = new Float64Array(0);
  let previous: Float32Array | undefined;
  for (let row = 0; row < count; row++) {
    const summary = summaries.subarray(row * numbers, (row + 1) * numbers);
    // Samples in a row often have the same condition, or none.
    if (!previous?.every((value, at) => value === summary[at])) weights = startWeights(density, summary);
    previous = summary;
    const chosen = chooseBy(weights, stream.uniform());
    const start = startAt(density, chosen, weights, [stream.uniform(), stream.uniform()]);
    stream.fillNormal(noise);
    codes.set(codeNear(density, { gaussian: gaussians[chosen]!, start, summary, noise, truncation }), row * latentSize);
  }
  return prior === 'sphere' ? normalizeRows(codes, latentSize) : codes;
}

/** Summaries [count, D] of conditions, empty without. @param y [count, ...shape] (default: unknown) */
export function summariesOf({ condition }: CodeSource, count: number, y?: Float32Array): Float32Array {
  if (!condition) return new Float32Array(0);
  return summarize(condition, y ?? new Float32Array(condition.shape.reduce((size, side) => size * side, count)));
}

/**
 * Returns how probable each start is, relative to the most probable ones, [S]. These are equally probable: few images
 * have all of many attributes, and samples of one code differ little.
 * @param summary [D]
 */
export function startWeights({ codes, logShares, logLikelihoods }: CodeDensity, summary: Float32Array): Float64Array {
  const weights = Float64Array.from(logShares);
  for (const [number, value] of summary.entries()) {
    // Most numbers of classes are 0.
    if (value === 0) continue;
    for (let start = 0; start < weights.length; start++)
      weights[start]! += value * logLikelihoods[start * summary.length + number]!;
  }
  const isChoiceOfCodes = codes.length > 0 && summary.length > 0;
  const most = weights.toSorted().at(isChoiceOfCodes ? -Math.min(EQUAL_STARTS, weights.length) : -1)!;
  return weights.map((weight) => Math.exp(Math.min(0, weight - most)));
}

/** The Gaussian of each start, [S]. */
export function gaussianOfStarts({ counts, logShares }: CodeDensity): Uint16Array {
  const gaussians = Uint16Array.from(logShares.keys());
  let first = 0;
  for (const [gaussian, count] of counts.entries()) gaussians.fill(gaussian, first, (first += count));
  return gaussians;
}

/** @param draw in [0, 1) */
function chooseBy(weights: Float64Array, draw: number) {
  let left = draw * weights.reduce((sum, weight) => sum + weight, 0);
  const chosen = weights.findIndex((weight) => (left -= weight) < 0);
  return chosen < 0 ? weights.length - 1 : chosen;
}

/**
 * Returns a point between a code and one of its neighbors, or a mean if there are no codes, [M].
 * @param weights of all starts
 * @param draws in [0, 1): of the neighbor, and of the place between both
 */
function startAt(
  { means, codes, neighbors }: CodeDensity,
  chosen: number,
  weights: Float64Array,
  [draw, place]: readonly [number, number],
): Float32Array {
  const size = (codes.length || means.length) / weights.length;
  const rowOf = (table: Float32Array, row: number) => table.subarray(row * size, (row + 1) * size);
  if (codes.length === 0) return rowOf(means, chosen);
  const width = neighbors.length / weights.length;
  const near = neighbors.subarray(chosen * width, (chosen + 1) * width);
  const weightsOfNear = Float64Array.from(near, (row) => weights[row]!);
  const neighbor = rowOf(codes, near[chooseBy(weightsOfNear, draw)]!);
  return rowOf(codes, chosen).map((value, at) => value + place * (neighbor[at]! - value));
}

interface Draw {
  gaussian: number;
  /** [M], before the condition moves it. */
  start: Float32Array;
  summary: Float32Array;
  /** Normal [M]. */
  noise: Float32Array;
  truncation: number;
}

function codeNear(density: CodeDensity, { gaussian, start, summary, noise, truncation }: Draw): Float32Array {
  const { length: size } = noise;
  const shift = shiftOf(density, summary, size);
  const scale = density.codes.length > 0 ? SAMPLE_NOISE : 1;
  return noise.map((_, row) => {
    const mean = density.means[gaussian * size + row]!;
    const factors = (gaussian * size + row) * size;
    let offset = start[row]! - mean;
    for (let column = 0; column <= row; column++) offset += scale * density.factors[factors + column]! * noise[column]!;
    return mean + shift[row]! + truncation * offset;
  });
}

/** How far a condition moves the means, [M]. @param summary [D] */
export const shiftOf = ({ slopes }: CodeDensity, summary: Float32Array, size: number): Float64Array =>
  Float64Array.from({ length: size }, (_, row) =>
    summary.reduce((sum, value, number) => sum + value * slopes[number * size + row]!, 0),
  );
