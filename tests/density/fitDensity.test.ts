import { describe, expect, it } from 'vitest';
import { type CodeDensity, drawSampleCodes, shiftOf, startWeights, summarize } from '../../src/density/codeDensity.js';
import { fitDensity } from '../../src/density/fitDensity.js';
import { sumOf } from '../../src/numerics/features.js';
import { randomStream } from '../../src/random.js';
import { expectWithin } from '../expectWithin.js';
import { meanOf } from '../moments.js';
import { normalRows } from '../metrics/samples.js';
import { groupedCodes, nearestCosines, networkCodes, rowsOf, SIZE, withoutCodes } from './codes.js';

const sampled = (density: ReturnType<typeof fitDensity>, count: number, prior: 'sphere' | 'normal' = 'sphere') =>
  drawSampleCodes({ density, prior, latentSize: SIZE }, count, randomStream(1, 'draws'));

describe('the density of codes', () => {
  it('lies where held-out codes of images are, and the prior does not', () => {
    const codes = groupedCodes(2000, 5, 0.05);
    const density = fitDensity({ codes: { data: codes.slice(0, 1000 * SIZE), width: SIZE } });
    const heldOut = codes.slice(1000 * SIZE);
    const prior = drawSampleCodes({ prior: 'sphere', latentSize: SIZE }, 300, randomStream(1, 'draws'));
    expect(meanOf(nearestCosines(sampled(density, 300), heldOut))).toBeGreaterThan(0.98);
    expect(meanOf(nearestCosines(prior, heldOut))).toBeLessThan(0.8);
  });

  it('has shares that sum to 1, and draws each group as often', () => {
    const codes = groupedCodes(1000, 4, 0.02);
    const density = fitDensity({ codes: { data: codes, width: SIZE } });
    expectWithin(
      density.logShares.map(Math.exp).reduce((sum, share) => sum + share, 0),
      1,
      1e-6,
    );
    const centers = codes.slice(0, 4 * SIZE);
    const nearest = rowsOf(sampled(density, 1000)).map((code) => {
      const cosines = rowsOf(centers).map((center) => code.reduce((sum, value, at) => sum + value * center[at]!, 0));
      return cosines.indexOf(Math.max(...cosines));
    });
    for (const group of [0, 1, 2, 3])
      expect(Math.abs(nearest.filter((each) => each === group).length - 250)).toBeLessThan(60);
  });

  it('has as many Gaussians as the codes determine, or fewer on request', () => {
    const codes = { data: groupedCodes(1000, 4, 0.02), width: SIZE };
    expect(fitDensity({ codes }).counts.length).toBeGreaterThan(8);
    expect(fitDensity({ codes, maxGaussians: 3 }).counts).toHaveLength(3);
  });

  it('without codes has the mean and the covariance of codes that are normal', () => {
    const mixed = normalRows(63, SIZE, 1);
    const data = Float32Array.from(mixed.data, (value, at) => (at % SIZE === 0 ? 3 + 2 * value : value));
    // Fewer than 128 codes have one Gaussian.
    const draws = sampled(withoutCodes(fitDensity({ codes: { data, width: SIZE } })), 20_000, 'normal');
    const firstOf = (codes: Float32Array) => rowsOf(codes).map(([first]) => first!);
    const variance = (values: number[]) => {
      const mean = meanOf(values);
      return meanOf(values.map((value) => (value - mean) ** 2));
    };
    expectWithin(meanOf(firstOf(draws)), meanOf(firstOf(data)), 0.05);
    expectWithin(variance(firstOf(draws)) / variance(firstOf(data)), 1, 0.05);
  });

  it('draws near lines between neighbors, where Gaussians also draw between groups of them', () => {
    const ring = Float32Array.from({ length: 100 * SIZE }, (_, at) => {
      const angle = (Math.floor(at / SIZE) * 2 * Math.PI) / 100;
      return at % SIZE === 0 ? Math.cos(angle) : at % SIZE === 1 ? Math.sin(angle) : 0;
    });
    const density = fitDensity({ codes: { data: ring, width: SIZE } });
    const distanceIn = (density: CodeDensity) => {
      const draws = rowsOf(sampled(density, 1000, 'normal'));
      return meanOf(draws.map(([x, y]) => Math.abs(Math.hypot(x!, y!) - 1)));
    };
    expect(distanceIn(density)).toBeLessThan(0.85 * distanceIn(withoutCodes(density)));
  });

  it('keeps the same share of the codes of each group, each with its nearest', () => {
    const data = groupedCodes(1000, 4, 0.02);
    const { counts, codes, neighbors } = fitDensity({ codes: { data, width: SIZE }, maxCodes: 200 });
    const kept = rowsOf(codes);
    expect(kept.length).toBe(counts.reduce((sum, count) => sum + count, 0));
    expect(kept.length).toBeGreaterThanOrEqual(200);
    expect(kept.length).toBeLessThan(200 + counts.length);
    expect(neighbors).toHaveLength(6 * kept.length);
    const distance = (a: Float32Array, b: Float32Array) => Math.hypot(...a.map((value, at) => value - b[at]!));
    for (const [row, code] of kept.slice(0, 50).entries()) {
      const near = Array.from(neighbors.subarray(6 * row, 6 * row + 6), (each) => distance(code, kept[each]!));
      const all = kept.map((each) => distance(code, each)).sort((a, b) => a - b);
      for (const [at, value] of near.entries()) expectWithin(value, all[at]!, 1e-6);
    }
  });

  it('starts at codes of the class and near the value that are asked for, more often than at others', () => {
    const condition = { shape: [4] };
    const labelOf = (row: number) => row % 2;
    const valueOf = (row: number) => Math.sin(row);
    const y = Float32Array.from({ length: 400 * 4 }, (_, at) => {
      const row = Math.floor(at / 4);
      return [1 - labelOf(row), labelOf(row), 1, valueOf(row)][at % 4]!;
    });
    const codes = { data: groupedCodes(400, 1, 1), width: SIZE };
    const summaries = { data: summarize(condition, y), width: 5 };
    const density = fitDensity({ codes, summaries, parts: [{ classes: 2 }, 'value'] });
    const recentered = rowsOf(networkCodes({ density, prior: 'sphere' }, codes.data, y, 1));
    const rowOf = (kept: Float32Array) =>
      recentered.findIndex((code, row) => {
        const shift = shiftOf(density, summaries.data.subarray(row * 5, row * 5 + 5), SIZE);
        return code.every((value, at) => Math.abs(value - shift[at]! - kept[at]!) < 1e-6);
      });
    const sharesOf = (asked: readonly number[]) => {
      const weights = startWeights(density, summarize(condition, Float32Array.from(asked)));
      const total = sumOf(weights);
      return rowsOf(density.codes).map((kept, at) => ({ row: rowOf(kept), share: weights[at]! / total }));
    };
    const byClass = sharesOf([0, 1, 0, 0]);
    expectWithin(sumOf(byClass.filter(({ row }) => labelOf(row) === 1).map(({ share }) => share)), 0.99, 0.005);
    const byValue = sharesOf([0, 0, 1, 0.5]);
    const ratio = (a: number, b: number) => Math.log(a / b);
    for (const { row, share } of byValue.slice(0, 20)) {
      const distances = [valueOf(row) - 0.5, valueOf(byValue[0]!.row) - 0.5] as const;
      expectWithin(ratio(share, byValue[0]!.share), (distances[1] ** 2 - distances[0] ** 2) / (2 * 0.3 ** 2), 1e-3);
    }
    const highest = byValue.map(({ share }) => share).sort((a, b) => b - a);
    expect(new Set(highest.slice(0, 5)).size).toBe(1);
    expect(highest[5]).toBeLessThan(highest[4]!);
    const [first] = sharesOf([0, 0, 0, 0]);
    expectWithin(first!.share, 1 / 400, 1e-6);
  });

  it('draws codes of the condition that is asked for, also one with fewer images', () => {
    const condition = { shape: [3] };
    const codes = groupedCodes(1200, 3, 0.1);
    // A fifth of the images have none.
    const labels = Array.from({ length: 1200 }, (_, row) => (row % 5 === 0 ? undefined : row % 3));
    const y = Float32Array.from(labels.flatMap((label) => [0, 1, 2].map((each) => (each === label ? 1 : 0))));
    const density = fitDensity({
      codes: { data: codes, width: SIZE },
      summaries: { data: summarize(condition, y), width: 4 },
      parts: [{ classes: 3 }],
    });
    for (const label of [0, 1, 2]) {
      const asked = Float32Array.from({ length: 200 * 3 }, (_, at) => (at % 3 === label ? 1 : 0));
      const source = { density, prior: 'sphere', latentSize: SIZE, condition } as const;
      const draws = networkCodes(source, drawSampleCodes(source, 200, randomStream(1, 'draws'), asked), asked);
      const own = Float32Array.from(rowsOf(codes).flatMap((code, row) => (row % 3 === label ? [...code] : [])));
      expect(meanOf(nearestCosines(draws, own))).toBeGreaterThan(0.95);
    }
  });

  it('follows a number among the conditions', () => {
    const condition = { shape: [2] };
    const noise = normalRows(600, SIZE, 2, 0.1);
    const y = Float32Array.from({ length: 1200 }, (_, at) => (at % 2 === 0 ? 1 : Math.sin(at)));
    const data = Float32Array.from(noise.data, (value, at) =>
      at % SIZE === 0 ? value + 2 * y[2 * Math.floor(at / SIZE) + 1]! : value,
    );
    const density = fitDensity({
      codes: { data, width: SIZE },
      prior: 'normal',
      summaries: { data: summarize(condition, y), width: 3 },
      parts: ['value'],
    });
    for (const value of [-0.9, 0, 0.7]) {
      const asked = Float32Array.from({ length: 600 }, (_, at) => (at % 2 === 0 ? 1 : value));
      const source = { density, prior: 'normal', latentSize: SIZE, condition } as const;
      const draws = networkCodes(source, drawSampleCodes(source, 300, randomStream(1, 'draws'), asked), asked);
      expectWithin(meanOf(rowsOf(draws).map(([first]) => first!)), 2 * value, 0.05);
    }
  });

  it('of equal codes is that code', () => {
    const density = fitDensity({
      codes: { data: new Float32Array(100 * SIZE).fill(1 / Math.sqrt(SIZE)), width: SIZE },
    });
    for (const value of sampled(density, 5)) expectWithin(value, 1 / Math.sqrt(SIZE), 1e-6);
  });

  it('of two codes has few surprises', () => {
    const density = fitDensity({ codes: { data: groupedCodes(2, 2, 0), width: SIZE } });
    expect(density.counts).toHaveLength(1);
    expect(sampled(density, 50).every(Number.isFinite)).toBe(true);
  });
});
