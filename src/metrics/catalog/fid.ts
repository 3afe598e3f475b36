import { InputError } from '../../errors.js';
import { CONDITIONS } from '../conditions.js';
import type { FeatureEntry } from '../metric.js';
import { checkPair, type Features, fitGaussian, type Gaussian } from '../../numerics/features.js';
import { addProduct, transposed } from '../../numerics/matrixProduct.js';
import { semidefiniteFactor } from '../../numerics/semidefiniteFactor.js';
import { symmetricEigenvalues } from '../../numerics/symmetricEigen.js';

export const fid: FeatureEntry = {
  group: 'samples',
  metrics: [
    {
      name: 'fid',
      meaning: 'Fréchet distance between Gaussians fitted to the features of images and samples (Heusel et al. 2017)',
      better: 'lower',
      dependsOn: [CONDITIONS.extractor, CONDITIONS.images, CONDITIONS.imageCount, CONDITIONS.sampleCount],
    },
  ],
  hasReference: true,
  compareFeatures: (real, generated) => ({ metrics: { fid: frechetFeatureDistance(real, generated) } }),
};

/**
 * Fréchet distance of the Gaussians fitted to two sets of features; with Inception's, the FID (Heusel et al. 2017). 0 or more; 0 if
 * mean and covariance agree.
 * @param real,generated [N, D] and [N', D], at least 2 rows each
 * @throws {InputError} if the widths differ, there are fewer rows, or a value is not finite
 */
export function frechetFeatureDistance(real: Features, generated: Features): number {
  checkPair(real, 'real features', generated, 'generated features', 2);
  return frechetDistance(fitGaussian(real, 'real features'), fitGaussian(generated, 'generated features'));
}

/**
 * |m1 - m2|^2 + tr(S1 + S2 - 2 (S1 S2)^(1/2)).
 *
 * With factors S = L L^T, the eigenvalues of S1 S2 are the squares of the singular values of L1^T L2, so the last trace is their sum.
 * No square root of an asymmetric matrix is needed, and singular covariances, of fewer rows than features, make
 * factors narrower. The result is right to about 1e-8 D of the largest variance.
 * @throws {InputError} if the widths differ, or a value is not finite
 */
export function frechetDistance(a: Gaussian, b: Gaussian): number {
  const size = a.mean.length;
  checkGaussian(a, size);
  checkGaussian(b, size);
  let [apart, traces] = [0, 0];
  for (let index = 0; index < size; index++) {
    apart += (a.mean[index]! - b.mean[index]!) ** 2;
    traces += a.covariance[index * size + index]! + b.covariance[index * size + index]!;
  }
  return apart + Math.max(0, traces - 2 * traceOfRoot(a.covariance, b.covariance, size));
}

function checkGaussian({ mean, covariance }: Gaussian, size: number): void {
  if (mean.length !== size || covariance.length !== size * size) {
    throw new InputError(
      `Fréchet distance: a mean of ${mean.length} with a covariance of ${covariance.length} numbers, but ${size} and ${size ** 2} are needed`,
    );
  }
  if (!mean.every(Number.isFinite) || !covariance.every(Number.isFinite)) {
    throw new InputError('Fréchet distance: a mean or a covariance holds a number that is not finite');
  }
}

/** The trace of (A B)^(1/2) of two covariances [size, size]. */
function traceOfRoot(a: Float64Array, b: Float64Array, size: number): number {
  const [factorOfA, factorOfB] = [semidefiniteFactor(a, size), semidefiniteFactor(b, size)];
  const [fewer, more] = factorOfA.columns < factorOfB.columns ? [factorOfA, factorOfB] : [factorOfB, factorOfA];
  const [rows, columns] = [fewer.columns, more.columns];
  const product = new Float64Array(rows * columns);
  addProduct(product, columns, transposed(fewer), transposed(more));
  // The smaller of the two squares: each surplus zero eigenvalue would contribute the root of its rounding, 1e-8.
  const square = new Float64Array(rows * rows);
  const view = { data: product, offset: 0, rows, columns, rowStride: columns, columnStride: 1 };
  addProduct(square, rows, view, view, true);
  return symmetricEigenvalues(square, rows).reduce((sum, value) => sum + Math.sqrt(Math.max(0, value)), 0);
}
