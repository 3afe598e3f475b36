import { describe, expect, it } from 'vitest';
import { precisionRecallDensityCoverage } from '../../../src/metrics/catalog/precisionRecall.js';
import { nearestOtherRows, nearestRows } from '../../../src/numerics/nearestRows.js';
import { expectWithin } from '../../expectWithin.js';
import { expectInputError } from '../../rejection.js';
import { featuresOf, normalRows, reference, withEntry } from '../samples.js';

describe('precision, recall, density and coverage', () => {
  const { width, manifold } = reference.pairs;
  const [a, b] = [featuresOf(reference.pairs.a, width), featuresOf(reference.pairs.b, width)];

  it('agree with their definitions in NumPy', () => {
    expect({ ...precisionRecallDensityCoverage(a, b, { k: 3 }) }).toEqual({ ...manifold });
  });

  it('are 1 for a set and itself, including duplicates', () => {
    const twice = { data: Float64Array.from([...a.data, ...a.data, ...a.data]), width };
    for (const set of [a, twice]) {
      const { precision, recall, density, coverage } = precisionRecallDensityCoverage(set, set, { k: 2 });
      expect([precision, recall, coverage]).toEqual([1, 1, 1]);
      expect(density).toBeGreaterThanOrEqual(1);
    }
  });

  it('are 0 for distant sets', () => {
    expect(precisionRecallDensityCoverage(a, { data: b.data.map((value) => value + 100), width })).toEqual({
      precision: 0,
      recall: 0,
      density: 0,
      coverage: 0,
    });
  });

  it('distinguish a distribution that lacks diversity from one that lacks quality', () => {
    const real = normalRows(400, 4, 1);
    const narrow = precisionRecallDensityCoverage(real, normalRows(400, 4, 2, 0.3));
    expect(narrow.precision).toBeGreaterThan(0.95);
    expect(narrow.recall).toBeLessThan(0.3);
    const wide = precisionRecallDensityCoverage(real, normalRows(400, 4, 2, 3));
    expect(wide.precision).toBeLessThan(0.5);
    expect(wide.recall).toBeGreaterThan(0.8);
  });

  it('of equal distributions have density near 1', () => {
    expectWithin(precisionRecallDensityCoverage(normalRows(600, 3, 1), normalRows(500, 3, 2)).density, 1, 0.1);
  });

  it('use k = 5 by default', () =>
    expect(precisionRecallDensityCoverage(a, b)).toEqual(precisionRecallDensityCoverage(a, b, { k: 5 })));

  it('reject sets that cannot be compared', async () => {
    await expectInputError(() => precisionRecallDensityCoverage(a, normalRows(9, 5, 1)), '5 wide', '6 wide');
    await expectInputError(
      () => precisionRecallDensityCoverage(normalRows(5, width, 1), b),
      'real features',
      '5 rows',
      'at least 6',
    );
    await expectInputError(
      () => precisionRecallDensityCoverage(a, normalRows(3, width, 1), { k: 3 }),
      'generated features',
      'at least 4',
    );
    await expectInputError(() => precisionRecallDensityCoverage(a, withEntry(b, 6, NaN)), 'row 1, column 0');
    await expectInputError(() => precisionRecallDensityCoverage(a, b, { k: 0 }), 'k: is 0');
  });
});

describe('nearest rows', () => {
  /** By sorting all squared distances. */
  const sorted = (distances: readonly number[], count: number) =>
    Array.from(distances.keys())
      .sort((x, y) => distances[x]! - distances[y]! || x - y)
      .slice(0, count);

  // Small whole numbers have exact distances, many of which are equal; 600 rows are more than two blocks.
  const grid = { data: normalRows(600, 2, 1, 3).data.map(Math.round), width: 2 };
  const distancesFrom = (row: number) =>
    Array.from(
      { length: 600 },
      (_, other) =>
        (grid.data[2 * row]! - grid.data[2 * other]!) ** 2 + (grid.data[2 * row + 1]! - grid.data[2 * other + 1]!) ** 2,
    );

  it('of a row in another set have the smallest distances, then the smallest indices', () => {
    const { indices, squaredDistances } = nearestRows({ data: grid.data.subarray(0, 1040), width: 2 }, grid, 7);
    for (let row = 0; row < 520; row++) {
      const expected = sorted(distancesFrom(row), 7);
      expect(Array.from(indices.subarray(row * 7, row * 7 + 7))).toEqual(expected);
      expect(Array.from(squaredDistances.subarray(row * 7, row * 7 + 7))).toEqual(
        expected.map((other) => distancesFrom(row)[other]),
      );
    }
  });

  it('of a row in its own set exclude the row', () => {
    const { indices } = nearestOtherRows(grid, 4);
    for (let row = 0; row < 600; row++) {
      expect(Array.from(indices.subarray(row * 4, row * 4 + 4))).toEqual(
        sorted(
          distancesFrom(row).map((distance, other) => (other === row ? Infinity : distance)),
          4,
        ),
      );
    }
  });
});
