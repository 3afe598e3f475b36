import { InputError } from '../errors.js';
import { checkFeatures, checkWhole, columnMeans, type Features, sumOf } from './features.js';
import { dot, forEachProductWithin, multiplyTransposed, transposed } from './matrixProduct.js';
import { randomStream } from '../random.js';

/** A Gaussian of D dimensions. */
export interface Gaussian {
  mean: Float64Array;
  /** [D, D], divided by N - 1. */
  covariance: Float64Array;
}

/** Rows to center at a time. */
const CHUNK = 1024;

/**
 * Fits mean and covariance (as numpy.cov) of at least 2 rows.
 * @throws {InputError} if there are fewer rows, or a value is not finite
 */
export function fitGaussian(features: Features, name = 'features'): Gaussian {
  const rows = checkFeatures(features, name, 2);
  const { data, width } = features;
  const mean = columnMeans(features);
  const covariance = new Float64Array(width * width);
  for (let first = 0; first < rows; first += CHUNK) {
    const centered = Float64Array.from(
      data.subarray(first * width, (first + CHUNK) * width),
      (value, index) => value - mean[index % width]!,
    );
    forEachProductWithin(
      transposed({ data: centered, width }),
      (row, column, product) => (covariance[row * width + column]! += product / (rows - 1)),
    );
  }
  for (let row = 0; row < width; row++)
    for (let column = 0; column < row; column++) covariance[column * width + row] = covariance[row * width + column]!;
  return { mean, covariance };
}

/** The directions of largest variance. */
export interface PrincipalComponents {
  /** Of the rows. */
  mean: Float64Array;
  /** Orthonormal [components, D], the largest variance first; the largest entry of each is positive. */
  axes: Float64Array;
  /** Along each axis, [components], divided by N - 1. */
  variances: Float64Array;
  /** Fractions of the total variance [components]; 0 if nothing varies. */
  explainedVarianceRatio: Float64Array;
}

/**
 * Returns the principal components of at least 2 rows.
 * @throws {InputError} if there are fewer rows, more components than D, or values that are not finite
 */
export function principalComponents(features: Features, components = 2): PrincipalComponents {
  const { width } = features;
  checkWhole(components, 'components');
  const { mean, covariance } = fitGaussian(features);
  if (components > width)
    throw new InputError('components', `expected at most ${width}, the width of the rows, but got ${components}`);
  const { axes, variances } = leadingEigenvectors(covariance, width, components);
  const total = sumOf(covariance.filter((_, index) => index % (width + 1) === 0));
  const explainedVarianceRatio = variances.map((variance) => (total > 0 ? variance / total : 0));
  return { mean, axes, variances, explainedVarianceRatio };
}

/** After the last iteration, the next variance is so close that either axis is valid. */
const [TOLERANCE, MAX_ITERATIONS] = [1e-13, 20_000];

function leadingEigenvectors(covariance: Float64Array, size: number, count: number) {
  const [axes, variances] = [new Float64Array(count * size), new Float64Array(count)];
  const stream = randomStream(0, 'start of a power iteration');
  for (let component = 0; component < count; component++) {
    const before = Array.from({ length: component }, (_, row) => axes.subarray(row * size, (row + 1) * size));
    let axis = orthonormalize(Float64Array.from(stream.fillNormal(new Float32Array(size))), before).axis;
    for (let iteration = 0; iteration < MAX_ITERATIONS; iteration++) {
      const product = new Float64Array(size);
      for (let row = 0; row < size; row++) product[row] = dot(covariance.subarray(row * size, (row + 1) * size), axis);
      const next = orthonormalize(product, before);
      variances[component] = next.norm;
      if (next.norm <= TOLERANCE * variances[0]!) break;
      const change = next.axis.reduce((largest, value, index) => Math.max(largest, Math.abs(value - axis[index]!)), 0);
      axis = next.axis;
      if (change < TOLERANCE) break;
    }
    const largest = axis.reduce((best, entry) => (Math.abs(entry) > Math.abs(best) ? entry : best), 0);
    axes.set(largest < 0 ? axis.map((entry) => -entry) : axis, component * size);
  }
  return { axes, variances };
}

/** Orthogonalizes twice, because once loses digits. */
function orthonormalize(vector: Float64Array, others: readonly Float64Array[]) {
  for (const other of [...others, ...others]) {
    const inner = dot(vector, other);
    vector.forEach((_, index) => (vector[index]! -= inner * other[index]!));
  }
  const norm = Math.sqrt(dot(vector, vector));
  return { axis: norm > 0 ? vector.map((value) => value / norm) : vector, norm };
}

/**
 * Returns the coordinates of rows [N, D] along the components, [N, components].
 * @throws {InputError} if the width differs, or a value is not finite
 */
export function projectOnComponents(features: Features, { mean, axes }: PrincipalComponents): Float64Array {
  const { data, width } = features;
  if (width !== mean.length)
    throw new InputError('features', `rows are ${width} wide, but the components are of width ${mean.length}`);
  checkFeatures(features, 'features');
  const centered = Float64Array.from(data, (value, index) => value - mean[index % width]!);
  return multiplyTransposed({ data: centered, width }, { data: axes, width });
}
