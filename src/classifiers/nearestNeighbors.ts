import { InputError } from '../errors.js';
import { checkPair, checkWhole, type Features } from '../numerics/features.js';
import { checkLabels, type Labels } from './labels.js';
import { dot } from '../numerics/matrixProduct.js';
import { nearestRows } from '../numerics/nearestRows.js';

export const METRICS = ['euclidean', 'cosine'] as const;

export interface NeighborOptions {
  /** Default: 5. */
  k?: number;
  /** Default: Euclidean. */
  metric?: (typeof METRICS)[number];
}

/**
 * Predicts the majority class of the k nearest labeled rows. A tie goes to the class with the nearest row. Memory: O(N
 * k).
 * @param queries [N, D]
 * @param known [N', D], at least k rows
 * @param labels N' class indices
 * @returns N class indices
 * @throws {InputError} if widths differ, there are fewer rows than k, labels are invalid, a value is not finite, or a
 *   row
 *   has norm 0 and the distance is cosine
 */
export const classifyByNeighbors = (
  queries: Features,
  known: Features,
  labels: Labels,
  options: NeighborOptions = {},
): Uint32Array => neighborVotes(queries, known, labels, options).classes;

/** Also returns each class's fraction of the votes [N, K]. */
export function neighborVotes(
  queries: Features,
  known: Features,
  labels: Labels,
  options: NeighborOptions & { classes?: number } = {},
) {
  const { k = 5, metric = 'euclidean' } = options;
  checkWhole(k, 'neighbors');
  const [knownRows, queryRows] = checkPair(known, 'labeled rows', queries, 'queries');
  const classes = checkLabels(labels, knownRows, options.classes);
  if (knownRows < k)
    throw new InputError('k', `${k} neighbors requested, but there are only ${knownRows} labeled rows`);
  // Between unit vectors, a smaller Euclidean distance means a larger cosine.
  const near =
    metric === 'cosine'
      ? nearestRows(withUnitRows(queries, 'queries'), withUnitRows(known, 'labeled rows'), k)
      : nearestRows(queries, known, k);
  const probabilities = new Float64Array(queryRows * classes);
  const predicted = Uint32Array.from({ length: queryRows }, (_, row) => {
    const votes = probabilities.subarray(row * classes, (row + 1) * classes);
    const list = Array.from(near.indices.subarray(row * k, (row + 1) * k), (index) => labels[index]!);
    for (const label of list) votes[label]! += 1 / k;
    return list.reduce((best, label) => (votes[label]! > votes[best]! ? label : best));
  });
  return { classes: predicted, probabilities };
}

function withUnitRows({ data, width }: Features, name: string): Features {
  const unit = Float64Array.from(data);
  for (let start = 0; start < unit.length; start += width) {
    const row = unit.subarray(start, start + width);
    const norm = Math.sqrt(dot(row, row));
    if (norm === 0) throw new InputError(name, `row ${start / width} is 0, so its cosine is undefined`);
    for (let index = 0; index < width; index++) row[index]! /= norm;
  }
  return { data: unit, width };
}
