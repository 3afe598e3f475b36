import { InputError } from '../../errors.js';
import { checkFeatures, columnMoments, type Features, rowsIn, sumOf } from '../../numerics/features.js';
import { dot, multiplyTransposed, transposed } from '../../numerics/matrixProduct.js';
import { fitGaussian } from '../../numerics/principalComponents.js';
import { symmetricEigenvalues } from '../../numerics/symmetricEigen.js';
import { type ContextEntry, isOnSphere, realAndFake, realAndFakeValues } from '../metric.js';
import type { Prior } from '../../age/prior.js';

export const codeMoments: ContextEntry = {
  group: 'latent',
  dependsOn: ['codes'],
  metrics: realAndFake({
    code_variance: {
      meaning: 'total variance of the codes, relative to the prior',
      better: 'none',
      range: '0 or more; on the sphere 0 to 1',
      goodValue: '1 if codes are distributed as the prior; near 0 if they lie close together; MNIST: 0.98 by default',
      reference: 'mean over coordinates of the variance times M (sphere), or of the variance (normal)',
    },
    effective_rank: {
      meaning: 'number of directions over which the variance of the codes is distributed',
      better: 'higher',
      range: '1 to M',
      goodValue: 'M if codes are distributed as the prior; MNIST: 26 of 64 by default',
      reference: "exp of the entropy of the covariance's eigenvalues, divided by their sum (Roy and Vetterli 2007)",
    },
    min_variance: {
      meaning: 'smallest variance of a latent coordinate, relative to the prior',
      better: 'none',
      range: '0 or more; on the sphere 0 to 1',
      goodValue: '1 if codes are distributed as the prior; near 0 if a coordinate is unused',
      reference: 'minimum over coordinates of the variance times M (sphere), or of the variance (normal)',
    },
    max_variance: {
      meaning: 'largest variance of a latent coordinate, relative to the prior',
      better: 'none',
      range: '0 or more; on the sphere 0 to M',
      goodValue: '1 if codes are distributed as the prior; M if all codes lie on one axis of the sphere',
      reference: 'maximum over coordinates of the variance times M (sphere), or of the variance (normal)',
    },
    mean_resultant_length: {
      meaning: 'length of the mean code, 0 if balanced and 1 if all codes are equal',
      better: 'lower',
      range: '0 to 1',
      goodValue: '1/sqrt(N) is expected of N uniform codes, 0.01 for 10,000',
      reference: 'norm of the mean code (Mardia and Jupp 2000)',
      isDefinedFor: isOnSphere,
    },
    rayleigh: {
      meaning: "Rayleigh's statistic of uniformity (first moments) per degree of freedom, 1 if uniform",
      better: 'none',
      range: '0 to N, the number of codes',
      goodValue: '1 is expected of uniform codes',
      reference: 'N M R^2 on M degrees of freedom (Mardia and Jupp 2000, 10.4.1)',
      isDefinedFor: isOnSphere,
    },
    bingham: {
      meaning: "Bingham's statistic of uniformity (second moments) per degree of freedom, 1 if uniform",
      better: 'none',
      range: '0 to N, the number of codes',
      goodValue: '1 is expected of uniform codes',
      reference:
        'N M (M + 2) / 2 (tr(T^2) - 1/M) on (M - 1)(M + 2) / 2 degrees of freedom (Mardia and Jupp 2000, 10.7.1)',
      isDefinedFor: isOnSphere,
    },
  }),
  needs: ['codes'],
  compute: async (context) => {
    const { prior } = context.subject.model;
    const real = scoreMoments((await context.images()).codes, prior);
    const fake = scoreMoments((await context.priorSamples()).recovered, prior);
    return {
      metrics: realAndFakeValues(real.metrics, fake.metrics),
      details: { moments: { real: real.moments, fake: fake.moments } },
    };
  },
};

function scoreMoments(codes: Features, prior: Prior) {
  const onSphere = prior === 'sphere' ? codeStatistics(codes) : undefined;
  const { means, variances } = onSphere
    ? { means: onSphere.means, variances: onSphere.relativeVariances.map((variance) => variance / codes.width) }
    : columnMoments(codes);
  const relative = Array.from(onSphere?.relativeVariances ?? variances);
  return {
    metrics: {
      code_variance: sumOf(relative) / codes.width,
      min_variance: Math.min(...relative),
      max_variance: Math.max(...relative),
      effective_rank: effectiveRank(codes),
      ...(onSphere && {
        mean_resultant_length: onSphere.meanResultantLength,
        rayleigh: onSphere.rayleigh.statistic / onSphere.rayleigh.degreesOfFreedom,
        bingham: onSphere.bingham.statistic / onSphere.bingham.degreesOfFreedom,
      }),
    },
    moments: { means: Array.from(means), variances: Array.from(variances) },
  };
}

