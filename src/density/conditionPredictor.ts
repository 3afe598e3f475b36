/** Which condition an image has, from its code without one. */
import { columnMeans, type Features, gatherRows, rowsIn } from '../numerics/features.js';
import { cholesky, solveCholesky } from '../numerics/cholesky.js';
import { dot, multiplyTransposed, transposed } from '../numerics/matrixProduct.js';
import type { ConditionPart } from '../networks/network.js';

/** Of the mean variance, added so that covariances are never singular. */
const MIN_VARIANCE = 1e-3;

/** Codes [N, M] of images that were encoded without their conditions [N, K], of which unknown parts are 0. */
export interface UnconditionalCodes {
  codes: Features;
  conditions: Features;
  parts: readonly ConditionPart[];
}

/**
 * Fits linear predictors of the numbers of a condition: of classes by linear discriminant analysis, and of a value by
 * least squares.
 * @returns weights and then a bias for each number, [K, M + 1]
 */
export function fitConditionPredictor({ codes, conditions, parts }: UnconditionalCodes): Float32Array {
  const predictor = new Float32Array(conditions.width * (codes.width + 1));
  for (const { start, part } of placesOf(parts)) {
    const numbers = Array.from({ length: sizeOfPart(part) }, (_, number) => start + number);
    const known = rowsWhere(conditions, numbers);
    if (known.length === 0) continue;
    const rows = gatherRows(codes, known);
    const targets = numbers.map((number) =>
      Float64Array.from(known, (row) => conditions.data[row * conditions.width + number]!),
    );
    const weights = part === 'value' ? [undefined, leastSquares(rows, targets[1]!)] : discriminants(rows, targets);
    for (const [at, each] of weights.entries()) if (each) predictor.set(each, (start + at) * (codes.width + 1));
  }
  return predictor;
}

/**
 * Predicts conditions [N, K].
 * @param predictor [K, M + 1]
 * @param codes without a condition [N, M]
 */
export function predictConditions(
  predictor: Float32Array,
  codes: Features,
  parts: readonly ConditionPart[],
): Float32Array {
  const [width, terms] = [sizeOfParts(parts), codes.width + 1];
  const conditions = new Float32Array(rowsIn(codes) * width);
  for (let row = 0; row < rowsIn(codes); row++) {
    const score = (number: number) => {
      const weights = predictor.subarray(number * terms, (number + 1) * terms);
      return weights.reduce(
        (sum, weight, at) => sum + weight * (at < codes.width ? codes.data[row * codes.width + at]! : 1),
        0,
      );
    };
    for (const { start, part } of placesOf(parts)) {
      if (part === 'value') conditions.set([1, Math.max(-1, Math.min(1, score(start + 1)))], row * width + start);
      else
        conditions[row * width + start + mostOf(Array.from({ length: part.classes }, (_, at) => score(start + at)))] =
          1;
    }
  }
  return conditions;
}

/** Replaces what is unknown of conditions [N, K] by other conditions. */
export function fillUnknown(
  conditions: Float32Array,
  others: Float32Array,
  parts: readonly ConditionPart[],
): Float32Array {
  const filled = conditions.slice();
  const width = sizeOfParts(parts);
  for (let row = 0; row < conditions.length; row += width)
    for (const { start, part } of placesOf(parts)) {
      const [from, to] = [row + start, row + start + sizeOfPart(part)];
      if (isUnknown(conditions.subarray(from, to))) filled.set(others.subarray(from, to), from);
    }
  return filled;
}

/** Whether every part of conditions [N, K] is known. */
export function isComplete(conditions: Float32Array, parts: readonly ConditionPart[]): boolean {
  const width = sizeOfParts(parts);
  for (let row = 0; row < conditions.length; row += width)
    for (const { start, part } of placesOf(parts))
      if (isUnknown(conditions.subarray(row + start, row + start + sizeOfPart(part)))) return false;
  return true;
}

const isUnknown = (numbers: Float32Array) => numbers.every((value) => value === 0);
const mostOf = (scores: readonly number[]) => scores.indexOf(Math.max(...scores));

const sizeOfParts = (parts: readonly ConditionPart[]) => parts.reduce((size, part) => size + sizeOfPart(part), 0);

/** A value has the number 1 before it, which says that it is known. */
export const sizeOfPart = (part: ConditionPart) => (part === 'value' ? 2 : part.classes);

export function placesOf(parts: readonly ConditionPart[]) {
  let start = 0;
  return parts.map((part) => {
    const place = { start, part };
    start += sizeOfPart(part);
    return place;
  });
}

const rowsWhere = ({ data, width }: Features, numbers: readonly number[]) =>
  Array.from({ length: data.length / width }, (_, row) => row).filter((row) =>
    numbers.some((number) => data[row * width + number] !== 0),
  );

/** @param targets 1 at the rows of each class */
function discriminants(codes: Features, targets: readonly Float64Array[]) {
  const [count, size] = [rowsIn(codes), codes.width];
  const members = targets.map((target) => Array.from(target.keys()).filter((row) => target[row] === 1));
  const means = members.map((rows) =>
    rows.length > 0 ? columnMeans(gatherRows(codes, rows)) : new Float64Array(size),
  );
  const within = { data: Float64Array.from(codes.data), width: size };
  for (const [label, rows] of members.entries())
    for (const row of rows) for (let at = 0; at < size; at++) within.data[row * size + at]! -= means[label]![at]!;
  const factor = regularized(within, count);
  return means.map((mean, label) => {
    const share = members[label]!.length / count;
    if (share === 0) return withBias(new Float64Array(size), -Number.MAX_VALUE);
    const weights = solveCholesky(factor, mean, size);
    return withBias(weights, Math.log(share) - dot(weights, mean) / 2);
  });
}

function leastSquares(codes: Features, target: Float64Array) {
  const [count, size] = [rowsIn(codes), codes.width];
  const center = columnMeans(codes);
  const mean = target.reduce((sum, value) => sum + value / count, 0);
  const centered = { data: Float64Array.from(codes.data, (value, at) => value - center[at % size]!), width: size };
  const covariances = multiplyTransposed(transposed(centered), {
    data: target.map((value) => (value - mean) / count),
    width: count,
  });
  const weights = solveCholesky(regularized(centered, count), covariances, size);
  return withBias(weights, mean - dot(weights, center));
}

/** L of the covariance of centered rows. */
function regularized(centered: Features, count: number) {
  const size = centered.width;
  const columns = transposed(centered);
  const covariance = multiplyTransposed(columns, columns).map((value) => value / count);
  let variance = 0;
  for (let at = 0; at < size; at++) variance += covariance[at * (size + 1)]! / size;
  for (let at = 0; at < size; at++) covariance[at * (size + 1)]! += MIN_VARIANCE * variance + Number.EPSILON;
  return cholesky(covariance, size);
}

/** Of the type of checkpoints. */
const withBias = (weights: Float64Array, bias: number) => Float32Array.from([...weights, Math.max(-3e38, bias)]);
