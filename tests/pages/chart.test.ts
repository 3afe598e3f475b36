import { describe, expect, it } from 'vitest';
import { tickLabels } from '../../pages/components/chart.js';

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
