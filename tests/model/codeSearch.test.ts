import { describe, expect, it } from 'vitest';
import { nearestCodes } from '../../src/model/codeSearch.js';
import { expectWithin } from '../expectWithin.js';
import { expectInputError } from '../rejection.js';
import { featuresOf, normalRows, withEntry } from '../metrics/samples.js';

describe('the nearest codes', () => {
  it('have the largest cosine, whatever their lengths', () => {
    const { indices, cosines } = nearestCodes(Float32Array.of(2, 0), featuresOf([0, 5, 1, 1, -3, 0, 100, 1], 2), 4);
    expect(Array.from(indices)).toEqual([3, 1, 0, 2]);
    [100 / Math.hypot(100, 1), Math.SQRT1_2, 0, -1].forEach((cosine, place) =>
      expectWithin(cosines[place]!, cosine, 1e-12),
    );
  });

  it('start with the query itself if it is among them', () => {
    const codes = normalRows(500, 16, 3);
    const { indices, cosines } = nearestCodes(codes.data.slice(16 * 77, 16 * 78), codes, 5);
    expect(indices[0]).toBe(77);
    expectWithin(cosines[0]!, 1, 1e-12);
    expect(Array.from(cosines)).toEqual(Array.from(cosines).sort((a, b) => b - a));
  });

  it('break ties by index', () => {
    expect(Array.from(nearestCodes(Float32Array.of(1, 0), featuresOf([0, 1, 1, 0, 2, 0, 3, 0], 2), 2).indices)).toEqual(
      [1, 2],
    );
  });

  it('are rejected for inputs that do not match', async () => {
    const codes = normalRows(3, 4, 1);
    await expectInputError(() => nearestCodes(Float32Array.of(1, 0), codes, 1), '2 wide', '4 wide');
    await expectInputError(() => nearestCodes(Float32Array.of(1, 0, 0, 0), codes, 4), 'count: 4', '3 codes');
    await expectInputError(() => nearestCodes(new Float32Array(4), codes, 1), 'query: is the zero vector');
    await expectInputError(
      () => nearestCodes(Float32Array.of(1, 0), featuresOf([1, 0, 0, 0], 2), 1),
      'row 1 is the zero vector',
    );
    await expectInputError(
      () => nearestCodes(Float32Array.of(1, 0, 0, 0), withEntry(codes, 5, NaN), 1),
      'row 1, column 1',
    );
  });
});
