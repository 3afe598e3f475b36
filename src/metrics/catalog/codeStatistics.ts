import { InputError } from '../../errors.js';
import { checkFeatures, columnMeans, type Features } from '../../numerics/features.js';
import { multiplyTransposed, transposed } from '../../numerics/matrixProduct.js';
import { fitGaussian } from '../../numerics/principalComponents.js';
import { symmetricEigenvalues } from '../../numerics/symmetricEigen.js';
import { type ContextEntry, realAndFake, withSuffix } from '../metric.js';
import type { Prior } from '../../age/prior.js';

const isOnSphere = ({ prior }: { readonly prior: Prior }) => prior === 'sphere';

export const codeMoments: ContextEntry = {
  group: 'latent',
  metrics: [
    ...realAndFake({
      name: 'code_variance',
      meaning: 'total variance of the codes, relative to the prior',
      better: 'none',
      range: '0 or more; on the sphere 0 to 1',
      goodValue: '1 if codes are distributed as the prior; near 0 if they lie close together; MNIST: 0.98 by default',
      reference: 'mean over coordinates of the variance times M (sphere), or of the variance (normal)',
    }),
    ...realAndFake({
      name: 'effective_rank',
      meaning: 'number of directions over which the variance of the codes is distributed',
      better: 'higher',
      range: '1 to M',
      goodValue: 'M if codes are distributed as the prior; MNIST: 26 of 64 by default',
      reference: "exp of the entropy of the covariance's eigenvalues, divided by their sum (Roy and Vetterli 2007)",
    }),
    ...realAndFake({
      name: 'min_variance',
      meaning: 'smallest variance of a latent coordinate, relative to the prior',
      better: 'none',
      range: '0 or more; on the sphere 0 to 1',
      goodValue: '1 if codes are distributed as the prior; near 0 if a coordinate is unused',
      reference: 'minimum over coordinates of the variance times M (sphere), or of the variance (normal)',
    }),
    ...realAndFake({
      name: 'max_variance',
      meaning: 'largest variance of a latent coordinate, relative to the prior',
      better: 'none',
      range: '0 or more; on the sphere 0 to M',
      goodValue: '1 if codes are distributed as the prior; M if all codes lie on one axis of the sphere',
      reference: 'maximum over coordinates of the variance times M (sphere), or of the variance (normal)',
    }),
    ...realAndFake({
      name: 'mean_resultant_length',
      meaning: 'length of the mean code, 0 if balanced and 1 if all codes are equal',
      better: 'lower',
      range: '0 to 1',
      goodValue: '1/sqrt(N) is expected of N uniform codes, 0.01 for 10,000',
      reference: 'norm of the mean code (Mardia and Jupp 2000)',
      isDefinedFor: isOnSphere,
    }),
    ...realAndFake({
      name: 'rayleigh',
      meaning: "Rayleigh's statistic of uniformity (first moments) per degree of freedom, 1 if uniform",
      better: 'none',
      range: '0 to N, the number of codes',
      goodValue: '1 is expected of uniform codes',
      reference: 'N M R^2 on M degrees of freedom (Mardia and Jupp 2000, 10.4.1)',
      isDefinedFor: isOnSphere,
    }),
    ...realAndFake({
      name: 'bingham',
      meaning: "Bingham's statistic of uniformity (second moments) per degree of freedom, 1 if uniform",
      better: 'none',
      range: '0 to N, the number of codes',
      goodValue: '1 is expected of uniform codes',
      reference:
        'N M (M + 2) / 2 (tr(T^2) - 1/M) on (M - 1)(M + 2) / 2 degrees of freedom (Mardia and Jupp 2000, 10.7.1)',
      isDefinedFor: isOnSphere,
    }),
  ],
  needs: ['codes'],
  compute: async (context) => {
    const { prior } = context.subject.model;
    const real = scoreMoments((await context.images()).codes, prior);
    const fake = scoreMoments((await context.samples()).recovered, prior);
    return {
      metrics: { ...withSuffix(real.metrics, '_real'), ...withSuffix(fake.metrics, '_fake') },
      details: { moments: { real: real.moments, fake: fake.moments } },
    };
  },
};

/** Mean and variance of each coordinate [M]. */
interface CodeMoments {
  readonly means: readonly number[];
  readonly variances: readonly number[];
}

function scoreMoments(
  codes: Features,
  prior: Prior,
): { readonly metrics: Record<string, number>; readonly moments: CodeMoments } {
  const rank = { effective_rank: effectiveRank(codes) };
  if (prior === 'normal') {
    const { means, variances } = columnMoments(codes);
    return {
      metrics: { ...varianceScores(variances), ...rank },
      moments: { means: Array.from(means), variances: Array.from(variances) },
    };
  }
  const { means, relativeVariances, meanResultantLength, rayleigh, bingham } = codeStatistics(codes);
  return {
    metrics: {
      ...varianceScores(relativeVariances),
      ...rank,
      mean_resultant_length: meanResultantLength,
      rayleigh: rayleigh.statistic / rayleigh.degreesOfFreedom,
      bingham: bingham.statistic / bingham.degreesOfFreedom,
    },
    moments: {
      means: Array.from(means),
      variances: Array.from(relativeVariances, (variance) => variance / codes.width),
    },
  };
}

