import type { Prior } from '../age/prior.js';
import { columnMeans, type Features, gatherRows, rowsByLabel, rowsIn } from '../numerics/features.js';
import { cholesky, solveCholesky } from '../numerics/cholesky.js';
import { kMeans } from '../numerics/kMeans.js';
import { multiplyTransposed, transposed } from '../numerics/matrixProduct.js';
import { nearestRows } from '../numerics/nearestRows.js';
import type { ConditionPart } from '../networks/network.js';
import { type CodeDensity, NEIGHBORS } from './codeDensity.js';
import { fitCenters, recenter } from './recentering.js';
import { fitConditionPredictor, placesOf, sizeOfPart, type UnconditionalCodes } from './conditionPredictor.js';

/** Codes of images [N, M], not recentered, and summaries of the conditions that they were encoded with [N, D]. */
export interface FittedCodes {
  codes: Features;
  /** Default: the sphere. */
  prior?: Prior;
  summaries?: Features | undefined;
  /** What the numbers of conditions mean (default: cells of thumbnails). */
  parts?: readonly ConditionPart[] | undefined;
  /** To predict conditions. */
  unconditional?: Omit<UnconditionalCodes, 'parts'> | undefined;
  /** Gaussians at most, for a smaller file (default: 64). */
  maxGaussians?: number;
  /** Codes to keep, at least 1, and up to one more per Gaussian (default: 4,096). */
  maxCodes?: number;
}

/** Codes per Gaussian; with fewer, it copies them. */
const CODES_PER_GAUSSIAN = 64;
const MAX_GAUSSIANS = 64;
const MAX_CODES = 4096;
/** Of all covariances: 16 MB. */
const MAX_VALUES = 2 ** 22;
/** Codes that the common covariance counts for in each Gaussian's own. */
const COMMON_COUNT = 64;
/** Of the mean variance, added so that covariances are never singular. */
const MIN_VARIANCE = 1e-4;
/** How much conditions count among codes, which have length 1. */
const CONDITION_SCALE = 0.5;
/** How often samples start at a code of another class than the requested one, among codes with as many of each. */
const OTHER_CLASS = 0.01;
/** Standard deviation of the kernel of values in [-1, 1]. */
const VALUE_WIDTH = 0.3;
/** The same for thumbnails: root mean square difference of cells. */
const THUMBNAIL_WIDTH = 0.03;

/**
 * Fits a density to codes. Gaussians are clusters of k-means, with covariances that are drawn towards their mean.
 * The means depend on conditions linearly.
 */
export function fitDensity({
  codes: encoded,
  prior = 'sphere',
  summaries = { data: new Float64Array(0), width: 0 },
  parts = [],
  unconditional,
  maxGaussians = MAX_GAUSSIANS,
  maxCodes = MAX_CODES,
}: FittedCodes): CodeDensity {
  const [count, size] = [rowsIn(encoded), encoded.width];
  const { codes, centers } = withoutConditions(prior, encoded, parts.length > 0 ? withoutLast(summaries) : undefined);
  const { slopes, rest } = regress(codes, summaries);
  const affordable = Math.min(maxGaussians, Math.floor(count / CODES_PER_GAUSSIAN), Math.floor(MAX_VALUES / size ** 2));
  const gaussians = Math.max(1, affordable);
  const located = besideConditions(rest, summaries);
  const clusters = kMeans(located, gaussians);
  const members = rowsByLabel(clusters, gaussians).filter((rows) => rows.length > 0);
  const moments = members.map((rows) => momentsOf(gatherRows(rest, rows)));
  const kept = keptRows(members, maxCodes / count);
  const near = gatherRows(located, kept.flat());
  return {
    means: concatenated(moments.map(({ mean }) => mean)),
    factors: concatenated(factorsOf(moments, size)),
    slopes: Float32Array.from(slopes),
    codes: Float32Array.from(gatherRows(rest, kept.flat()).data),
    counts: Float32Array.from(kept, (rows) => rows.length),
    neighbors: Float32Array.from(nearestRows(near, near, Math.min(NEIGHBORS, rowsIn(near))).indices),
    ...startsOf(gatherRows(summaries, kept.flat()), parts, rowsIn(near)),
    centers,
    predictor: unconditional ? fitConditionPredictor({ ...unconditional, parts }) : new Float32Array(0),
  };
}

function withoutConditions(prior: Prior, codes: Features, conditions: Features | undefined) {
  if (conditions === undefined) return { codes, centers: new Float32Array(0) };
  const centers = fitCenters(prior, codes, conditions);
  return { codes: { data: recenter(prior, centers, codes, conditions.data), width: codes.width }, centers };
}

/** The last number of a summary says whether nothing is known. */
const withoutLast = ({ data, width }: Features): Features => ({
  data: Float32Array.from(data).filter((_, at) => at % width < width - 1),
  width: width - 1,
});

/** The same share of each Gaussian's codes, at least one. */
const keptRows = (members: readonly (readonly number[])[], share: number) =>
  members.map((rows) => rows.slice(0, Math.ceil(Math.min(1, share) * rows.length)));

const concatenated = (parts: readonly Float64Array[]) => Float32Array.from(parts.flatMap((part) => [...part]));

