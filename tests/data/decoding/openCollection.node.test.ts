import { describe, expect, it } from 'vitest';
import { gatherImages } from '../../../src/data/source.js';
import type { ImageItem } from '../../../src/data/source.js';
import { streamingSplit } from '../../../src/data/decoding/openCollection.node.js';
import type { PendingImages } from '../../../src/data/decoding/openImages.node.js';
import { expectInputError } from '../../rejection.js';

const COUNT = 40;
const items = Array.from({ length: COUNT }, (_, index): ImageItem => ({
  name: `image-${index}`,
  label: index % 3,
  fingerprint: '',
  contentKey: () => '',
  decode: () => Promise.reject(new Error()),
}));
const PART = Uint32Array.from({ length: 20 }, (_, index) => 2 * index + 1);

/** Images whose byte is their index in the list, some of them corrupt; records which were waited for. */
function images(broken: readonly number[]) {
  const known = new Set<number>();
  const inDecoding: Pick<PendingImages, 'ensureDecoded' | 'isSkipped' | 'copyImage'> = {
    ensureDecoded: async (indices) => {
      for (const index of indices) {
        await Promise.resolve();
        known.add(index);
      }
    },
    isSkipped: (index) => known.has(index) && broken.includes(index),
    copyImage: (index, target, offset) => {
      expect(known.has(index) && !broken.includes(index)).toBe(true);
      target[offset] = index;
    },
  };
  return { inDecoding, known };
}

/** Returns the images at some indices of the split, requested in the given order. */
async function turns(broken: readonly number[], order: readonly number[]): Promise<number[]> {
  const split = streamingSplit(images(broken).inDecoding, items, PART, 'data');
  for (const index of order) await split.prepare!([index]);
  return Array.from(gatherImages(split, Array.from(PART.keys()), 1));
}

describe('a split that is being decoded', () => {
  const inOrder = Array.from(PART.keys());

  it('equals the list if every image can be decoded', async () => {
    expect(await turns([], inOrder)).toEqual(Array.from(PART));
  });

  it('counts corrupt images, with the labels and names of the list until they are decoded', () => {
    const split = streamingSplit(images([1, 3]).inDecoding, items, PART, 'data');
    expect([split.count, Array.from(split.labels!), split.nameOf?.(2)]).toEqual([
      20,
      Array.from(PART, (index) => index % 3),
      'image-5',
    ]);
  });

  it('takes the label and the name of an image from the item of its pixels', async () => {
    const split = streamingSplit(images([1, 3, 15]).inDecoding, items, PART, 'data');
    await split.prepare!(inOrder);
    const pixels = gatherImages(split, inOrder, 1);
    expect(Array.from(pixels)).not.toEqual(Array.from(PART));
    expect(Array.from(split.labels!)).toEqual(Array.from(pixels, (index) => index % 3));
    expect(inOrder.map((position) => split.nameOf!(position))).toEqual(Array.from(pixels, (index) => `image-${index}`));
  });

  it('waits only for the requested images', async () => {
    const { inDecoding, known } = images([]);
    await streamingSplit(inDecoding, items, PART, 'data').prepare!([3, 0]);
    expect([...known].sort()).toEqual([1, 7]);
  });

  it.each([[[5]], [[1, 3, 5, 39]], [Array.from(PART).filter((index) => index !== 21)]])(
    'replaces the positions %j with others of the list, the same in any decoding order',
    async (broken) => {
      const expected = await turns(broken, inOrder);
      expect(await turns(broken, [...inOrder].reverse())).toEqual(expected);
      for (const [index, place] of PART.entries()) {
        if (broken.includes(place))
          expect(broken.includes(expected[index]!) || !PART.includes(expected[index]!)).toBe(false);
        else expect(expected[index]).toBe(place);
      }
    },
  );

  it('distributes the positions of corrupt images over the others', async () => {
    const broken = Array.from(PART).slice(0, 14);
    const taken = (await turns(broken, inOrder)).slice(0, 14);
    expect(new Set(taken).size).toBeGreaterThanOrEqual(4);
  });

  it('is rejected if no image can be decoded', async () => {
    const split = streamingSplit(images(Array.from(PART)).inDecoding, items, PART, 'data');
    await expectInputError(() => split.prepare!([4]), 'data: none of the 20 images of a split can be decoded');
  });
});
