import { frechetDistance, frechetFeatureDistance, semidefiniteFactor } from '../../../src/metrics/catalog/fid.js';
import type { Features } from '../../../src/numerics/features.js';
import { fitGaussian, type Gaussian } from '../../../src/numerics/principalComponents.js';
import { multiplyTransposed } from '../../../src/numerics/matrixProduct.js';
import { expectWithin } from '../../expectWithin.js';
import { featuresOf, largestDifference, normalRows, reference, withEntry } from '../samples.js';
import { expectInputError } from '../../rejection.js';
import { describe, expect, it } from 'vitest';

const diagonal = (mean: readonly number[], variances: readonly number[]): Gaussian => ({
  mean: Float64Array.from(mean),
  covariance: Float64Array.from({ length: mean.length ** 2 }, (_, index) =>
    index % (mean.length + 1) === 0 ? variances[index / (mean.length + 1)]! : 0,
  ),
});

/** Rows times a Householder reflection. */
function reflected({ data, width }: Features, seed: number): Features {
  const v = Float64Array.from(normalRows(1, width, seed).data);
  const square = v.reduce((sum, entry) => sum + entry * entry, 0);
  const inner = Array.from({ length: data.length / width }, (_, row) =>
    v.reduce((sum, entry, column) => sum + entry * data[row * width + column]!, 0),
  );
  return {
    data: Float64Array.from(
      data,
      (value, index) => value - (2 * inner[Math.floor(index / width)]! * v[index % width]!) / square,
    ),
    width,
  };
}

describe('the Fréchet distance', () => {
  const { width } = reference.pairs;
  const [a, b] = [featuresOf(reference.pairs.a, width), featuresOf(reference.pairs.b, width)];

  it('agrees with SciPy', () => expectWithin(frechetFeatureDistance(a, b), reference.pairs.frechet, 1e-9));

  it('for Gaussians with common axes is the sum of squared differences of means and standard deviations', () => {
    expectWithin(
      frechetDistance(diagonal([1, 2, 3], [4, 9, 1]), diagonal([0, 2, 5], [1, 16, 0])),
      1 + 4 + 1 + 1 + 1,
      1e-12,
    );
    expectWithin(frechetDistance(diagonal([0], [0]), diagonal([3], [0])), 9, 0);
    expectWithin(frechetDistance(diagonal([0, 0], [1, 0]), diagonal([0, 0], [0, 1])), 2, 1e-12);
  });

  // With fewer rows than features the covariance is singular.
  it.each([200, 20, 2])('of a set of %i rows from itself is 0, for any number of features', (rows) => {
    const set = normalRows(rows, 40, 1, 3, 1);
    expectWithin(frechetFeatureDistance(set, set), 0, 1e-9);
  });

  it('of a set from a shifted copy is the squared shift, singular or not', () => {
    for (const rows of [20, 200]) {
      const set = normalRows(rows, 40, 1);
      expectWithin(
        frechetFeatureDistance(set, { data: set.data.map((value) => value + 0.5), width: 40 }),
        40 * 0.25,
        1e-9,
      );
    }
  });

  it('of a set from twice its values follows from its covariance, singular or not', () => {
    for (const rows of [20, 200]) {
      const set = normalRows(rows, 40, 1);
      const { mean, covariance } = fitGaussian(set);
      const trace = mean.reduce((sum, _, index) => sum + covariance[index * 41]!, 0);
      const moved = mean.reduce((sum, value) => sum + value * value, 0);
      expectWithin(
        frechetFeatureDistance(set, { data: set.data.map((value) => 2 * value), width: 40 }),
        trace + moved,
        1e-8,
      );
    }
  });

  it('is invariant to an orthogonal map of both, and to their order', () => {
    const [x, y] = [normalRows(50, 30, 1), normalRows(20, 30, 2, 1.5, 0.2)];
    const distance = frechetFeatureDistance(x, y);
    expectWithin(frechetFeatureDistance(y, x), distance, 1e-7);
    expectWithin(frechetFeatureDistance(reflected(x, 3), reflected(y, 3)), distance, 1e-7);
  });

  it('rejects sets that cannot be compared', async () => {
    await expectInputError(() => frechetFeatureDistance(a, normalRows(9, 5, 1)), '5 wide', '6 wide');
    await expectInputError(
      () => frechetFeatureDistance(a, normalRows(1, width, 1)),
      'generated features',
      '1 rows',
      'at least 2',
    );
    await expectInputError(() => frechetFeatureDistance(withEntry(a, 6, NaN), b), 'real features', 'row 1, column 0');
    await expectInputError(() => frechetDistance(diagonal([0], [1]), diagonal([0, 0], [1, 1])), 'mean of 2');
    await expectInputError(() => frechetDistance(diagonal([0], [1]), diagonal([0], [NaN])), 'not finite');
  });
});

describe('a covariance factor', () => {
  it.each([
    [150, 400, 150],
    [150, 100, 99],
    [150, 5, 4],
    [3, 2, 1],
  ])('of %i features and %i rows reproduces it, and has rank %i', (width, rows, rank) => {
    const { covariance } = fitGaussian(normalRows(rows, width, 5));
    const factor = semidefiniteFactor(covariance, width);
    expect(factor.width).toBe(rank);
    expect(largestDifference(multiplyTransposed(factor, factor), covariance)).toBeLessThan(1e-13 * width);
  });

  it('of zero has rank 0', () => expect(semidefiniteFactor(new Float64Array(9), 3).width).toBe(0));
});