const varianceScores = (variances: Float64Array) => ({
  code_variance: variances.reduce((sum, variance) => sum + variance, 0) / variances.length,
  min_variance: variances.reduce((least, variance) => Math.min(least, variance)),
  max_variance: variances.reduce((most, variance) => Math.max(most, variance)),
});

/**
 * Returns exp of the entropy of the eigenvalues of the codes' covariance, divided by their sum: M if they vary equally in all directions, 1 if
 * along one line (Roy and Vetterli 2007). 1 if they do not vary.
 * @param codes [N, M], at least 2
 * @throws {InputError} if there are fewer, or a value is not finite
 */
export function effectiveRank(codes: Features): number {
  const eigenvalues = symmetricEigenvalues(fitGaussian(codes, 'codes').covariance, codes.width);
  const positive = eigenvalues.filter((value) => value > 0);
  const total = positive.reduce((sum, value) => sum + value, 0);
  return Math.exp(positive.reduce((entropy, value) => entropy - (value / total) * Math.log(value / total), 0));
}

function columnMoments(codes: Features): { readonly means: Float64Array; readonly variances: Float64Array } {
  const means = columnMeans(codes);
  const squares = columnMeans({ data: Float64Array.from(codes.data, (value) => value * value), width: codes.width });
  return { means, variances: squares.map((square, coordinate) => square - means[coordinate]! ** 2) };
}

/** A statistic of the hypothesis that codes are uniform on the sphere. */
export interface UniformityStatistic {
  /** Chi-square distributed under the hypothesis, for many codes. */
  readonly statistic: number;
  readonly degreesOfFreedom: number;
}

/** How codes are distributed over the unit sphere of R^M. */
export interface CodeStatistics {
  /** Mean of each coordinate [M]; 0 if uniform. */
  readonly means: Float64Array;
  /** Variance of each coordinate [M] (divided by N), times M; 1 if uniform. */
  readonly relativeVariances: Float64Array;
  /** Length of the mean code: 0 if balanced, 1 if all are equal. */
  readonly meanResultantLength: number;
  /** First moments: detects codes that concentrate on one side. */
  readonly rayleigh: UniformityStatistic;
  /** Second moments: detects codes that concentrate around axes or planes, including opposite ones. */
  readonly bingham: UniformityStatistic;
}

/** Tolerance for the length of a code, due to float32 rounding. */
const TOLERANCE = 1e-3;

/**
 * Computes moments of codes on the sphere and the statistics of Rayleigh, N M R^2 on M degrees of freedom (R the length of the mean), and
 * Bingham, N M (M + 2) / 2 (tr(T^2) - 1 / M) on (M - 1)(M + 2) / 2 (T the mean of z z^T); Mardia and Jupp 2000, 10.4.1 and 10.7.1.
 * @param codes [N, M] of length 1, at least 2, M >= 2
 * @throws {InputError} if there are fewer, the length of a code is not 1 within 1e-3, or a value is not finite
 */
export function codeStatistics(codes: Features): CodeStatistics {
  const count = requireUnitCodes(codes);
  const latent = codes.width;
  const means = columnMeans(codes);
  const second = secondMoments(codes);
  const resultant = means.reduce((sum, mean) => sum + mean * mean, 0);
  const squares = second.reduce((sum, moment) => sum + moment * moment, 0);
  return {
    means,
    relativeVariances: means.map(
      (mean, coordinate) => latent * (second[coordinate * latent + coordinate]! - mean * mean),
    ),
    meanResultantLength: Math.sqrt(resultant),
    rayleigh: { statistic: count * latent * resultant, degreesOfFreedom: latent },
    bingham: {
      statistic: ((count * latent * (latent + 2)) / 2) * (squares - 1 / latent),
      degreesOfFreedom: ((latent - 1) * (latent + 2)) / 2,
    },
  };
}

function requireUnitCodes(codes: Features): number {
  const count = checkFeatures(codes, 'codes', 2);
  const { data, width } = codes;
  if (width < 2) throw new InputError('codes', 'expected at least 2 dimensions but got 1');
  for (let code = 0; code < count; code++) {
    let squares = 0;
    for (let index = code * width; index < (code + 1) * width; index++) squares += data[index]! * data[index]!;
    if (Math.abs(Math.sqrt(squares) - 1) > TOLERANCE)
      throw new InputError('codes', `the norm of code ${code} is ${Math.sqrt(squares)}, but must be 1`);
  }
  return count;
}

/** Returns the mean of z z^T [M, M], scaled to trace 1, because rounding of float32 lengths becomes significant for many codes. */
function secondMoments(codes: Features): Float64Array {
  const columns = transposed(codes);
  const moments = multiplyTransposed(columns, columns);
  let trace = 0;
  for (let coordinate = 0; coordinate < codes.width; coordinate++) trace += moments[coordinate * (codes.width + 1)]!;
  return moments.map((moment) => moment / trace);
}
