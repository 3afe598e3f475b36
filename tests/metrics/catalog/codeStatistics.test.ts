import { drawCodes } from '../../../src/age/prior.js';
import {
  codeStatistics,
  effectiveRank,
  type UniformityStatistic,
} from '../../../src/metrics/catalog/codeStatistics.js';
import { drawCodesAround } from '../../../src/model/paths.js';
import type { Features } from '../../../src/numerics/features.js';
import { randomStream } from '../../../src/random.js';
import { axisPairs } from '../../age/codes.js';
import { expectWithin } from '../../expectWithin.js';
import { featuresOf, largestDifference, reference, withEntry } from '../samples.js';
import { deviationOf, meanOf } from '../../moments.js';
import { expectInputError } from '../../rejection.js';
import { describe, expect, it } from 'vitest';

/** Rows with zeros appended. */
const withZeros = (data: Float32Array, from: number, width: number): Features => ({
  data: Float32Array.from({ length: (data.length / from) * width }, (_, index) =>
    index % width < from ? data[Math.floor(index / width) * from + (index % width)]! : 0,
  ),
  width,
});

const uniformCodes = (count: number, latent: number, seed: number): Features => ({
  data: drawCodes('sphere', count, latent, randomStream(seed, 'uniform codes')),
  width: latent,
});

describe('code statistics', () => {
  const { codes, width, rayleigh, bingham, relativeVariances, resultantLength } = reference.codes;
  const given = featuresOf(codes, width);

  const expectTest = (test: UniformityStatistic, [statistic, degrees]: readonly number[]) => {
    expectWithin(test.statistic, statistic!, 1e-4);
    expect(test.degreesOfFreedom).toBe(degrees);
  };

  it('agree with SciPy', () => {
    const statistics = codeStatistics(given);
    expectWithin(statistics.meanResultantLength, resultantLength, 1e-7);
    expectTest(statistics.rayleigh, rayleigh);
    expectTest(statistics.bingham, bingham);
    expect(largestDifference(statistics.relativeVariances, relativeVariances)).toBeLessThan(1e-6);
  });

  it('of both directions of every axis equal those of uniform codes', () => {
    const statistics = codeStatistics({ data: axisPairs(5), width: 5 });
    expect(statistics.meanResultantLength).toBe(0);
    expect(largestDifference(statistics.relativeVariances, [1, 1, 1, 1, 1])).toBeLessThan(1e-12);
    expect(
      [statistics.rayleigh.statistic, statistics.bingham.statistic].map((value) => Math.abs(value) < 1e-9),
    ).toEqual([true, true]);
  });

  it('have the mean and variance of chi-square for uniform codes', () => {
    const runs = Array.from({ length: 300 }, (_, seed) => codeStatistics(uniformCodes(200, 6, seed)));
    for (const test of ['rayleigh', 'bingham'] as const) {
      const statistics = runs.map((run) => run[test].statistic);
      const degrees = runs[0]![test].degreesOfFreedom;
      expectWithin(meanOf(statistics), degrees, 4 * Math.sqrt((2 * degrees) / 300));
      expectWithin(deviationOf(statistics) ** 2 / (2 * degrees), 1, 0.4);
    }
  });

  const center = drawCodes('sphere', 1, 16, randomStream(3, 'centre'));

  it('detect codes that concentrate on one side', () => {
    const { rayleigh } = codeStatistics({
      data: drawCodesAround('sphere', center, 0.9, 2000, randomStream(1, 'codes')),
      width: 16,
    });
    expect(rayleigh.statistic / rayleigh.degreesOfFreedom).toBeGreaterThan(5);
  });

  it('detect codes that concentrate at both ends of an axis, by second moments only', () => {
    const data = drawCodesAround('sphere', center, 0.5, 2000, randomStream(1, 'codes'));
    const both = data.map((value, index) => (Math.floor(index / 16) % 2 === 0 ? value : -value));
    const { rayleigh, bingham } = codeStatistics({ data: both, width: 16 });
    expect(rayleigh.statistic / rayleigh.degreesOfFreedom).toBeLessThan(3);
    expect(bingham.statistic / bingham.degreesOfFreedom).toBeGreaterThan(5);
  });

  it('reject codes that are not on a sphere', async () => {
    await expectInputError(() => codeStatistics(withEntry(given, 9, 2)), 'code 2', 'must be 1');
    await expectInputError(() => codeStatistics(withEntry(given, 9, NaN)), 'row 2, column 1');
    await expectInputError(() => codeStatistics(uniformCodes(1, 4, 1)), '1 rows', 'at least 2');
    await expectInputError(() => codeStatistics(featuresOf([1, 1], 1)), 'at least 2 dimensions');
    await expectInputError(() => codeStatistics(featuresOf([1, 0, 3, 0], 2)), 'code 1');
  });
});

describe('the effective rank', () => {
  it('is the number of directions with equal variance', () => {
    expectWithin(effectiveRank({ data: axisPairs(5), width: 5 }), 5, 1e-9);
    expectWithin(effectiveRank(withZeros(axisPairs(3), 3, 5)), 3, 1e-9);
  });

  it('is about M for uniform codes, and independent of their scale', () => {
    const codes = uniformCodes(20_000, 16, 1);
    const rank = effectiveRank(codes);
    expectWithin(rank, 16, 0.05);
    expectWithin(effectiveRank({ ...codes, data: codes.data.map((value) => 0.01 * value) }), rank, 1e-4);
  });

  it('is 1 for codes that vary along a line, or not at all', () => {
    expectWithin(effectiveRank(featuresOf([0, 0, 1, 2, 2, 4, 3, 6], 2)), 1, 1e-6);
    expect(effectiveRank(featuresOf([1, 0, 1, 0, 1, 0], 2))).toBe(1);
  });
});
