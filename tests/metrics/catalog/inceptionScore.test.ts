import { describe, expect, it } from 'vitest';
import { inceptionScore } from '../../../src/metrics/catalog/inceptionScore.js';
import { expectWithin } from '../../expectWithin.js';
import { expectInputError } from '../../rejection.js';
import { featuresOf, reference } from '../samples.js';

describe('the inception score', () => {
  const { probabilities, width, splits, mean, deviation } = reference.inception;
  const oneHot = featuresOf(
    Array.from({ length: 40 * 4 }, (_, index) => (Math.floor(index / 4) % 4 === index % 4 ? 1 : 0)),
    4,
  );

  it('agrees with NumPy', () => {
    const score = inceptionScore(featuresOf(probabilities, width), { splits });
    expectWithin(score.mean, mean, 1e-6);
    expectWithin(score.std, deviation, 1e-6);
  });

  it('is the number of classes if every row is certain and classes are balanced', () => {
    expect(inceptionScore(oneHot)).toEqual({ mean: 4, std: 0 });
  });

  it('is 1 if rows are equal', () => {
    expectWithin(
      inceptionScore(
        featuresOf(
          Array.from({ length: 40 }, (_, index) => (index % 2 === 0 ? 0.25 : 0.75)),
          2,
        ),
      ).mean,
      1,
      1e-12,
    );
  });

  it('rejects rows that are not distributions', async () => {
    await expectInputError(
      () => inceptionScore(featuresOf([0.5, 0.5, 0.5, 0.6], 2), { splits: 1 }),
      'row 1',
      'sum to 1',
    );
    await expectInputError(() => inceptionScore(featuresOf([1.5, -0.5], 2), { splits: 1 }), 'row 0', 'negative');
    await expectInputError(() => inceptionScore(featuresOf([1, 1], 1), { splits: 1 }), '1 class', 'at least 2');
    await expectInputError(
      () => inceptionScore(featuresOf([0.5, 0.5, 1, 0], 2), { splits: 3 }),
      '2 rows',
      'at least 3',
    );
    await expectInputError(() => inceptionScore(oneHot, { splits: 0 }), 'splits: is 0');
    await expectInputError(() => inceptionScore(featuresOf([NaN, 1], 2), { splits: 1 }), 'row 0, column 0');
  });
});
