import { describe, expect, it } from 'vitest';
import { codeStatistics } from '../../src/metrics/codeStatistics.js';
import { concentrationOf, drawVonMisesFisher, meanCosine } from '../../src/numerics/vonMisesFisher.js';
import { randomStream } from '../../src/random.js';
import { normOf, rowsOf } from '../age/codes.js';
import { expectWithin } from '../expectWithin.js';
import { deviationOf, meanOf } from '../moments.js';
import { expectInputError } from '../rejection.js';
import { largestDifference, normalRows, reference } from '../metrics/samples.js';

const inner = (a: ArrayLike<number>, b: ArrayLike<number>): number => Array.from(a).reduce((sum, value, index) => sum + value * b[index]!, 0);

describe('codes around a mean direction', () => {
  it.each([
    [2, 0.5],
    [2, 30],
    [3, 1],
    [3, 1000],
    [16, 0],
    [16, 40],
    [64, 300],
    [64, 1e7],
  ])('have the mean cosine and the symmetry of their distribution, in %i dimensions with concentration %d', (latent, concentration) => {
    const mean = Float32Array.from(normalRows(1, latent, 1, 5).data);
    const codes = rowsOf(drawVonMisesFisher(mean, concentration, 4000, randomStream(7, 'draws')), latent);
    for (const code of codes) expectWithin(normOf(code), 1, 1e-5);
    const length = Math.sqrt(inner(mean, mean));
    const cosines = codes.map((code) => inner(code, mean) / length);
    expectWithin(meanOf(cosines), meanCosine(concentration, latent), (4 * deviationOf(cosines)) / Math.sqrt(4000) + 1e-6);
    // Var(cosine) = 1 - A^2 - (M - 1) A / concentration, the derivative of A.
    if (concentration > 0 && concentration < 1e6) {
      const cosine = meanCosine(concentration, latent);
      expectWithin(deviationOf(cosines) ** 2 / (1 - cosine ** 2 - ((latent - 1) * cosine) / concentration), 1, 0.15);
    }
    // Across the mean direction they balance.
    const across = normalRows(1, latent, 9).data.map((value, index) => value - (inner(normalRows(1, latent, 9).data, mean) / length ** 2) * mean[index]!);
    const sides = codes.map((code) => inner(code, across));
    expectWithin(meanOf(sides), 0, (4 * deviationOf(sides)) / Math.sqrt(4000) + 1e-7);
  });

  it('are uniform with concentration 0', () => {
    const data = drawVonMisesFisher(Float32Array.of(0, 1, 0, 0), 0, 3000, randomStream(2, 'draws'));
    const { rayleigh, bingham } = codeStatistics({ data, width: 4 });
    expect(Math.min(rayleigh.pValue, bingham.pValue)).toBeGreaterThan(0.01);
  });

  it('on a sphere of 3 dimensions have the cosines of the closed form', () => {
    // P(cosine <= w) = (e^(k w) - e^-k) / (e^k - e^-k).
    const cosines = rowsOf(drawVonMisesFisher(Float32Array.of(1, 0, 0), 2, 5000, randomStream(3, 'draws')), 3).map((code) => code[0]!);
    for (const w of [-0.5, 0, 0.5, 0.9]) {
      const expected = (Math.exp(2 * w) - Math.exp(-2)) / (Math.exp(2) - Math.exp(-2));
      expectWithin(cosines.filter((cosine) => cosine <= w).length / 5000, expected, 4 * Math.sqrt((expected * (1 - expected)) / 5000));
    }
  });

  it.each([
    [1, 0, 0],
    [-1, 0, 0],
    [1, 1e-9, 0],
    [-1, 1e-9, 0],
    [0, 0, -2],
  ])('gather at [%d, %d, %d]', (...mean) => {
    const code = drawVonMisesFisher(Float64Array.from(mean), 1e12, 1, randomStream(1, 'draws'));
    expect(
      largestDifference(
        code,
        mean.map((value) => value / normOf(mean)),
      ),
    ).toBeLessThan(1e-5);
  });

  it('depend on the stream alone', () => {
    const draw = (seed: number) => drawVonMisesFisher(Float32Array.of(1, 2, 3), 5, 10, randomStream(seed, 'draws'));
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
    expect(drawVonMisesFisher(Float32Array.of(1, 2), 5, 0, randomStream(1, 'draws'))).toHaveLength(0);
  });

  it('are refused without a direction or a concentration', async () => {
    const draw = (mean: readonly number[], concentration: number) => drawVonMisesFisher(Float32Array.from(mean), concentration, 1, randomStream(1, 'draws'));
    await expectInputError(() => draw([1], 1), '1 coordinates', 'at least 2');
    await expectInputError(() => draw([0, 0], 1), 'length is 0');
    await expectInputError(() => draw([NaN, 0], 1), 'length is NaN');
    await expectInputError(() => draw([1, 0], -1), 'concentration: is -1');
    await expectInputError(() => draw([1, 0], NaN), 'concentration: is NaN');
    await expectInputError(() => draw([1, 0], Infinity), 'concentration: is Infinity');
  });
});

describe('the mean cosine', () => {
  it.each(reference.meanCosines)('with concentration %d in %i dimensions is the quotient of Bessel functions of SciPy', (concentration, latent, cosine) => {
    expectWithin(meanCosine(concentration, latent), cosine, 1e-13);
  });

  it('has a closed form in 3 dimensions', () => {
    for (const k of [0.01, 1, 20, 3000]) expectWithin(meanCosine(k, 3), 1 / Math.tanh(k) - 1 / k, 1e-12);
  });
});

describe('the concentration of a spread', () => {
  it('has the cosine of that part of a right angle as its mean cosine', () => {
    for (const latent of [2, 3, 64, 128]) {
      for (const spread of [0.02, 0.3, 0.7, 0.99]) expectWithin(meanCosine(concentrationOf(spread, latent), latent), Math.cos((spread * Math.PI) / 2), 1e-9);
    }
  });

  it('is 0 for the whole sphere, and falls as the spread grows', () => {
    expect(concentrationOf(1, 64)).toBe(0);
    const spreads = [1e-6, 1e-4, 0.003, 0.006, 0.0065, 0.01, 0.1, 0.5, 0.9, 0.999, 1];
    const concentrations = spreads.map((spread) => concentrationOf(spread, 64));
    expect(concentrations).toEqual(concentrations.toSorted((a, b) => b - a));
    expect(concentrations.every(Number.isFinite)).toBe(true);
  });

  it('is refused outside its range', async () => {
    for (const spread of [0, -1, 1.01, NaN]) await expectInputError(() => concentrationOf(spread, 64), `spread: is ${spread}`, 'above 0 and at most 1');
    await expectInputError(() => concentrationOf(0.5, 1), 'latent dimensions: is 1');
  });
});
