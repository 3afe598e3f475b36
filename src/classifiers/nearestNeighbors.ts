import { InputError } from '../errors.js';
import { checkPair, checkWhole, type Features } from '../numerics/features.js';
import { checkLabels, type Labels } from './labels.js';
import { nearestRows } from '../numerics/nearestRows.js';

/** What makes rows near: the Euclidean distance, or the cosine between them. */
export const METRICS = ['euclidean', 'cosine'] as const;

export interface NeighborOptions {
  /** k, 5 by default. */
  readonly k?: number;
  /** Euclidean by default. */
  readonly metric?: (typeof METRICS)[number];
}

/** The classes of queries, and how their neighbors voted. */
export interface NeighborVotes {
  /** N class numbers. */
  readonly classes: Uint32Array;
  /** Parts of the votes [N, K], each row a distribution. */
  readonly shares: Float64Array;
}

/**
 * Gives every query the class that most of its k nearest labeled rows have; of classes with as many, the one that comes first in the
 * list from near to far. Memory: O(N k); distances are made block by block.
 * @param queries [N, D]
 * @param known [N', D], at least k rows
 * @param labels N' class numbers
 * @returns N class numbers
 * @throws {InputError} for different widths, fewer rows than k, wrong or missing labels, numbers that are not finite, and rows of norm 0
 * under the cosine
 */
export const classifyByNeighbors = (queries: Features, known: Features, labels: Labels, options: NeighborOptions = {}): Uint32Array =>
  neighborVotes(queries, known, labels, options).classes;

/** The same with the votes of each class; K is one more than the largest label unless the options say it. */
export function neighborVotes(
  queries: Features,
  known: Features,
  labels: Labels,
  options: NeighborOptions & { readonly classes?: number } = {},
): NeighborVotes {
  const { k = 5, metric = 'euclidean' } = options;
  checkWhole(k, 'neighbors');
  const [knownRows, queryRows] = checkPair(known, 'labeled rows', queries, 'queries');
  const classes = checkLabels(labels, knownRows, options.classes);
  if (knownRows < k) throw new InputError(`neighbors: ${k} are asked for, but there are ${knownRows} labeled rows`);
  // Among vectors of length 1, the nearer one has the larger cosine.
  const near = metric === 'cosine' ? nearestRows(withUnitRows(queries, 'queries'), withUnitRows(known, 'labeled rows'), k) : nearestRows(queries, known, k);
  const shares = new Float64Array(queryRows * classes);
  const predicted = Uint32Array.from({ length: queryRows }, (_, row) => {
    const votes = shares.subarray(row * classes, (row + 1) * classes);
    const list = Array.from(near.indices.subarray(row * k, (row + 1) * k), (index) => labels[index]!);
    for (const label of list) votes[label]! += 1 / k;
    return list.reduce((best, label) => (votes[label]! > votes[best]! ? label : best));
  });
  return { classes: predicted, shares };
}

/** The rows divided by their norms, in double precision. */
function withUnitRows({ data, width }: Features, name: string): Features {
  const unit = Float64Array.from(data);
  for (let start = 0; start < unit.length; start += width) {
    const row = unit.subarray(start, start + width);
    const norm = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0));
    if (norm === 0) throw new InputError(`${name}: row ${start / width} is 0, which has a cosine with nothing`);
    for (let index = 0; index < width; index++) row[index]! /= norm;
  }
  return { data: unit, width };
}
