import { InputError } from '../errors.js';
import { chiSquareTail } from '../numerics/chiSquare.js';
import { checkFeatures, columnMeans, type Features } from '../numerics/features.js';
import { addProduct, rowMajor, transposed } from '../numerics/matrixProduct.js';
import { nearestOtherRows } from '../numerics/nearestRows.js';

/** A test of the hypothesis that the codes are uniform on the sphere. */
export interface UniformityTest {
  /** Distributed as chi-square where the hypothesis holds, for many codes. */
  readonly statistic: number;
  readonly degreesOfFreedom: number;
  /** Probability of a statistic at least as large where the hypothesis holds, 0 to 1. */
  readonly pValue: number;
}

/** How the codes of a set are spread over the unit sphere of R^M. */
export interface CodeStatistics {
  /** Mean of each coordinate [M]; 0 where uniform. */
  readonly means: Float64Array;
  /** Variance of each coordinate [M] (divided by N), times M; 1 where uniform. */
  readonly relativeVariances: Float64Array;
  /** Largest |mean|, in standard errors of uniform codes, (N M)^(-1/2). */
  readonly largestMean: number;
  readonly minRelativeVariance: number;
  readonly maxRelativeVariance: number;
  /** Length of the mean code: 0 where balanced, 1 where all are equal. */
  readonly resultantLength: number;
  /** First moments: sees codes that gather on one side. */
  readonly rayleigh: UniformityTest;
  /** Second moments: sees codes that gather around axes or planes, opposite ones included. */
  readonly bingham: UniformityTest;
}

/** How far the length of a code may be from 1: what float32 loses. */
const TOLERANCE = 1e-3;

/**
 * Moments of codes against those of the uniform distribution on the sphere, with the tests of Rayleigh, N M R^2 on M degrees of freedom
 * (R the length of the mean), and Bingham, N M (M + 2) / 2 (tr(T^2) - 1 / M) on (M - 1)(M + 2) / 2 (T the mean of z z^T); Mardia and
 * Jupp 2000, 10.4.1 and 10.7.1.
 * @param codes [N, M] of length 1, at least 2, M >= 2
 * @throws InputError for fewer, for codes whose length is not 1 within 1e-3, and for numbers that are not finite
 */
export function codeStatistics(codes: Features): CodeStatistics {
  const count = checkCodes(codes);
  const latent = codes.width;
  const means = columnMeans(codes);
  const second = secondMoments(codes, count);
  const relativeVariances = means.map((mean, coordinate) => latent * (second[coordinate * latent + coordinate]! - mean * mean));
  const resultant = means.reduce((sum, mean) => sum + mean * mean, 0);
  const squares = second.reduce((sum, moment) => sum + moment * moment, 0);
  return {
    means,
    relativeVariances,
    largestMean: means.reduce((largest, mean) => Math.max(largest, Math.abs(mean)), 0) * Math.sqrt(count * latent),
    minRelativeVariance: relativeVariances.reduce((least, variance) => Math.min(least, variance)),
    maxRelativeVariance: relativeVariances.reduce((largest, variance) => Math.max(largest, variance)),
    resultantLength: Math.sqrt(resultant),
    rayleigh: uniformityTest(count * latent * resultant, latent),
    bingham: uniformityTest(((count * latent * (latent + 2)) / 2) * (squares - 1 / latent), ((latent - 1) * (latent + 2)) / 2),
  };
}

/**
 * Euclidean distance of every code to the nearest other one, 0 to 2. To judge them, compare with those of as many codes drawn from the
 * prior: their size depends on the number of codes.
 * @param codes [N, M] of length 1, at least 2
 * @throws InputError as `codeStatistics`
 */
export function nearestCodeDistances(codes: Features): Float64Array {
  checkCodes(codes);
  return nearestOtherRows(codes, 1).squaredDistances.map(Math.sqrt);
}

function checkCodes(codes: Features): number {
  const count = checkFeatures(codes, 'codes', 2);
  const { data, width } = codes;
  if (width < 2) throw new InputError('codes: their length is 1, but a sphere has at least 2 dimensions');
  for (let code = 0; code < count; code++) {
    let squares = 0;
    for (let index = code * width; index < (code + 1) * width; index++) squares += data[index]! * data[index]!;
    if (Math.abs(Math.sqrt(squares) - 1) > TOLERANCE)
      throw new InputError(`codes: the norm of code ${code} is ${Math.sqrt(squares)}, but must be 1: on the sphere`);
  }
  return count;
}

/** The mean of z z^T [M, M], of trace 1 exactly: float32 codes are of length 1 to 1e-7 only, which many codes would make significant. */
function secondMoments({ data, width }: Features, count: number): Float64Array {
  const moments = new Float64Array(width * width);
  const columns = transposed(rowMajor(data, count, width));
  addProduct(moments, width, columns, columns);
  let trace = 0;
  for (let coordinate = 0; coordinate < width; coordinate++) trace += moments[coordinate * (width + 1)]!;
  return moments.map((moment) => moment / trace);
}

function uniformityTest(statistic: number, degreesOfFreedom: number): UniformityTest {
  return { statistic, degreesOfFreedom, pValue: chiSquareTail(statistic, degreesOfFreedom) };
}
