import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { flipBatch } from '../../src/data/flip.js';

const shape = [3, 2, 5] as const;
const bytes = 30;
const batchOf = (count: number): Uint8Array => Uint8Array.from({ length: count * bytes }, (_, index) => (index * 31) % 251);
const mirrored = (image: Uint8Array): number[] => Array.from(image, (_, index) => image[5 * Math.floor(index / 5) + 4 - (index % 5)]!);
const imageOf = (batch: Uint8Array, place: number): Uint8Array => batch.subarray(place * bytes, (place + 1) * bytes);
const range = (count: number): number[] => [...Array(count).keys()];

describe('flipping a batch', () => {
  it('leaves each image as it is or mirrors its rows, about as often', () => {
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

  it('does to an image the same in whatever batch it is, in the same epoch under the same seed', () => {
    const all = flipBatch(batchOf(50), shape, range(50), 7, 3);
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(49), { minLength: 1 }), (indices) => {
        const batch = Uint8Array.from(indices.flatMap((index) => Array.from(imageOf(batchOf(50), index))));
        const flipped = flipBatch(batch, shape, indices, 7, 3);
        for (const [place, index] of indices.entries()) expect(imageOf(flipped, place)).toEqual(imageOf(all, index));
      }),
    );
  });

  it('is another in other epochs and under other seeds', () => {
    const results = [
      flipBatch(batchOf(50), shape, range(50), 7, 3),
      flipBatch(batchOf(50), shape, range(50), 7, 4),
      flipBatch(batchOf(50), shape, range(50), 8, 3),
    ];
    expect(new Set(results.map((result) => result.join())).size).toBe(3);
  });

  it('leaves the given memory as it is', () => {
    const batch = batchOf(20);
    flipBatch(batch, shape, range(20), 1, 1);
    expect(batch).toEqual(batchOf(20));
  });
});
