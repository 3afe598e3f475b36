import { describe, expect, it } from 'vitest';
import { rotatedSource } from '../../src/classifiers/rotations.js';
import { gatherImages, type ImageSource, splitInMemory } from '../../src/data/source.js';

/** One image of two channels, 3x3: channel 1 is channel 0 plus 10. */
const upright = [1, 2, 3, 4, 5, 6, 7, 8, 9];
const images = splitInMemory(Uint8Array.from([...upright, ...upright.map((pixel) => pixel + 10)]), 18, null);
const source: ImageSource = { name: 'nine', size: [3, 3], channels: 2, train: images, test: splitInMemory(new Uint8Array(0), 18, null), classes: null };
const rotated = rotatedSource(source);

describe('a data set of rotated images', () => {
  it('contains every image in four rotations, counterclockwise, labeled by the rotation', () => {
    expect(rotated).toMatchObject({ name: 'nine', classes: 4, train: { count: 4 }, test: { count: 0 } });
    expect(Array.from(rotated.train.labels!)).toEqual([0, 1, 2, 3]);
    const channel = (index: number, start: number) => Array.from(gatherImages(rotated.train, [index], 18).subarray(start, start + 9));
    expect([0, 1, 2, 3].map((index) => channel(index, 0))).toEqual([
      upright,
      [3, 6, 9, 2, 5, 8, 1, 4, 7],
      [9, 8, 7, 6, 5, 4, 3, 2, 1],
      [7, 4, 1, 8, 5, 2, 9, 6, 3],
    ]);
    expect(channel(3, 9)).toEqual([7, 4, 1, 8, 5, 2, 9, 6, 3].map((pixel) => pixel + 10));
  });
});
