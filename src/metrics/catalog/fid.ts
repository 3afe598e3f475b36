import { InputError } from '../../errors.js';
import type { FeatureEntry } from '../metric.js';
import { checkPair, type Features, rowsIn, sumOf } from '../../numerics/features.js';
import { fitGaussian, type Gaussian } from '../../numerics/principalComponents.js';
import { multiplyTransposed, transposed } from '../../numerics/matrixProduct.js';
import { symmetricEigenvalues } from '../../numerics/symmetricEigen.js';

export const fid: FeatureEntry = {
  group: 'samples',
  dependsOn: ['extractor', 'images', 'imageCount', 'sampleCount', 'refinement'],
  metrics: {
    fid: {
      meaning: 'Fréchet distance between Gaussians fitted to the features of images and samples (Heusel et al. 2017)',
      better: 'lower',
      range: '0 or more',
      goodValue:
        'the reference (train vs. test images) of the same evaluation, 1.9 for MNIST; 7.6 by default, 3.4 with the preset concentrated',
      reference: '|m1 - m2|^2 + tr(S1 + S2 - 2 (S1 S2)^(1/2)) (Heusel et al. 2017)',
    },
  },
  hasReference: true,
  compareFeatures: (real, generated) => ({ metrics: { fid: frechetFeatureDistance(real, generated) } }),
};

/**
 * Returns the Fréchet distance of Gaussians fitted to features [N, D] and [N', D]; with those of Inception, the FID
 * (Heusel et al. 2017).
 * @throws {InputError} if the widths differ, a set has fewer than 2 rows, or a value is not finite
 */
export function frechetFeatureDistance(real: Features, generated: Features): number {
  checkPair(real, 'real features', generated, 'generated features', 2);
  return frechetDistance(fitGaussian(real, 'real features'), fitGaussian(generated, 'generated features'));
}

/**
 * Returns |m1 - m2|^2 + tr(S1 + S2 - 2 (S1 S2)^(1/2)), with an error of about 1e-8 D of the largest variance. With S =
 * L L^T, the last trace is the sum of the singular values of L1^T L2, which needs no root of an asymmetric matrix.
 * @throws {InputError} if the widths differ, or a value is not finite
 */
export function frechetDistance(a: Gaussian, b: Gaussian): number {
  const size = a.mean.length;
  for (const { mean, covariance } of [a, b]) {
    if (mean.length !== size || covariance.length !== size * size)
      throw new InputError(
        'Fréchet distance',
        `expected a mean of ${size} and a covariance of ${size ** 2} values, but got a mean of ${mean.length} and ${covariance.length}`,
      );
    if (!mean.every(Number.isFinite) || !covariance.every(Number.isFinite))
      throw new InputError('Fréchet distance', 'a mean or covariance is not finite');
  }
  let [squaredDistance, traces] = [0, 0];
  for (let index = 0; index < size; index++) {
    squaredDistance += (a.mean[index]! - b.mean[index]!) ** 2;
    traces += a.covariance[index * size + index]! + b.covariance[index * size + index]!;
  }
  return squaredDistance + Math.max(0, traces - 2 * traceOfRoot(a.covariance, b.covariance, size));
}

function traceOfRoot(a: Float64Array, b: Float64Array, size: number) {
  const factors = [b, a].map((matrix) => transposed(semidefiniteFactor(matrix, size)));
  const [fewer, more] = factors.sort((x, y) => x.data.length - y.data.length) as [Features, Features];
  if (fewer.data.length === 0) return 0;
  const product = { data: multiplyTransposed(fewer, more), width: rowsIn(more) };
  // The smaller square, because each surplus eigenvalue of 0 would add the root of its rounding, 1e-8.
  const square = multiplyTransposed(product, product);
  return sumOf(symmetricEigenvalues(square, rowsIn(fewer)).map((value) => Math.sqrt(Math.max(0, value))));
}

/**
 * Factor L [n, rank] of L L^T by pivoted Cholesky (Higham 1990), until the rest is rounding: n 2^-52 of the largest
 * variance.
 */
export function semidefiniteFactor(matrix: Float64Array, size: number): Features {
  const factor = new Float64Array(size * size);
  const variances = Float64Array.from({ length: size }, (_, index) => matrix[index * (size + 1)]!);
  const threshold = size * Number.EPSILON * Math.max(...variances);
  let rank = 0;
  for (; rank < size; rank++) {
    const variance = Math.max(...variances);
    if (variance <= threshold) break;
    const pivot = variances.indexOf(variance);
    for (let row = 0; row < size; row++) {
      // The row of an earlier pivot has no variance left.
      if (variances[row]! <= 0) continue;
      let entry = matrix[row * size + pivot]!;
      for (let column = 0; column < rank; column++)
        entry -= factor[row * size + column]! * factor[pivot * size + column]!;
      factor[row * size + rank] = entry / Math.sqrt(variance);
      if (row !== pivot) variances[row]! -= factor[row * size + rank]! ** 2;
    }
    variances[pivot] = 0;
  }
  return { data: factor.filter((_, index) => index % size < rank), width: rank };
}
