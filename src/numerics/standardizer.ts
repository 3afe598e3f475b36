import { columnMoments, type Features, sumOf } from './features.js';

/** Columns minus their means, times factors. */
export interface Standardizer {
  means: Float64Array;
  factors: Float64Array;
}

/** Columns of smaller variance, as a fraction of the average, count as constant. */
const MIN_VARIANCE_FRACTION = 1e-6;

/** Each column gets variance 1. */
export function fitStandardizer(rows: Features): Standardizer {
  const { means, variances } = columnMoments(rows);
  const least = Math.max(Number.MIN_VALUE, (MIN_VARIANCE_FRACTION * sumOf(variances)) / rows.width);
  return { means, factors: variances.map((variance) => (variance < least ? 0 : 1 / Math.sqrt(variance))) };
}

/** One factor gives an average variance of 1. */
export function commonScale(rows: Features): Standardizer {
  const { means, variances } = columnMoments(rows);
  const variance = sumOf(variances) / rows.width;
  return { means, factors: means.map(() => (variance > 0 ? 1 / Math.sqrt(variance) : 0)) };
}

/** Gives concatenated parts equal sums of variances, 1 per column on average. */
export function balancedScale(parts: readonly Standardizer[]): Standardizer {
  const means = Float64Array.from(parts.flatMap((part) => Array.from(part.means)));
  const factors = parts.flatMap((part) => {
    const weight = Math.sqrt(means.length / (parts.length * part.factors.length));
    return Array.from(part.factors, (factor) => factor * weight);
  });
  return { means, factors: Float64Array.from(factors) };
}

export function applyScale({ means, factors }: Standardizer, { data, width }: Features): Features {
  return {
    data: Float32Array.from(data, (value, index) => (value - means[index % width]!) * factors[index % width]!),
    width,
  };
}

/** Converts a linear classifier [K, D + 1], biases last, to one of unscaled rows. */
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
