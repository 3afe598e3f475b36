import { drawCodes, normalizeRows, type Prior } from '../age/prior.js';
import type { Condition } from '../networks/network.js';
import type { RandomStream } from '../random.js';

type ConditionShape = Pick<Condition, 'shape' | 'parts'>;

/**
 * Where codes of images lie: a mixture of K Gaussians. Codes of images fill the sphere unevenly, and codes between
 * their groups decode to damaged images (Ghosh et al. 2020, arXiv 1903.12436). D numbers that summarize the condition of
 * an image move the means, and decide how probable each Gaussian is.
 */
export interface CodeDensity {
  /** ln of the share of each Gaussian, [K]. */
  logShares: Float32Array;
  /** Without a condition, [K, M]. */
  means: Float32Array;
  /** L of the covariances L L^T, lower triangular, [K, M, M]. */
  factors: Float32Array;
  /** How far each number of a condition moves the means, [D, M]. */
  slopes: Float32Array;
  /** ln of the probability of each number, if it is 1, [K, D]; 0 for numbers that can have other values. */
  logLikelihoods: Float32Array;
  /** What codes without a condition say about each number of it, of `fitConditionPredictor`, [K, M + 1]. */
  predictor: Float32Array;
}

/** The shapes of a density's tensors. */
export const densityShapes = (gaussians: number, latentSize: number, condition: ConditionShape | undefined) =>
  ({
    logShares: [gaussians],
    means: [gaussians, latentSize],
    factors: [gaussians, latentSize, latentSize],
    slopes: [summarySize(condition), latentSize],
    logLikelihoods: [gaussians, summarySize(condition)],
    predictor: [condition?.shape.length === 1 ? condition.shape[0]! : 0, latentSize + 1],
  }) satisfies Record<keyof CodeDensity, readonly number[]>;

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
 */
export function drawSampleCodes(
  { density, prior, latentSize, condition }: CodeSource,
  count: number,
  stream: RandomStream,
  y?: Float32Array,
): Float32Array {
  if (density === undefined) return drawCodes(prior, count, latentSize, stream);
  const numbers = density.slopes.length / latentSize;
  const unknown = () => new Float32Array(condition!.shape.reduce((size, side) => size * side, count));
  const summaries = condition ? summarize(condition, y ?? unknown()) : new Float32Array(0);
  const codes = new Float32Array(count * latentSize);
  const noise = new Float32Array(latentSize);
  for (let row = 0; row < count; row++) {
    const summary = summaries.subarray(row * numbers, (row + 1) * numbers);
    const gaussian = chooseGaussian(density, summary, stream.uniform());
    codes.set(codeIn(density, gaussian, summary, stream.fillNormal(noise)), row * latentSize);
  }
  return prior === 'sphere' ? normalizeRows(codes, latentSize) : codes;
}

/** @param draw in [0, 1) */
function chooseGaussian({ logShares, logLikelihoods }: CodeDensity, summary: Float32Array, draw: number) {
  const scores = Array.from(logShares, (logShare, gaussian) =>
    summary.reduce(
      (score, value, number) => score + value * logLikelihoods[gaussian * summary.length + number]!,
      logShare,
    ),
  );
  const most = Math.max(...scores);
  const shares = scores.map((score) => Math.exp(score - most));
  let left = draw * shares.reduce((sum, share) => sum + share, 0);
  const chosen = shares.findIndex((share) => (left -= share) < 0);
  return chosen < 0 ? shares.length - 1 : chosen;
}

/** @param noise normal [M] */
function codeIn(
  { means, factors, slopes }: CodeDensity,
  gaussian: number,
  summary: Float32Array,
  noise: Float32Array,
): Float32Array {
  const { length: size } = noise;
  return noise.map((_, row) => {
    let value = means[gaussian * size + row]!;
    for (let number = 0; number < summary.length; number++) value += summary[number]! * slopes[number * size + row]!;
    const start = (gaussian * size + row) * size;
    for (let column = 0; column <= row; column++) value += factors[start + column]! * noise[column]!;
    return value;
  });
}
