import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EpochSampler, flipBatch } from '../../src/data/batches.js';
import { expectInputError } from '../rejection.js';

const sizes = fc
  .record({ count: fc.integer({ min: 1, max: 200 }), batch: fc.integer({ min: 1, max: 50 }), seed: fc.nat() })
  .filter(({ count, batch }) => batch <= count);
type Sizes = Readonly<{ count: number; batch: number; seed: number }>;
const samplerOf = ({ count, batch, seed }: Sizes) => new EpochSampler(count, batch, seed);
const batchesOf = (sampler: EpochSampler, epoch: number): number[][] =>
  Array.from({ length: sampler.batchesPerEpoch }, (_, number) =>
    Array.from(sampler.indicesOf(epoch * sampler.batchesPerEpoch + number)),
  );

describe('EpochSampler', () => {
  it('visits each image at most once per epoch, in batches of the requested size', () => {
    fc.assert(
      fc.property(sizes, fc.nat(5), (given, epoch) => {
        const batches = batchesOf(samplerOf(given), epoch);
        for (const batch of batches) expect(batch).toHaveLength(given.batch);
        const visited = batches.flat();
        expect(new Set(visited).size).toBe(visited.length);
        expect(visited.every((index) => Number.isInteger(index) && index >= 0 && index < given.count)).toBe(true);
      }),
    );
  });

  it('drops only the incomplete batch', () => {
    fc.assert(
      fc.property(sizes, (given) => {
        const sampler = samplerOf(given);
        expect(given.count - sampler.batchesPerEpoch * given.batch).toBeGreaterThanOrEqual(0);
        expect(given.count - sampler.batchesPerEpoch * given.batch).toBeLessThan(given.batch);
      }),
    );
  });

  it('drops different images in different epochs', () => {
    const sampler = new EpochSampler(10, 9, 1);
    const visited = new Set([0, 1, 2, 3, 4, 5, 6, 7].flatMap((epoch) => batchesOf(sampler, epoch).flat()));
    expect(visited.size).toBe(10);
  });

  it('shuffles every epoch again', () => {
    const sampler = new EpochSampler(100, 10, 1);
    const orders = [0, 1, 2, 3].map((epoch) => batchesOf(sampler, epoch).flat().join());
    expect(new Set(orders).size).toBe(4);
    expect(orders[0]).not.toBe([...Array(100).keys()].join());
  });

  it('has the same order for the same seed, and a different one for a different seed', () => {
    const order = (seed: number) => batchesOf(new EpochSampler(100, 10, seed), 2);
    expect(order(1)).toEqual(order(1));
    expect(order(1)).not.toEqual(order(2));
  });

  it('returns the same batch regardless of earlier requests', () => {
    fc.assert(
      fc.property(sizes, fc.array(fc.nat(60), { minLength: 1, maxLength: 20 }), (given, asked) => {
        const sampler = samplerOf(given);
        for (const number of asked) expect(sampler.indicesOf(number)).toEqual(samplerOf(given).indicesOf(number));
      }),
    );
  });

  it('does not modify a batch that it returned before', () => {
    const sampler = new EpochSampler(8, 4, 3);
    const first = sampler.indicesOf(0);
    const copy = first.slice();
    for (let number = 1; number < 10; number++) sampler.indicesOf(number);
    expect(first).toEqual(copy);
  });

  it('numbers epochs from 0, each with the same number of full batches', () => {
    const sampler = new EpochSampler(11, 4, 1);
    expect(sampler.batchesPerEpoch).toBe(2);
    expect([0, 1, 2, 3, 4].map((number) => sampler.epochOf(number))).toEqual([0, 0, 1, 1, 2]);
  });

  it('accepts exactly one batch of images', () => {
    expect(Array.from(new EpochSampler(4, 4, 1).indicesOf(0)).sort()).toEqual([0, 1, 2, 3]);
  });

  it('rejects a batch larger than the data', async () => {
    await expectInputError(() => new EpochSampler(63, 64, 1), 'batch 64', '63 images');
    await expectInputError(() => new EpochSampler(0, 1, 1), 'batch 1', '0 images');
  });
});

const shape = [3, 2, 5] as const;
const bytes = 30;
const batchOf = (count: number): Uint8Array =>
  Uint8Array.from({ length: count * bytes }, (_, index) => (index * 31) % 251);
const mirrored = (image: Uint8Array): number[] =>
  Array.from(image, (_, index) => image[5 * Math.floor(index / 5) + 4 - (index % 5)]!);
const imageOf = (batch: Uint8Array, row: number): Uint8Array => batch.subarray(row * bytes, (row + 1) * bytes);
const range = (count: number): number[] => [...Array(count).keys()];

describe('flipBatch', () => {
  it('keeps or mirrors each image with equal probability', () => {
    const batch = batchOf(1000);
    const flipped = flipBatch(batch, shape, range(1000), 1, 0);
    let count = 0;
    for (const place of range(1000)) {
      const [before, after] = [imageOf(batch, place), Array.from(imageOf(flipped, place))];
      if (after.join() === mirrored(before).join()) count++;
      else expect(after).toEqual(Array.from(before));
    }
    expect(Math.abs(count - 500)).toBeLessThan(80);
  });

  it('treats an image independently of its batch, given the epoch and the seed', () => {
    const all = flipBatch(batchOf(50), shape, range(50), 7, 3);
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(49), { minLength: 1 }), (indices) => {
        const batch = Uint8Array.from(indices.flatMap((index) => Array.from(imageOf(batchOf(50), index))));
        const flipped = flipBatch(batch, shape, indices, 7, 3);
        for (const [place, index] of indices.entries()) expect(imageOf(flipped, place)).toEqual(imageOf(all, index));
      }),
    );
  });

  it('differs between epochs and between seeds', () => {
    const results = [
      flipBatch(batchOf(50), shape, range(50), 7, 3),
      flipBatch(batchOf(50), shape, range(50), 7, 4),
      flipBatch(batchOf(50), shape, range(50), 8, 3),
    ];
    expect(new Set(results.map((result) => result.join())).size).toBe(3);
  });

  it('does not modify its input', () => {
    const batch = batchOf(20);
    flipBatch(batch, shape, range(20), 1, 1);
    expect(batch).toEqual(batchOf(20));
  });
});
