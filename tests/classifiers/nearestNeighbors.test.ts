import { describe, expect, it } from 'vitest';
import { classifyByNeighbors, METRICS } from '../../src/classifiers/nearestNeighbors.js';
import { expectInputError } from '../rejection.js';
import { featuresOf, normalRows, reference, withEntry } from '../metrics/samples.js';

describe('classifyByNeighbors', () => {
  const { width, labels, nearest } = reference.classification;
  const known = featuresOf(reference.classification.features, width);
  const queries = featuresOf(reference.classification.queries, width);

  it.each(METRICS)('agrees with scikit-learn for one neighbor, %s', (metric) => {
    expect(Array.from(classifyByNeighbors(queries, known, labels, { k: 1, metric }))).toEqual(nearest[metric]);
  });

  it('follows the majority of 5 neighbors by default', () => {
    const line = featuresOf([0, 1, 2, 3, 4, 100], 1);
    expect(Array.from(classifyByNeighbors(featuresOf([0], 1), line, [1, 0, 0, 0, 1, 1]))).toEqual([0]);
  });

  it('breaks ties by the class with the nearest row', () => {
    const line = featuresOf([1, 2, 3, 4], 1);
    expect(Array.from(classifyByNeighbors(featuresOf([0, 5], 1), line, [2, 0, 0, 2], { k: 4 }))).toEqual([2, 2]);
    expect(Array.from(classifyByNeighbors(featuresOf([0, 5], 1), line, [0, 0, 2, 2], { k: 4 }))).toEqual([0, 2]);
  });

  it('ignores vector lengths under cosine', () => {
    const known = featuresOf([100, 1, 0, 0.1], 2);
    expect(Array.from(classifyByNeighbors(featuresOf([1, 0.2], 2), known, [0, 1], { k: 1, metric: 'cosine' }))).toEqual(
      [0],
    );
    expect(Array.from(classifyByNeighbors(featuresOf([1, 0.2], 2), known, [0, 1], { k: 1 }))).toEqual([1]);
  });

  it('rejects data that do not match', async () => {
    await expectInputError(
      () => classifyByNeighbors(normalRows(3, 5, 1), known, labels),
      'queries',
      '5 wide',
      '4 wide',
    );
    await expectInputError(() => classifyByNeighbors(queries, known, labels.slice(1)), 'one per row, 60', 'got 59');
    await expectInputError(
      () => classifyByNeighbors(queries, known, labels, { k: 61 }),
      '61 neighbors',
      '60 labeled rows',
    );
    await expectInputError(() => classifyByNeighbors(queries, known, labels, { k: 0 }), 'neighbors: is 0');
    await expectInputError(() => classifyByNeighbors(withEntry(queries, 5, NaN), known, labels), 'row 1, column 1');
    await expectInputError(
      () => classifyByNeighbors(featuresOf([0, 0, 0, 0], 4), known, labels, { metric: 'cosine' }),
      'queries',
      'row 0 is 0',
    );
  });
});
