import { describe, expect, it } from 'vitest';
import { showShape, sizeOf } from '../../src/engine/index.js';
import { broadcastShapes, normalizeAxes, sameShape, stridesOf } from '../../src/engine/shape.js';

describe('shapes', () => {
  it('count their elements; a scalar has one', () => {
    expect(sizeOf([2, 3, 4])).toBe(24);
    expect(sizeOf([])).toBe(1);
  });

  it('are formatted as lists', () => {
    expect(showShape([2, 3])).toBe('[2, 3]');
    expect(showShape([])).toBe('[]');
  });

  it('are equal if rank and all sizes are', () => {
    expect(sameShape([2, 3], [2, 3])).toBe(true);
    expect(sameShape([2, 3], [3, 2])).toBe(false);
    expect(sameShape([1, 2], [2])).toBe(false);
  });

  it('have row-major strides', () => {
    expect(stridesOf([2, 3, 4])).toEqual([12, 4, 1]);
    expect(stridesOf([])).toEqual([]);
  });
});

describe('broadcastShapes', () => {
  it.each([
    { a: [2, 3], b: [3], result: [2, 3] },
    { a: [], b: [4], result: [4] },
    { a: [2, 1, 3], b: [5, 1], result: [2, 5, 3] },
    { a: [1, 1], b: [1], result: [1, 1] },
  ])('of $a and $b is $result, in either order', ({ a, b, result }) => {
    expect(broadcastShapes(a, b)).toEqual(result);
    expect(broadcastShapes(b, a)).toEqual(result);
  });

  it('is undefined if sizes do not match', () => {
    expect(broadcastShapes([2, 3], [2])).toBeUndefined();
    expect(broadcastShapes([2, 3], [3, 3])).toBeUndefined();
  });
});

describe('normalizeAxes', () => {
  it('counts negative axes from the end, sorts them and removes repetitions', () => {
    expect(normalizeAxes([-1, 0, 2], 3, 'Op')).toEqual([0, 2]);
  });

  it('rejects an axis that does not exist, with the name of the operator', () => {
    expect(() => normalizeAxes([3], 3, 'Op')).toThrow('Op: axis 3 does not exist in a tensor of rank 3');
    expect(() => normalizeAxes([-4], 3, 'Op')).toThrow('Op: axis -4');
    expect(() => normalizeAxes([0.5], 3, 'Op')).toThrow('Op: axis 0.5');
  });
});
