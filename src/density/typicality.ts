import { randomStream } from '../random.js';
import {
  type CodeDensity,
  type CodeSource,
  drawSampleCodes,
  gaussianOfStarts,
  shiftOf,
  startWeights,
  summariesOf,
} from './codeDensity.js';

/** Draws that a code is compared with. */
const DRAWS = 200;
/** Gaussians whose density is smaller by this in ln add nothing to the sum in float64; most are far from a code. */
const NEGLIGIBLE = 40;

/**
 * Returns ln of the density at codes, given their conditions.
 * @param codes [N, M]
 * @param y [N, ...shape] (default: unknown)
 */
export function logDensities(
  source: CodeSource & { density: CodeDensity },
  codes: Float32Array,
  y?: Float32Array,
): Float64Array {
  const { density, latentSize: size } = source;
  const count = codes.length / size;
  const numbers = density.slopes.length / size;
  const summaries = summariesOf(source, count, y);
  const volumes = logVolumes(density, size);
  const gaussians = gaussianOfStarts(density);
  return Float64Array.from({ length: count }, (_, row) => {
    const code = codes.subarray(row * size, (row + 1) * size);
    const summary = summaries.subarray(row * numbers, (row + 1) * numbers);
    const shift = shiftOf(density, summary, size);
    const moved = Float64Array.from(code, (value, at) => value - shift[at]!);
    const weights = logGaussianWeights(startWeights(density, summary), gaussians);
    const each: number[] = [];
    let most = -Infinity;
    for (const [gaussian, weight] of weights.entries()) {
      const highest = weight - volumes[gaussian]!;
      each.push(highest - squaredDistance(density, gaussian, moved, 2 * (highest - most + NEGLIGIBLE)) / 2);
      most = Math.max(most, each.at(-1)!);
    }
    return logSum(each) - logSum(weights);
  });
}

/**
 * Returns a function of a code [M]: the share of samples, 0 to 1, whose codes are less probable. Codes of images have
 * about 0.5 on average. The function compares with draws of the same condition, because some conditions are rarer.
 * @param y the condition, [...shape] (default: unknown)
 */
export function fitTypicality(
  source: CodeSource & { density: CodeDensity },
  y?: Float32Array,
): (code: Float32Array) => number {
  const repeated = y && Float32Array.from({ length: DRAWS * y.length }, (_, at) => y[at % y.length]!);
  const draws = drawSampleCodes(source, DRAWS, randomStream(0, 'typicality'), repeated);
  const sorted = logDensities(source, draws, repeated).sort();
  return (code) => {
    const [value] = logDensities(source, code, y) as unknown as [number];
    return sorted.filter((draw) => draw < value).length / DRAWS;
  };
}

/**
 * Returns ln of how probable each Gaussian is, up to a constant, [K].
 * @param weights of the starts, and the Gaussians that these belong to, [S]
 */
function logGaussianWeights(weights: Float64Array, gaussians: Uint16Array): number[] {
  const sums = new Array<number>(gaussians.at(-1)! + 1).fill(0);
  for (const [start, gaussian] of gaussians.entries()) sums[gaussian]! += weights[start]!;
  return sums.map(Math.log);
}

/** ln of sqrt(det(2 pi L L^T)) of each Gaussian. */
function logVolumes({ means, factors }: CodeDensity, size: number): number[] {
  return Array.from({ length: means.length / size }, (_, gaussian) => {
    let volume = (size * Math.log(2 * Math.PI)) / 2;
    for (let at = 0; at < size; at++) volume += Math.log(factors[(gaussian * size + at) * size + at]!);
    return volume;
  });
}

/**
 * Returns the squared norm of u in L u = code - mean, the Mahalanobis distance.
 * @param limit from which the Gaussian counts nothing; the rest of the sum is left out
 */
function squaredDistance({ means, factors }: CodeDensity, gaussian: number, code: Float64Array, limit: number): number {
  const { length: size } = code;
  const solution = new Float64Array(size);
  let sum = 0;
  for (let row = 0; row < size && sum < limit; row++) {
    const start = (gaussian * size + row) * size;
    let value = code[row]! - means[gaussian * size + row]!;
    for (let column = 0; column < row; column++) value -= factors[start + column]! * solution[column]!;
    solution[row] = value / factors[start + row]!;
    sum += solution[row]! ** 2;
  }
  return sum;
}

/** ln of the sum of exponentials. */
function logSum(values: readonly number[]): number {
  const most = Math.max(...values);
  return most + Math.log(values.reduce((sum, value) => sum + Math.exp(value - most), 0));
}
