import { describe, expect, it } from 'vitest';
import { kMeans } from '../../src/numerics/kMeans.js';
import { featuresOf, normalRows } from '../metrics/samples.js';

describe('k-means', () => {
  it('finds groups that are far apart', () => {
    const groups = [0, 20, 40].map((shift) => normalRows(30, 3, shift + 1, 1, shift));
    const rows = { data: Float64Array.from(groups.flatMap(({ data }) => [...data])), width: 3 };
    // From bad starts it may find a worse partition, but never one that mixes the outer groups.
    const clusters = kMeans(rows, 3);
    const of = (group: number) => new Set(clusters.subarray(30 * group, 30 * (group + 1)));
    for (const cluster of of(0)) expect(of(2).has(cluster)).toBe(false);
  });

  it('assigns each row to the nearest mean of a cluster', () => {
    const rows = normalRows(200, 4, 5);
    const clusters = kMeans(rows, 8);
    const means = Array.from({ length: 8 }, (_, cluster) => {
      const own = [...clusters.keys()].filter((row) => clusters[row] === cluster);
      return Array.from(
        { length: 4 },
        (_, column) => own.reduce((sum, row) => sum + rows.data[row * 4 + column]!, 0) / own.length,
      );
    });
    const squaredDistance = (row: number, mean: readonly number[]) =>
      mean.reduce((sum, value, column) => sum + (value - rows.data[row * 4 + column]!) ** 2, 0);
    const wrong = [...clusters.keys()].filter((row) => {
      const own = squaredDistance(row, means[clusters[row]!]!);
      return means.some((mean) => squaredDistance(row, mean) < own - 1e-9);
    });
    // 20 passes need not suffice.
    expect(wrong.length).toBeLessThan(10);
  });

  it('puts equal rows into one cluster', () => {
    expect(new Set(kMeans(featuresOf([1, 2, 1, 2, 1, 2], 2), 2)).size).toBe(1);
  });
});
