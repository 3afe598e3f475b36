import { describe, expect, it } from 'vitest';
import { checkFeatures, checkPair, columnMeans, gatherRows } from '../../src/numerics/features.js';
import { expectInputError } from '../rejection.js';
import { featuresOf, normalRows, withEntry } from '../metrics/samples.js';

describe('features', () => {
  it('are rejected with the position of the first value that is not finite', async () => {
    for (const wrong of [NaN, Infinity, -Infinity]) {
      await expectInputError(
        () => checkFeatures(withEntry(normalRows(4, 3, 1), 7, wrong), 'codes'),
        'codes',
        'row 2, column 1',
        String(wrong),
      );
    }
  });

  it('are rejected if the width does not divide the number of values', async () => {
    await expectInputError(() => checkFeatures(featuresOf([1, 2, 3], 2), 'codes'), '3 numbers', 'width 2');
    await expectInputError(() => checkFeatures(featuresOf([1, 2, 3], 0), 'codes'), 'width is 0');
    await expectInputError(() => checkFeatures(featuresOf([1, 2, 3], 1.5), 'codes'), 'width is 1.5');
  });

  it('are rejected if there are too few rows', async () => {
    expect(checkFeatures(featuresOf([1, 2, 3, 4], 2), 'codes', 2)).toBe(2);
    await expectInputError(
      () => checkFeatures(featuresOf([1, 2, 3, 4], 2), 'codes', 3),
      'codes',
      '2 rows',
      'at least 3',
    );
    await expectInputError(() => checkFeatures(featuresOf([], 2), 'codes'), '0 rows', 'at least 1');
  });

  it('of two sets must have the same width', async () => {
    expect(checkPair(normalRows(4, 2, 1), 'real', normalRows(3, 2, 1), 'generated')).toEqual([4, 3]);
    await expectInputError(
      () => checkPair(normalRows(4, 2, 1), 'real', normalRows(4, 3, 1), 'generated'),
      'generated',
      '3 wide',
      '2 wide',
    );
  });

  it('can be gathered by row, and averaged by column', () => {
    const features = featuresOf([1, 2, 3, 4, 5, 12], 2);
    expect(Array.from(gatherRows(features, [2, 0, 2]).data)).toEqual([5, 12, 1, 2, 5, 12]);
    expect(Array.from(columnMeans(features))).toEqual([3, 6]);
  });
});
