import { describe, expect, it } from 'vitest';
import { minimize, type SmoothFunction } from '../../src/numerics/lbfgs.js';
import { expectWithin } from '../expectWithin.js';
import { largestDifference } from '../metrics/samples.js';

/** Rosenbrock's valley in pairs of coordinates; its minimum is 0 at (1, ..., 1). */
const valley: SmoothFunction = (x, gradient) => {
  let value = 0;
  for (let index = 0; index < x.length; index += 2) {
    const [a, b] = [x[index]!, x[index + 1]!];
    value += 100 * (b - a * a) ** 2 + (1 - a) ** 2;
    gradient[index] = -400 * a * (b - a * a) - 2 * (1 - a);
    gradient[index + 1] = 200 * (b - a * a);
  }
  return value;
};

/** sum 10^i (x_i - i)^2. */
const bowl: SmoothFunction = (x, gradient) =>
  x.reduce((sum, value, index) => {
    gradient[index] = 2 * 10 ** index * (value - index);
    return sum + 10 ** index * (value - index) ** 2;
  }, 0);

describe('L-BFGS', () => {
  it('finds the minimum of a curved valley', () => {
    const start = Float64Array.of(-1.2, 1, -1.2, 1, 3, -2);
    const { x, value, slope, iterations } = minimize(valley, start, { tolerance: 1e-9 });
    expect(largestDifference(x, [1, 1, 1, 1, 1, 1])).toBeLessThan(1e-8);
    expectWithin(value, 0, 1e-16);
    expect(slope).toBeLessThanOrEqual(1e-9);
    expect(iterations).toBeLessThan(100);
    expect(start[0]).toBe(-1.2);
  });

  it('finds the minimum of a bowl with a condition number of a million', () => {
    const { x } = minimize(bowl, new Float64Array(7), { tolerance: 1e-8 });
    expect(largestDifference(x, [0, 1, 2, 3, 4, 5, 6])).toBeLessThan(1e-7);
  });

  it('stays at a minimum', () => {
    expect(minimize(bowl, Float64Array.of(0, 1, 2)).iterations).toBe(0);
  });

  it('never increases the objective, and ends after the given iterations', () => {
    let least = Infinity;
    for (let iterations = 0; iterations < 25; iterations++) {
      const minimum = minimize(valley, Float64Array.of(-1.2, 1), { iterations });
      expect(minimum.value).toBeLessThan(least);
      expect(minimum.iterations).toBe(iterations);
      least = minimum.value;
    }
  });

  it('recovers from values that are not finite with smaller steps', () => {
    // Finite for x > 0 only, with its minimum at 1.
    const barrier: SmoothFunction = (x, gradient) => {
      gradient[0] = 1 - 1 / x[0]!;
      return x[0]! - Math.log(x[0]!);
    };
    expectWithin(minimize(barrier, Float64Array.of(30)).x[0]!, 1, 1e-6);
  });

  it('ends if rounding allows no decrease', () => {
    const { x, iterations } = minimize(bowl, new Float64Array(3), { tolerance: 0 });
    expect(largestDifference(x, [0, 1, 2])).toBeLessThan(1e-7);
    expect(iterations).toBeLessThan(500);
  });
});
