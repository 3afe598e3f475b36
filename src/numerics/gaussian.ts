import { checkFeatures, columnMeans, type Features } from './features.js';
import { addProduct, mirrorLower, rowMajor, transposed } from './matrixProduct.js';

/** The Gaussian fitted to rows of D features. */
export interface Gaussian {
  /** [D]. */
  readonly mean: Float64Array;
  /** [D, D], unbiased: divided by N - 1. */
  readonly covariance: Float64Array;
}

/** Rows that are centred at once. */
const CHUNK = 1024;

/**
 * Mean and unbiased covariance (as numpy.cov) of at least 2 rows, in double precision.
 * @throws InputError for fewer rows and for numbers that are not finite
 */
export function fitGaussian(features: Features, name = 'features'): Gaussian {
  const rows = checkFeatures(features, name, 2);
  const { data, width } = features;
  const mean = columnMeans(features);
  const covariance = new Float64Array(width * width);
  const centred = new Float64Array(Math.min(CHUNK, rows) * width);
  for (let first = 0; first < rows; first += CHUNK) {
    const count = Math.min(CHUNK, rows - first);
    for (let index = 0, column = 0; index < count * width; index++) {
      centred[index] = data[first * width + index]! - mean[column]!;
      column = column + 1 === width ? 0 : column + 1;
    }
    const columns = transposed(rowMajor(centred, count, width));
    addProduct(covariance, width, columns, columns, true);
  }
  mirrorLower(covariance, width);
  return { mean, covariance: covariance.map((sum) => sum / (rows - 1)) };
}