/** Of equal codes, relative to their length: encoders add up float32 rounding errors of 6e-8. */
const ROUNDING = 1e-6;

/**
 * M if codes [N, M] vary equally in all directions, 1 if on one line or equal. @throws {InputError} for fewer than 2
 */
export function effectiveRank(codes: Features) {
  const { mean, covariance } = fitGaussian(codes, 'codes');
  const eigenvalues = symmetricEigenvalues(covariance, codes.width);
  const meanSquare = sumOf(eigenvalues) + dot(mean, mean);
  const positive = eigenvalues.filter((value) => value > ROUNDING ** 2 * meanSquare);
  const total = sumOf(positive);
  return Math.exp(-sumOf(positive.map((value) => (value / total) * Math.log(value / total))));
}

/** A statistic of the hypothesis that codes are uniform on the sphere. */
export interface UniformityStatistic {
  /** Chi-square distributed under the hypothesis, for many codes. */
  statistic: number;
  degreesOfFreedom: number;
}

/** Distribution of codes over the unit sphere of R^M. */
export interface CodeStatistics {
  /** Mean of each coordinate [M]; 0 if uniform. */
  means: Float64Array;
  /** Variance of each coordinate [M], divided by N, times M; 1 if uniform. */
  relativeVariances: Float64Array;
  /** Length of the mean code: 0 if balanced, 1 if all are equal. */
  meanResultantLength: number;
  /** Detects codes that concentrate on one side. */
  rayleigh: UniformityStatistic;
  /** Detects codes that concentrate around axes or planes. */
  bingham: UniformityStatistic;
}

/**
 * Computes moments of codes [N, M] on the sphere and the statistics of Rayleigh, N M R^2 on M degrees of freedom (R the
 * length of the mean), and Bingham, N M (M + 2) / 2 (tr(T^2) - 1 / M) on (M - 1)(M + 2) / 2 (T the mean of z z^T);
 * Mardia and Jupp 2000, 10.4.1 and 10.7.1.
 * @throws {InputError} if N or M is below 2, the length of a code is not 1 within 1e-3, or a value is not finite
 */
export function codeStatistics(codes: Features): CodeStatistics {
  const unit = unitCodes(codes);
  const [latent, count] = [codes.width, rowsIn(codes)];
  const { means, variances } = columnMoments(unit);
  const resultant = Math.min(1, Math.sqrt(dot(means, means)));
  return {
    means,
    relativeVariances: variances.map((variance) => latent * variance),
    meanResultantLength: resultant,
    rayleigh: { statistic: count * latent * resultant ** 2, degreesOfFreedom: latent },
    bingham: {
      statistic: ((count * latent * (latent + 2)) / 2) * Math.min(1 - 1 / latent, anisotropy(unit)),
      degreesOfFreedom: ((latent - 1) * (latent + 2)) / 2,
    },
  };
}

/** Returns tr(T^2) - 1 / M as the squared distance of T from I / M, which is never below 0. */
function anisotropy(codes: Features) {
  const [columns, latent, count] = [transposed(codes), codes.width, rowsIn(codes)];
  const isotropic = (index: number) => (index % (latent + 1) === 0 ? 1 / latent : 0);
  return sumOf(multiplyTransposed(columns, columns).map((product, index) => (product / count - isotropic(index)) ** 2));
}

/** Of lengths, because codes are float32. */
const TOLERANCE = 1e-3;

/** In double precision: float32 lengths exceed 1 by rounding. */
function unitCodes(codes: Features) {
  const count = checkFeatures(codes, 'codes', 2);
  const { width } = codes;
  if (width < 2) throw new InputError('codes', 'expected at least 2 dimensions but got 1');
  const data = Float64Array.from(codes.data);
  for (let code = 0; code < count; code++) {
    const row = data.subarray(code * width, (code + 1) * width);
    const norm = Math.sqrt(dot(row, row));
    if (Math.abs(norm - 1) > TOLERANCE)
      throw new InputError('codes', `the norm of code ${code} is ${norm}, but must be 1`);
    row.forEach((value, index) => (row[index] = value / norm));
  }
  return { data, width };
}
