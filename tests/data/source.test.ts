import { describe, expect, it } from 'vitest';
import { drawAcrossClasses, firstImages, gatherImages, splitInMemory, subset } from '../../src/data/source.js';

describe('a split in memory', () => {
  const split = splitInMemory(Uint8Array.of(10, 11, 20, 21, 30, 31), 2, Uint8Array.of(1, 2, 3));

  it('has as many images as its bytes contain', () => {
    expect(split.count).toBe(3);
    expect(Array.from(split.labels!)).toEqual([1, 2, 3]);
  });

  it('copies an image to the given offset', () => {
    const target = new Uint8Array(5);
    split.copyImage(1, target, 2);
    expect(Array.from(target)).toEqual([0, 0, 20, 21, 0]);
  });

  it('gathers images in the requested order, with repetitions', () => {
    expect(Array.from(gatherImages(split, [2, 0, 2], 2))).toEqual([30, 31, 10, 11, 30, 31]);
    expect(gatherImages(split, [], 2)).toHaveLength(0);
  });

  it('gathers into given memory', () => {
    const target = new Uint8Array(4);
    expect(gatherImages(split, Uint32Array.of(1, 2), 2, target)).toBe(target);
    expect(Array.from(target)).toEqual([20, 21, 30, 31]);
  });

  it('returns the first images, or all if there are fewer', () => {
    expect(Array.from(firstImages(split, 2, 2))).toEqual([10, 11, 20, 21]);
    expect(Array.from(firstImages(split, 9, 2))).toEqual([10, 11, 20, 21, 30, 31]);
  });
});

describe('a subset of a split', () => {
  const split = {
    ...splitInMemory(Uint8Array.of(10, 20, 30), 1, Uint8Array.of(1, 2, 3)),
    nameOf: (index: number) => `image ${index}`,
  };

  it('has the labels and names of its images', () => {
    const part = subset(split, Uint32Array.of(2, 0));
    expect(Array.from(part.labels!)).toEqual([3, 1]);
    expect([0, 1].map((index) => part.nameOf?.(index))).toEqual(['image 2', 'image 0']);
    expect(Array.from(gatherImages(part, [0, 1], 1))).toEqual([30, 10]);
  });

  it('has no names if the split has none', () => {
    expect('nameOf' in subset(splitInMemory(Uint8Array.of(1), 1, null), Uint32Array.of(0))).toBe(false);
  });
});

describe('images to be shown', () => {
  const sorted = {
    count: 100,
    labels: Uint8Array.from({ length: 100 }, (_, index) => (index < 90 ? 0 : index < 99 ? 1 : 7)),
  };

  it('come from each class in turn, although the images are sorted by class', () => {
    const labels = drawAcrossClasses(sorted, 9).map((index) => sorted.labels[index]);
    expect(labels).toEqual([0, 1, 7, 0, 1, 0, 1, 0, 1]);
  });

  it('are different images, the same ones each time, and all if there are fewer', () => {
    for (const labels of [null, sorted.labels]) {
      const all = drawAcrossClasses({ count: 100, labels }, 1000);
      expect([...all].sort((a, b) => a - b)).toEqual([...Array(100).keys()]);
      expect(drawAcrossClasses({ count: 100, labels }, 7)).toEqual(all.slice(0, 7));
    }
    expect(drawAcrossClasses({ count: 0, labels: null }, 5)).toEqual([]);
  });
});
