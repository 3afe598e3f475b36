import { describe, expect, it } from 'vitest';
import { kernelDistance, kid } from '../../../src/metrics/catalog/kid.js';
import { expectWithin } from '../../expectWithin.js';
import { deviationOf, meanOf } from '../../moments.js';
import { expectInputError } from '../../rejection.js';
import { featuresOf, normalRows, reference, withEntry } from '../samples.js';

describe('the kernel distance', () => {
  const { width } = reference.pairs;
  const [a, b] = [featuresOf(reference.pairs.a, width), featuresOf(reference.pairs.b, width)];

  it('on average over subsets equals that of NumPy for the full sets', () => {
    expectWithin(kernelDistance(a, b, { subsets: 4000, seed: 1 }).mean, reference.pairs.kernel, 0.01);
  });

  it('is computed once, without a standard deviation, if a subset would contain both sets entirely', () => {
    const rows = b.data.length / width;
    expect(kernelDistance(normalRows(rows, width, 1), b, { subsets: 3 })).toEqual({
      mean: expect.any(Number) as number,
      subsets: 1,
      subsetSize: rows,
    });
  });

  it('has no standard deviation if a subset takes all rows of one set', () => {
    const larger = normalRows(40, 4, 1);
    for (const pair of [[larger, normalRows(30, 4, 2)] as const, [normalRows(30, 4, 2), larger] as const]) {
      expect(kernelDistance(...pair, { subsets: 5 })).toEqual({
        mean: expect.any(Number) as number,
        subsets: 5,
        subsetSize: 30,
      });
    }
  });

  it('otherwise has the standard deviation over the subsets', () => {
    const { std, subsets, subsetSize } = kernelDistance(normalRows(40, 4, 1), normalRows(30, 4, 2), {
      subsets: 5,
      subsetSize: 29,
    });
    expect(std).toBeGreaterThan(0);
    expect([subsets, subsetSize]).toEqual([5, 29]);
  });

  it('is the unbiased estimate over pairs', () => {
    const [x, y] = [featuresOf([1, 0, 0, 1], 2), featuresOf([2, 0, 2, 2], 2)];
    // Kernels (x.y / 2 + 1)^3 by hand: 1 within x, 27 within y; 8, 8, 1, 8 across.
    expectWithin(kernelDistance(x, y, { subsets: 3 }).mean, 1 + 27 - (2 * (8 + 8 + 1 + 8)) / 4, 1e-12);
  });

  it('of equal distributions is 0 on average, although neither set is large', () => {
    const scores = Array.from(
      { length: 200 },
      (_, pair) => kernelDistance(normalRows(40, 4, 2 * pair), normalRows(30, 4, 2 * pair + 1), { subsets: 1 }).mean,
    );
    // A biased estimate would have a mean of 0.5.
    expectWithin(meanOf(scores), 0, (4 * deviationOf(scores)) / Math.sqrt(200));
    expect(deviationOf(scores)).toBeLessThan(0.5);
  });

  it('of different distributions is not 0', () => {
    const { mean, std } = kernelDistance(normalRows(600, 8, 1), normalRows(500, 8, 2, 1, 1), {
      subsets: 20,
      subsetSize: 300,
    });
    expect(mean).toBeGreaterThan(1);
    expect(std).toBeGreaterThan(0);
    expect(std).toBeLessThan(mean / 5);
  });

  it('depends only on the seed', () => {
    const score = (seed: number) => kernelDistance(a, b, { subsets: 5, subsetSize: 10, seed });
    expect(score(3)).toEqual(score(3));
    expect(score(3).mean).not.toBe(score(4).mean);
  });

  it('uses 100 subsets of 1,000 rows by default', () => {
    expect(kernelDistance(a, b)).toEqual(kernelDistance(a, b, { subsets: 100, subsetSize: 1000, seed: 0 }));
  });

  it('rejects sets that cannot be compared', async () => {
    await expectInputError(() => kernelDistance(a, normalRows(9, 5, 1)), '5 wide', '6 wide');
    await expectInputError(() => kernelDistance(a, normalRows(1, width, 1)), 'generated features', 'at least 2');
    await expectInputError(() => kernelDistance(a, withEntry(b, 0, Infinity)), 'row 0, column 0');
    await expectInputError(() => kernelDistance(a, b, { subsets: 0 }), 'subsets: is 0');
    await expectInputError(() => kernelDistance(a, b, { subsetSize: 1 }), 'subset size: is 1');
  });
});

describe('kid', () => {
  it('reports the subsets that it averages over', () => {
    const { metrics, protocol } = kid.compareFeatures(normalRows(1100, 2, 1), normalRows(1100, 2, 2), 0);
    expect(metrics.kid_std).toBeGreaterThan(0);
    expect(protocol).toEqual({ kid: { subsets: 50, subset_size: 1000 } });
  });

  it('omits the standard deviation if a subset contains a whole set', () => {
    const { metrics, protocol } = kid.compareFeatures(normalRows(200, 3, 1), normalRows(300, 3, 2), 0);
    expect(Object.keys(metrics)).toEqual(['kid']);
    expect(protocol).toEqual({ kid: { subsets: 50, subset_size: 200 } });
  });
});
