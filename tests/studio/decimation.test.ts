import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { decimate, firstAtLeast } from '../../src/studio/decimation.js';

const logOf = (values: readonly number[]) => ({
  steps: values.map((_, index) => 10 * (index + 1)),
  columns: new Map([['loss', values]]),
});

describe('decimated curves', () => {
  it('are the log itself if it has few entries', () => {
    expect(decimate(logOf([3, 1, 2]), 3)).toEqual({ steps: [10, 20, 30], values: { loss: [3, 1, 2] } });
    expect(decimate(logOf([]), 10)).toEqual({ steps: [], values: { loss: [] } });
  });

  it('keep the minimum and the maximum of each stretch, in their order', () => {
    expect(decimate(logOf([1, 9, 2, 5, 0, 4]), 4)).toEqual({
      steps: [10, 30, 40, 60],
      values: { loss: [1, 9, 5, 0] },
      means: { loss: [4, 4, 3, 3] },
    });
  });

  it('have null where a column has no value', () => {
    expect(decimate(logOf([NaN, 1]), 10).values.loss).toEqual([null, 1]);
    expect(decimate(logOf([NaN, NaN, 1, 2]), 2).values.loss).toEqual([1, 2]);
    expect(decimate(logOf([NaN, NaN, NaN, NaN, 1, Infinity]), 4).values.loss).toEqual([null, null, 1, null]);
  });

  it('cover a range of iterations, up to its edges', () => {
    expect(decimate(logOf([1, 2, 3, 4, 5, 6]), 10, 25, 40).steps).toEqual([20, 30, 40, 50]);
    expect(decimate(logOf([1, 2, 3, 4]), 10, 22, 28).steps).toEqual([20, 30]);
    expect(decimate(logOf([1, 2]), 10, 100).steps).toEqual([20]);
  });

  it('keep the extremes of any log, at increasing iterations, with at most as many points as requested', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -50, max: 50 }), { minLength: 1, maxLength: 300 }),
        fc.integer({ min: 2, max: 60 }),
        (values, points) => {
          const { steps, values: kept } = decimate(logOf(values), points);
          expect(steps.length).toBeLessThanOrEqual(Math.max(points, Math.min(points, values.length)));
          expect(kept.loss).toHaveLength(steps.length);
          expect([Math.min(...(kept.loss as number[])), Math.max(...(kept.loss as number[]))]).toEqual([
            Math.min(...values),
            Math.max(...values),
          ]);
          expect(steps.every((step, index) => index === 0 || step >= steps[index - 1]!)).toBe(true);
        },
      ),
    );
  });

  it('begin at the first iteration of a range', () => {
    expect([0, 10, 11, 30, 31].map((value) => firstAtLeast([10, 20, 30], value))).toEqual([0, 0, 1, 2, 3]);
  });
});
