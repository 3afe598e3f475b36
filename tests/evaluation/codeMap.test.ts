import { describe, expect, it } from 'vitest';
import { CODE_MAPS, mapCodes, type MapMethod, principalComponents, projectOnComponents } from '../../src/evaluation/index.js';
import { expectInputError } from '../rejection.js';
import { largestDifference, normalRows } from './samples.js';

describe('a map of codes', () => {
  it.each(Object.keys(CODE_MAPS) as MapMethod[])('by %s has two finite coordinates for each', (method) => {
    const { points } = mapCodes(normalRows(40, 6, 1), method);
    expect(points).toHaveLength(80);
    expect(points.every(Number.isFinite)).toBe(true);
  });

  it('by pca is their projection on the first two components', () => {
    const codes = normalRows(50, 5, 2);
    const { points, parts } = mapCodes(codes);
    const components = principalComponents(codes, 2);
    expect(largestDifference(points, projectOnComponents(codes, components))).toBe(0);
    expect(parts).toEqual(components.parts);
  });

  it('needs two codes of two coordinates', async () => {
    await expectInputError(() => mapCodes(normalRows(1, 4, 1)), '1 rows');
    await expectInputError(() => mapCodes(normalRows(9, 1, 1)), 'only 1 wide');
  });
});
