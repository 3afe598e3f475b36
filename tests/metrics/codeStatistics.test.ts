import { describe, expect, it } from 'vitest';
import { drawCodes } from '../../src/age/prior.js';
import { codeStatistics, nearestCodeDistances, type UniformityTest } from '../../src/metrics/codeStatistics.js';
import { drawVonMisesFisher } from '../../src/numerics/vonMisesFisher.js';
import type { Features } from '../../src/numerics/features.js';
import { chiSquareTail } from '../../src/numerics/chiSquare.js';
import { randomStream } from '../../src/random.js';
import { axisPairs } from '../age/codes.js';
import { expectWithin } from '../expectWithin.js';
import { meanOf } from '../moments.js';
import { expectInputError } from '../rejection.js';
import { featuresOf, largestDifference, normalRows, reference, withEntry } from './samples.js';

const uniformCodes = (count: number, latent: number, seed: number): Features => ({
  data: drawCodes('sphere', count, latent, randomStream(seed, 'uniform codes')),
  width: latent,
});

describe('the tail of the chi-square distribution', () => {
  it.each(reference.chiSquare)('from %d on, with %d degrees of freedom, is that of SciPy', (value, degrees, tail) => {
    expectWithin(chiSquareTail(value, degrees), tail, 1e-11 * tail + 1e-300);
  });

  it('is 1 from 0 on, and 0 at infinity', () => {
    expect([chiSquareTail(0, 3), chiSquareTail(-1e-9, 3), chiSquareTail(Infinity, 3)]).toEqual([1, 1, 0]);
  });

  it('has a closed form for 2 degrees of freedom', () => {
    for (const value of [1e-8, 0.1, 1, 3.9, 4.1, 30, 700]) expectWithin(chiSquareTail(value, 2) / Math.exp(-value / 2), 1, 1e-12);
  });
});

describe('the statistics of codes', () => {
  const { codes, width, rayleigh, bingham, relativeVariances, resultantLength, nearest } = reference.codes;
  const given = featuresOf(codes, width);

  const expectTest = (test: UniformityTest, [statistic, degrees, pValue]: readonly [number, number, number]) => {
    expectWithin(test.statistic, statistic, 1e-4);
    expect(test.degreesOfFreedom).toBe(degrees);
    expectWithin(test.pValue / pValue, 1, 1e-4);
  };

  it('are those of SciPy', () => {
    const statistics = codeStatistics(given);
    expectWithin(statistics.resultantLength, resultantLength, 1e-7);
    expectTest(statistics.rayleigh, rayleigh);
    expectTest(statistics.bingham, bingham);
    expect(largestDifference(statistics.relativeVariances, relativeVariances)).toBeLessThan(1e-6);
    expectWithin(statistics.minRelativeVariance, Math.min(...relativeVariances), 1e-6);
    expectWithin(statistics.maxRelativeVariance, Math.max(...relativeVariances), 1e-6);
    expect(largestDifference(nearestCodeDistances(given), nearest)).toBeLessThan(1e-7);
  });

  it('of both directions of every axis are those of uniform codes', () => {
    const statistics = codeStatistics({ data: axisPairs(5), width: 5 });
    expect(statistics.resultantLength).toBe(0);
    expect(statistics.largestMean).toBe(0);
    expect(largestDifference(statistics.relativeVariances, [1, 1, 1, 1, 1])).toBeLessThan(1e-12);
    expect([statistics.rayleigh.pValue, statistics.bingham.pValue]).toEqual([1, 1]);
    expect(Array.from(nearestCodeDistances({ data: axisPairs(5), width: 5 }))).toEqual(Array(10).fill(Math.sqrt(2)));
  });

  it('have p-values that are uniform where codes are', () => {
    const runs = Array.from({ length: 300 }, (_, seed) => codeStatistics(uniformCodes(200, 6, seed)));
    for (const test of ['rayleigh', 'bingham'] as const) {
      const pValues = runs.map((run) => run[test].pValue);
      expectWithin(meanOf(pValues), 0.5, 0.07);
      expectWithin(pValues.filter((pValue) => pValue < 0.1).length / 300, 0.1, 0.07);
    }
  });

  it('find out codes that gather on one side', () => {
    const centre = normalRows(1, 16, 3).data;
    const { rayleigh } = codeStatistics({ data: drawVonMisesFisher(centre, 2, 2000, randomStream(1, 'codes')), width: 16 });
    expect(rayleigh.pValue).toBeLessThan(1e-6);
  });

  it('find out by second moments alone codes that gather at both ends of an axis', () => {
    const data = drawVonMisesFisher(normalRows(1, 16, 3).data, 8, 2000, randomStream(1, 'codes'));
    const both = data.map((value, index) => (Math.floor(index / 16) % 2 === 0 ? value : -value));
    const { rayleigh, bingham } = codeStatistics({ data: both, width: 16 });
    expect(rayleigh.pValue).toBeGreaterThan(1e-3);
    expect(bingham.pValue).toBeLessThan(1e-6);
  });

  it('give the largest mean in standard errors', () => {
    expectWithin(codeStatistics(featuresOf([1, 0, 1, 0, 1, 0, 0, 1], 2)).largestMean, 0.75 * Math.sqrt(8), 1e-12);
  });

  it('are refused for what is not on a sphere', async () => {
    await expectInputError(() => codeStatistics(withEntry(given, 9, 2)), 'code 2', 'must be 1');
    await expectInputError(() => codeStatistics(withEntry(given, 9, NaN)), 'row 2, column 1');
    await expectInputError(() => codeStatistics(uniformCodes(1, 4, 1)), '1 rows', 'at least 2');
    await expectInputError(() => codeStatistics(featuresOf([1, 1], 1)), 'at least 2 dimensions');
    await expectInputError(() => nearestCodeDistances(featuresOf([1, 0, 3, 0], 2)), 'code 1');
  });
});
