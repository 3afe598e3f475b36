import { divergence, type DivergenceOptions, minDivergence } from '../age/objective.js';
import type { Prior } from '../age/prior.js';
import { type Compile, graphOf, input } from '../engine/index.js';
import { codeStatistics, nearestCodeDistances } from './codeStatistics.js';
import { columnMeans, type Features } from '../numerics/features.js';

/** Codes that the distance to the nearest other one is measured among: it depends on their number. */
export const NEAREST_CODES = 5000;
/** Codes that the divergence without a Gaussian takes at once: its memory grows with their square. */
const NEAREST_DIVERGENCE_CODES = 1000;

/** Mean and variance of each coordinate [M]. */
export interface CodeMoments {
  readonly means: readonly number[];
  readonly variances: readonly number[];
}

/** What is said of a set of codes: metrics by name, without `_real` or `_fake`, and the moments of each coordinate. */
export interface CodeScores {
  readonly metrics: Readonly<Record<string, number>>;
  readonly moments: CodeMoments;
}

/**
 * Scores codes against the prior: divergence (all codes as one batch) and its excess over the least value that it can have; least and
 * largest variance of a coordinate, as parts of the prior's; on the sphere also the length of the mean code, Rayleigh's and Bingham's
 * statistics over their degrees of freedom (1 is expected of uniform codes) with their p-values, and the median distance of a code to the
 * nearest other one.
 * @param codes [N, M], at least 2
 */
export async function scoreCodes(codes: Features, prior: Prior, options: DivergenceOptions, compile: Compile): Promise<CodeScores> {
  const value = await divergenceOf(codes, options, compile);
  const floor = minDivergence(options, prior, codes.width);
  const spread = prior === 'sphere' ? sphereScores(codes) : normalScores(codes);
  return {
    metrics: { divergence: value, ...(floor === undefined ? {} : { divergence_excess: value - floor }), ...spread.metrics },
    moments: spread.moments,
  };
}

function sphereScores(codes: Features): CodeScores {
  const { means, relativeVariances, resultantLength, minRelativeVariance, maxRelativeVariance, rayleigh, bingham } = codeStatistics(codes);
  return {
    metrics: {
      resultant: resultantLength,
      least_variance: minRelativeVariance,
      largest_variance: maxRelativeVariance,
      rayleigh: rayleigh.statistic / rayleigh.degreesOfFreedom,
      rayleigh_p: rayleigh.pValue,
      bingham: bingham.statistic / bingham.degreesOfFreedom,
      bingham_p: bingham.pValue,
      nearest_code: medianNearest(codes),
    },
    moments: { means: Array.from(means), variances: Array.from(relativeVariances, (variance) => variance / codes.width) },
  };
}

function normalScores(codes: Features): CodeScores {
  const { data, width } = codes;
  const means = columnMeans(codes);
  const squares = columnMeans({ data: Float64Array.from(data, (value) => value * value), width });
  const variances = Array.from(squares, (square, coordinate) => square - means[coordinate]! ** 2);
  const bound = (better: (a: number, b: number) => number) => variances.reduce((best, variance) => better(best, variance));
  return { metrics: { least_variance: bound(Math.min), largest_variance: bound(Math.max) }, moments: { means: Array.from(means), variances } };
}

/** The median distance of a code on the sphere to the nearest other one, among the first `NEAREST_CODES`. */
export function medianNearest({ data, width }: Features): number {
  const distances = nearestCodeDistances({ data: data.subarray(0, NEAREST_CODES * width), width });
  return medianOf(distances);
}

/** The middle of the numbers in order; of two middle ones their mean. */
export function medianOf(values: Float64Array): number {
  const sorted = values.slice().sort();
  const middle = sorted.length / 2;
  return (sorted[Math.ceil(middle) - 1]! + sorted[Math.floor(middle)]!) / 2;
}

/** The mean cosine of codes with those that they were generated from, [N, M] both. */
export function meanCosineWith(a: Float32Array, b: Float32Array, latent: number): number {
  let total = 0;
  for (let start = 0; start < a.length; start += latent) {
    let [product, squaresOfA, squaresOfB] = [0, 0, 0];
    for (let index = start; index < start + latent; index++) {
      product += a[index]! * b[index]!;
      squaresOfA += a[index]! ** 2;
      squaresOfB += b[index]! ** 2;
    }
    total += product / Math.sqrt(squaresOfA * squaresOfB);
  }
  return (total * latent) / a.length;
}

/** The divergence that training reports, of all codes at once. */
async function divergenceOf({ data, width }: Features, options: DivergenceOptions, compile: Compile): Promise<number> {
  const codes = data.subarray(0, options.divergence === 'nearest' ? NEAREST_DIVERGENCE_CODES * width : undefined);
  const program = await compile(graphOf({ value: divergence(input('codes', [codes.length / width, width]), options) }));
  const { value } = await program.run({ codes: Float32Array.from(codes) });
  await program.release();
  return (value!.data as Float32Array)[0]!;
}
