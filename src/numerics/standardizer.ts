import { columnMeans, type Features } from './features.js';

/** An affine map of columns to a common scale: minus the mean, times a factor. */
export interface Standardizer {
  /** [D]. */
  readonly means: Float64Array;
  readonly factors: Float64Array;
}

/** Columns with a smaller variance, as a fraction of the average, count as constant. */
const MIN_VARIANCE_FRACTION = 1e-6;

/** Fits a standardizer that gives every column of these rows mean 0 and variance 1. */
export function fitStandardizer(rows: Features): Standardizer {
  const { means, variances } = momentsOf(rows);
  const least = Math.max(Number.MIN_VALUE, (MIN_VARIANCE_FRACTION * sumOf(variances)) / rows.width);
  return { means, factors: variances.map((variance) => (variance < least ? 0 : 1 / Math.sqrt(variance))) };
}

/** Fits a standardizer with one factor for all columns: mean 0 and an average variance of 1. The ratios of variances are kept. */
export function commonScale(rows: Features): Standardizer {
  const { means, variances } = momentsOf(rows);
  const variance = sumOf(variances) / rows.width;
  return { means, factors: means.map(() => (variance > 0 ? 1 / Math.sqrt(variance) : 0)) };
}

/** Concatenates standardizers with equal weight for any number of columns: the sums of variances are equal, and 1 per column on average. */
export function balancedScale(parts: readonly Standardizer[]): Standardizer {
  const width = parts.reduce((sum, { means }) => sum + means.length, 0);
  const joined = (arrays: readonly Float64Array[]) => Float64Array.from(arrays.flatMap((array) => Array.from(array)));
  return {
    means: joined(parts.map(({ means }) => means)),
    factors: joined(
      parts.map(({ factors }) => factors.map((factor) => factor * Math.sqrt(width / (parts.length * factors.length)))),
    ),
  };
}

export function applyScale({ means, factors }: Standardizer, { data, width }: Features): Features {
  return {
    data: Float32Array.from(data, (value, index) => (value - means[index % width]!) * factors[index % width]!),
    width,
  };
}

/**
 * Converts a linear classifier of scaled rows to an equivalent one of raw rows.
 * @param parameters [K, D + 1]: the weights of each class, then its bias
 */
export function foldIntoWeights({ means, factors }: Standardizer, parameters: Float64Array): Float64Array {
  const width = means.length;
  const unscaled = parameters.slice();
  for (let bias = width; bias < parameters.length; bias += width + 1) {
    for (let column = 0; column < width; column++) {
      const weight = (unscaled[bias - width + column]! *= factors[column]!);
      unscaled[bias]! -= weight * means[column]!;
    }
  }
  return unscaled;
}

function momentsOf({ data, width }: Features): { readonly means: Float64Array; readonly variances: Float64Array } {
  const means = columnMeans({ data, width });
  const variances = new Float64Array(width);
  data.forEach((value, index) => (variances[index % width]! += (value - means[index % width]!) ** 2));
  return { means, variances: variances.map((sum) => (sum * width) / data.length) };
}

const sumOf = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0);
