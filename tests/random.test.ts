import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LARGEST_SEED, randomStream, shuffledIndices } from '../src/random.js';
import { expectWithin } from './expectWithin.js';
import { kurtosisOf, meanOf, varianceOf } from './moments.js';

/** The tolerances below are at least five standard errors of this number of draws. */
const DRAWS = 20_000;
const seeds = fc.integer({ min: 0, max: LARGEST_SEED });
const draws = (seed: number, purpose: string, index?: number): number[] => {
  const stream = randomStream(seed, purpose, index);
  return Array.from({ length: 8 }, () => stream.uniform());
};

describe('randomStream', () => {
  it('is the same for the same seed, purpose and index', () => {
    fc.assert(
      fc.property(seeds, fc.string(), fc.nat(), (seed, purpose, index) => {
        expect(draws(seed, purpose, index)).toEqual(draws(seed, purpose, index));
      }),
    );
  });

  it('differs if the seed, the purpose or the index differs', () => {
    fc.assert(
      fc.property(seeds, fc.string(), fc.nat(), fc.integer({ min: 1, max: 1000 }), (seed, purpose, index, offset) => {
        const own = draws(seed, purpose, index);
        expect(draws((seed + offset) % (LARGEST_SEED + 1), purpose, index)).not.toEqual(own);
        expect(draws(seed, `${purpose}+`, index)).not.toEqual(own);
        expect(draws(seed, purpose, index + offset)).not.toEqual(own);
        expect(draws(seed, purpose, index + 2 ** 32)).not.toEqual(own);
      }),
    );
  });

  it('starts differently for adjacent seeds and indices', () => {
    const first = [...Array(1000).keys()].flatMap((number) => [
      randomStream(number, 'first').uniform(),
      randomStream(7, 'first', number).uniform(),
    ]);
    expectWithin(meanOf(first), 1 / 2, 0.035);
    expectWithin(varianceOf(first), 1 / 12, 0.01);
    expect(new Set(first).size).toBeGreaterThan(1990);
  });

  it('draws uniformly from [0, 1)', () => {
    const stream = randomStream(1, 'uniform');
    const values = Array.from({ length: DRAWS }, () => stream.uniform());
    expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...values)).toBeLessThan(1);
    expectWithin(meanOf(values), 1 / 2, 0.01);
    expectWithin(varianceOf(values), 1 / 12, 0.005);
  });

  it('draws each integer below a limit equally often', () => {
    const stream = randomStream(1, 'below');
    const counts = new Array<number>(5).fill(0);
    for (let draw = 0; draw < DRAWS; draw++) counts[stream.below(5)]!++;
    for (const count of counts) expectWithin(count / DRAWS, 1 / 5, 0.015);
    expect(counts.reduce((a, b) => a + b)).toBe(DRAWS);
  });

  it('draws only 0 below 1', () => {
    const stream = randomStream(1, 'one');
    expect([stream.below(1), stream.below(1)]).toEqual([0, 0]);
  });

  it.each([DRAWS, DRAWS + 1])('fills an array of %i with standard normal samples', (length) => {
    const values = randomStream(1, 'normal').fillNormal(new Float32Array(length));
    expect(values.every(Number.isFinite)).toBe(true);
    expectWithin(meanOf(values), 0, 0.035);
    expectWithin(varianceOf(values), 1, 0.05);
    expectWithin(kurtosisOf(values), 3, 0.18);
    expect(values.at(-1)).not.toBe(0);
  });

  it('draws adjacent normal samples independently', () => {
    const values = randomStream(3, 'pairs').fillNormal(new Float32Array(DRAWS));
    const products = Array.from({ length: DRAWS - 1 }, (_, index) => values[index]! * values[index + 1]!);
    expectWithin(meanOf(products), 0, 0.035);
    const squares = Array.from({ length: DRAWS - 1 }, (_, index) => values[index]! ** 2 * values[index + 1]! ** 2);
    expectWithin(meanOf(squares), 1, 0.1);
  });
});

describe('shuffled indices', () => {
  it('contain every number below the count once', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), seeds, (count, seed) => {
        expect(Array.from(shuffledIndices(count, randomStream(seed, 'shuffle'))).sort((a, b) => a - b)).toEqual([
          ...Array(count).keys(),
        ]);
      }),
    );
  });

  it('put every number at every position equally often', () => {
    const [count, rounds] = [4, 8000];
    const seen = Array.from({ length: count }, () => new Array<number>(count).fill(0));
    for (let round = 0; round < rounds; round++)
      shuffledIndices(count, randomStream(round, 'places')).forEach((number, place) => seen[place]![number]!++);
    for (const frequency of seen.flat()) expectWithin(frequency / rounds, 1 / count, 0.025);
  });
});