/** Least squares. The constant stays in the rest. */
function regress(codes: Features, summaries: Features) {
  const numbers = summaries.width;
  if (numbers === 0) return { slopes: new Float64Array(0), rest: codes };
  const [count, size] = [rowsIn(codes), numbers + 1];
  const inputs = new Float64Array(count * size).fill(1);
  for (let row = 0; row < count; row++)
    inputs.set(summaries.data.subarray(row * numbers, (row + 1) * numbers), row * size);
  const columns = transposed({ data: inputs, width: size });
  const squares = multiplyTransposed(columns, columns);
  // Numbers may depend on each other, as a class does on the other classes.
  for (let number = 0; number < size; number++) squares[number * (size + 1)]! += 1;
  const solution = solveCholesky(cholesky(squares, size), multiplyTransposed(columns, transposed(codes)), size);
  const slopes = solution.subarray(0, numbers * codes.width);
  const moved = multiplyTransposed(summaries, transposed({ data: slopes, width: codes.width }));
  return { slopes, rest: { data: moved.map((value, index) => codes.data[index]! - value), width: codes.width } };
}

/** Numbers that are always 0 or 1 separate clusters. */
function besideConditions(codes: Features, summaries: Features): Features {
  const numbers = binaryNumbers(summaries);
  const width = codes.width + numbers.length;
  const data = new Float64Array(rowsIn(codes) * width);
  for (let row = 0; row < rowsIn(codes); row++) {
    data.set(codes.data.subarray(row * codes.width, (row + 1) * codes.width), row * width);
    for (const [at, number] of numbers.entries())
      data[row * width + codes.width + at] = CONDITION_SCALE * summaries.data[row * summaries.width + number]!;
  }
  return { data, width };
}

const binaryNumbers = ({ data, width }: Features) =>
  Array.from({ length: width }, (_, number) => number).filter((number) => {
    for (let at = number; at < data.length; at += width) if (data[at] !== 0 && data[at] !== 1) return false;
    return true;
  });

interface Moments {
  count: number;
  mean: Float64Array;
  /** Sum of the products of differences from the mean, [M, M]. */
  scatter: Float64Array;
}

function momentsOf({ data, width }: Features): Moments {
  const count = data.length / width;
  const mean = columnMeans({ data, width });
  const columns = transposed({ data: Float64Array.from(data, (value, at) => value - mean[at % width]!), width });
  return { count, mean, scatter: multiplyTransposed(columns, columns) };
}

function factorsOf(moments: readonly Moments[], size: number) {
  const total = moments.reduce((sum, { count }) => sum + count, 0);
  const common = new Float64Array(size * size);
  for (const { scatter } of moments) scatter.forEach((value, at) => (common[at]! += value / total));
  let variance = 0;
  for (let at = 0; at < size; at++) variance += common[at * (size + 1)]! / size;
  return moments.map(({ count, scatter }) => {
    const covariance = scatter.map((value, at) => (value + COMMON_COUNT * common[at]!) / (count + COMMON_COUNT));
    for (let at = 0; at < size; at++) covariance[at * (size + 1)]! += MIN_VARIANCE * variance;
    return variance > 0 ? cholesky(covariance, size) : new Float64Array(size * size);
  });
}

/**
 * Returns how probable it is to start at each code, given a requested condition: a product of kernels, of Aitchison and
 * Aitken (1976) for classes, and of Gauss for values and for thumbnails. Their logarithms are linear in the request, but
 * for its square, which is common to all codes.
 * @param summaries [N, D]
 */
function startsOf(summaries: Features, parts: readonly ConditionPart[], count: number) {
  const { data, width } = summaries;
  const logShares = new Float32Array(count).fill(-Math.log(count));
  const logLikelihoods = new Float32Array(data.length);
  const places = parts.length > 0 ? [...placesOf(parts), { start: width - 1, part: UNKNOWN }] : [];
  for (let row = 0; row < count; row++) {
    const summary = data.subarray(row * width, (row + 1) * width);
    for (const { start, part } of places) {
      const numbers = summary.subarray(start, start + sizeOfPart(part));
      logLikelihoods.set(part === 'value' ? nearValue(numbers) : sameClass(numbers), row * width + start);
    }
    if (places.length > 0) continue;
    const variance = THUMBNAIL_WIDTH ** 2 * width;
    for (const [at, value] of summary.entries()) {
      logLikelihoods[row * width + at] = value / variance;
      logShares[row]! -= value ** 2 / (2 * variance);
    }
  }
  return { logShares, logLikelihoods };
}

/** The last number of a summary. */
const UNKNOWN = { classes: 1 };

const sameClass = (numbers: Features['data']) =>
  Array.from(numbers, (isClass) => Math.log(isClass ? 1 - OTHER_CLASS : OTHER_CLASS / Math.max(1, numbers.length - 1)));

function nearValue(numbers: Features['data']) {
  const [isKnown, value] = numbers as unknown as [number, number];
  return isKnown ? [-(value ** 2) / (2 * VALUE_WIDTH ** 2), value / VALUE_WIDTH ** 2] : [Math.log(OTHER_CLASS), 0];
}
