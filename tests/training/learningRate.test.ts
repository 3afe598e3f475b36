import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { emaDecayAt, learningRateAt } from '../../src/training/learningRate.js';
import type { Configuration } from '../../src/training/configuration.js';
import { expectWithin } from '../expectWithin.js';
import { tinyConfiguration } from './tinyTraining.js';

const RATE = 2e-4;

/** The learning rate as a share of the configured one. */
const shareAt = (progress: Partial<Parameters<typeof learningRateAt>[0]>, changes: Partial<Configuration>): number =>
  learningRateAt({ step: 0, totalSteps: 100, epoch: 0, ...progress }, tinyConfiguration({ learningRate: RATE, ...changes })) / RATE;

describe('the learning rate that is halved', () => {
  /** The published code: before epoch k, counted from 0, when k mod halveEvery = halveEvery - 1. */
  function plainShare(epoch: number, halveEvery: number): number {
    let share = 1;
    for (let k = 0; k <= epoch; k++) if (k % halveEvery === halveEvery - 1) share /= 2;
    return share;
  }

  it('is so exactly before the epochs of the published code', () => {
    const shares = (halveEvery: number, epochs: number) => [...Array(epochs).keys()].map((epoch) => shareAt({ epoch }, { halveEvery }));
    expect(shares(3, 9)).toEqual([1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.125]);
    expect(shares(5, 6)).toEqual([1, 1, 1, 1, 0.5, 0.5]);
    expect(shares(1, 3)).toEqual([0.5, 0.25, 0.125]);
    const cifar = shares(40, 150);
    expect([38, 39, 78, 79, 118, 119, 149].map((epoch) => cifar[epoch])).toEqual([1, 0.5, 0.5, 0.25, 0.25, 0.125, 0.125]);
  });

  it('follows the rule for every epoch and interval', () => {
    fc.assert(
      fc.property(fc.nat(60), fc.integer({ min: 1, max: 20 }), fc.nat(1000), (epoch, halveEvery, step) => {
        expect(shareAt({ epoch, step }, { halveEvery })).toBeCloseTo(plainShare(epoch, halveEvery), 12);
      }),
    );
  });

  it('stays the same where it is never dropped', () => {
    for (const epoch of [0, 1, 1000]) expect(shareAt({ epoch, step: 10 * epoch }, { halveEvery: 0 })).toBe(1);
  });
});

describe('the constant learning rate', () => {
  it('stays the same', () => {
    for (const step of [0, 1, 50, 99]) expect(shareAt({ step, epoch: step }, { schedule: 'constant' })).toBe(1);
  });
});

describe('the learning rate along a cosine', () => {
  const share = (step: number, totalSteps: number) => shareAt({ step, totalSteps }, { schedule: 'cosine' });

  it('begins at the whole, is half of it in the middle, and ends near 0', () => {
    expect(share(0, 100)).toBe(1);
    expectWithin(share(50, 100), 0.5, 1e-12);
    expect(share(9_999, 10_000)).toBeGreaterThan(0);
    expect(share(9_999, 10_000)).toBeLessThan(1e-7);
  });

  it('falls all the time, and as much in the first half as in the second', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 10_000 }), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (lastStep, part) => {
        const step = Math.floor(part * lastStep);
        expect(share(step + 1, lastStep)).toBeLessThan(share(step, lastStep));
        expectWithin(share(step, lastStep) + share(lastStep - step, lastStep), 1, 1e-9);
      }),
    );
  });

  it('is the whole even where there is one iteration', () => {
    expect(share(0, 1)).toBe(1);
  });
});

describe('the warm-up', () => {
  it('rises in equal steps to the whole, and ends there', () => {
    const shares = [...Array(6).keys()].map((step) => shareAt({ step }, { warmupSteps: 4 }));
    expect(shares).toEqual([0.25, 0.5, 0.75, 1, 1, 1]);
  });

  it('multiplies what the schedule says', () => {
    fc.assert(
      fc.property(fc.nat(99), fc.integer({ min: 1, max: 200 }), fc.constantFrom('halving', 'constant', 'cosine'), (step, warmupSteps, schedule) => {
        const halveEvery = schedule === 'halving' ? 2 : 0;
        const progress = { step, epoch: Math.floor(step / 10) };
        const [warm, without] = [shareAt(progress, { warmupSteps, schedule, halveEvery }), shareAt(progress, { schedule, halveEvery })];
        expectWithin(warm, without * Math.min(1, (step + 1) / warmupSteps), 1e-12);
        expect(warm).toBeGreaterThan(0);
      }),
    );
  });
});

describe('the share of the averages that stays', () => {
  const decayAt = (step: number, ema: number, emaStart = 0) => emaDecayAt(step, tinyConfiguration({ ema, emaStart }));

  it('is nothing before averaging begins', () => {
    for (const step of [0, 1, 99]) expect(decayAt(step, 0.999, 100)).toBe(0);
    expect(decayAt(100, 0.999, 100)).toBeGreaterThan(0);
  });

  it('rises as (1 + n) / (10 + n) to what is configured, and stays there', () => {
    expect([0, 1, 2, 8].map((step) => decayAt(step, 0.9))).toEqual([1 / 10, 2 / 11, 3 / 12, 9 / 18]);
    expect([80, 81, 1000].map((step) => decayAt(step, 0.9))).toEqual([0.9, 0.9, 0.9]);
    expect(decayAt(1_000_000, 0.999)).toBe(0.999);
  });

  it('never falls, is always below 1, and depends only on the iterations since its beginning', () => {
    fc.assert(
      fc.property(fc.nat(5000), fc.nat(5000), fc.double({ min: 0.01, max: 0.9999, noNaN: true }), (step, emaStart, ema) => {
        expect(decayAt(step + 1, ema, emaStart)).toBeGreaterThanOrEqual(decayAt(step, ema, emaStart));
        expect(decayAt(step, ema, emaStart)).toBeLessThan(1);
        expect(decayAt(step + emaStart, ema, emaStart)).toBe(decayAt(step, ema));
      }),
    );
  });
});
