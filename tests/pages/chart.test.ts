import { describe, expect, it } from 'vitest';
import { extentOf, tickLabels } from '../../pages/components/chart.js';

describe('labels of a vertical axis', () => {
  it.each([
    [
      [0, 0.25, 0.5],
      ['0', '0.25', '0.5'],
    ],
    [
      [0.0001, 0.0002, 0.0003],
      ['1e-4', '2e-4', '3e-4'],
    ],
    [
      [0.0126, 0.01265, 0.0127],
      ['0.0126', '0.01265', '0.0127'],
    ],
    [
      [0, 2.5e-7, 5e-7],
      ['0', '2.5e-7', '5e-7'],
    ],
    [
      [1_000_000, 1_000_500],
      ['1,000,000', '1,000,500'],
    ],
    [
      [10_000_000, 10_000_500, 10_001_000],
      ['1e+7', '1.00005e+7', '1.0001e+7'],
    ],
    [
      [-0.002, 0, 0.002],
      ['-0.002', '0', '0.002'],
    ],
  ])('of %j are %j', (ticks, expected) => expect(tickLabels(undefined, ticks)).toEqual(expected));
});

describe('extentOf', () => {
  it('ignores the first iterations of many, whose errors are far above all others', () => {
    const curve = Array.from({ length: 100 }, (_, index) => (index < 5 ? 10 - index : 1 + index / 1000));
    expect(extentOf([curve], 0, 99)).toEqual([1.005, 1.099]);
  });

  it('shows all values of few points, and of a range that begins later', () => {
    expect(extentOf([[9, 2, 1, 3]], 0, 3)).toEqual([1, 9]);
    expect(extentOf([[9, 2, 1, 3]], 1, 2)).toEqual([1, 2]);
  });

  it('ignores gaps, and curves without values', () => {
    expect(extentOf([[null, 2, undefined], [], [4, null, null]], 0, 2)).toEqual([2, 4]);
    expect(extentOf([[null, undefined]], 0, 1)).toBeUndefined();
    expect(extentOf([[1]], 0, -1)).toBeUndefined();
  });
});
