import { InputError } from '../errors.js';
import { checkFeatures, checkWhole, type Features, fitGaussian } from './features.js';
import { addProduct, rowMajor } from './matrixProduct.js';
import { symmetricEigen } from './symmetricEigen.js';

/** The directions in which rows vary most. */
export interface PrincipalComponents {
  /** Mean of the rows [D]. */
  readonly mean: Float64Array;
  /** Orthonormal directions [components, D], that of the largest variance first; the largest entry of each is positive. */
  readonly axes: Float64Array;
  /** Variance along each [components], divided by N - 1. */
  readonly variances: Float64Array;
  /** Part of the total variance along each [components], 0 to 1; 0 where nothing varies. */
  readonly parts: Float64Array;
}

/**
 * Principal components of at least 2 rows, from the eigenvectors of their covariance.
 * @param components how many, 1 to D
 * @throws InputError for fewer rows, more components than D, and numbers that are not finite
 */
export function principalComponents(features: Features, components = 2): PrincipalComponents {
  const { width } = features;
  checkWhole(components, 'components');
  const { mean, covariance } = fitGaussian(features);
  if (components > width) throw new InputError(`components: ${components} are asked for, but rows are only ${width} wide`);
  const { values, vectors } = symmetricEigen(covariance, width, components);
  for (let start = 0; start < vectors.length; start += width) orient(vectors.subarray(start, start + width));
  const variances = values.slice(0, components).map((value) => Math.max(0, value));
  let total = 0;
  for (let index = 0; index < width; index++) total += covariance[index * (width + 1)]!;
  return { mean, axes: vectors, variances, parts: variances.map((variance) => (total > 0 ? variance / total : 0)) };
}

/** Of the two signs of an axis, which mean the same, takes that with a positive largest entry. */
function orient(axis: Float64Array): void {
  const largest = axis.reduce((best, entry) => (Math.abs(entry) > Math.abs(best) ? entry : best), 0);
  if (largest < 0) for (let index = 0; index < axis.length; index++) axis[index] = -axis[index]!;
}

/**
 * Coordinates of rows [N, D] along the components, [N, components].
 * @throws InputError for another width, and for numbers that are not finite
 */
export function projectOnComponents(features: Features, { mean, axes, variances }: PrincipalComponents): Float64Array {
  const { data, width } = features;
  if (width !== mean.length) throw new InputError(`features: rows are ${width} wide, but the components are of ${mean.length}`);
  const rows = checkFeatures(features, 'features');
  const centred = Float64Array.from(data, (value, index) => value - mean[index % width]!);
  const projected = new Float64Array(rows * variances.length);
  addProduct(projected, variances.length, rowMajor(centred, rows, width), rowMajor(axes, variances.length, width));
  return projected;
}
