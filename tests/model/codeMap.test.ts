import { describe, expect, it } from 'vitest';
import { CODE_MAPS, mapCodes, type MapMethod } from '../../src/model/codeMap.js';
import type { Features } from '../../src/numerics/features.js';
import { principalComponents, projectOnComponents } from '../../src/numerics/principalComponents.js';
import { nearestRows } from '../../src/numerics/nearestRows.js';
import { expectInputError } from '../rejection.js';
import { largestDifference, normalRows } from '../metrics/samples.js';

describe('a map of codes', () => {
  it.each(Object.keys(CODE_MAPS) as MapMethod[])('by %s has two finite coordinates per code', async (method) => {
    const { points } = await mapCodes(normalRows(40, 6, 1), method);
    expect(points).toHaveLength(80);
    expect(points.every(Number.isFinite)).toBe(true);
  });

  it('by pca is the projection onto the first two components', async () => {
    const codes = normalRows(50, 5, 2);
    const { points, explainedVarianceRatio } = await mapCodes(codes);
    const components = principalComponents(codes, 2);
    expect(largestDifference(points, projectOnComponents(codes, components))).toBe(0);
    expect(explainedVarianceRatio).toEqual(components.explainedVarianceRatio);
  });

  const clusters = (): Features => {
    const [near, far] = [normalRows(60, 8, 3), normalRows(60, 8, 4, 1, 12)];
    return { data: Float64Array.from([...near.data, ...far.data]), width: 8 };
  };

  it('by umap depends only on the seed', async () => {
    const codes = clusters();
    const { points } = await mapCodes(codes, 'umap', 7);
    expect((await mapCodes(codes, 'umap', 7)).points).toEqual(points);
    expect((await mapCodes(codes, 'umap', 8)).points).not.toEqual(points);
  });

  it('by umap keeps each code of one distant cluster closer to its own than to any other', async () => {
    const { points } = await mapCodes(clusters(), 'umap', 1);
    const distance = (a: number, b: number) =>
      Math.hypot(points[2 * a]! - points[2 * b]!, points[2 * a + 1]! - points[2 * b + 1]!);
    const pairs = Array.from({ length: 120 }, (_, a) =>
      Array.from({ length: a }, (_, b) => ({ same: a < 60 === b < 60, far: distance(a, b) })),
    ).flat();
    const within = Math.max(...pairs.filter(({ same }) => same).map(({ far }) => far));
    expect(Math.min(...pairs.filter(({ same }) => !same).map(({ far }) => far))).toBeGreaterThan(within);
  });

  it('by umap preserves neighbors along a closed curve', async () => {
    const angles = Array.from({ length: 100 }, (_, index) => (2 * Math.PI * index) / 100);
    const codes = {
      data: Float64Array.from(angles.flatMap((t) => [Math.cos(t), Math.sin(t), Math.cos(2 * t), Math.sin(2 * t)])),
      width: 4,
    };
    const { points } = await mapCodes(codes, 'umap', 1);
    const { indices } = nearestRows({ data: points, width: 2 }, { data: points, width: 2 }, 4);
    const apart = indices.map((other, place) => {
      const step = Math.abs(other - Math.floor(place / 4));
      return Math.min(step, 100 - step);
    });
    expect(Math.max(...apart)).toBeLessThan(15);
  });

  it.each([2, 3, 4, 15, 16, 17])('by umap of %i codes is finite, even if all are equal', async (count) => {
    for (const scale of [1, 0]) {
      const { points } = await mapCodes(normalRows(count, 3, 5, scale, 1), 'umap');
      expect(points).toHaveLength(2 * count);
      expect(points.every(Number.isFinite)).toBe(true);
    }
  });

  it('requires two codes of two coordinates', async () => {
    for (const method of ['pca', 'umap'] as const) {
      await expectInputError(() => mapCodes(normalRows(1, 4, 1), method), '1 rows');
      await expectInputError(() => mapCodes(normalRows(9, 1, 1), method), 'at most 1');
    }
  });
});
