import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeIdxImages } from '../../../src/data/formats/idxImages.js';
import { expectInputError } from '../../rejection.js';
import { idxBytes } from './idxBytes.js';
import { noise } from './noise.js';

const file = (bytes: Uint8Array, name = 'images') => ({ bytes, name });
const threeImages = file(idxBytes([3, 2, 2], noise(12)));

describe('a pair of IDX files', () => {
  it('gives grey images as they are, and their labels', () => {
    const size = fc.integer({ min: 1, max: 6 });
    fc.assert(
      fc.property(size, size, size, fc.boolean(), (count, height, width, packed) => {
        const [pixels, labels] = [noise(count * height * width), noise(count, 2)];
        const published = (bytes: Uint8Array) => (packed ? gzipSync(bytes) : bytes);
        const images = file(published(idxBytes([count, height, width], pixels)));
        const read = decodeIdxImages(images, file(published(idxBytes([count], labels)), 'labels'));
        expect(read).toEqual({ count, channels: 1, height, width, pixels, labels });
      }),
    );
  });

  it('gives colour images plane by plane', () => {
    const images = file(idxBytes([1, 2, 1, 3], [1, 2, 3, 4, 5, 6]));
    expect(decodeIdxImages(images, null)).toEqual({ count: 1, channels: 3, height: 2, width: 1, pixels: Uint8Array.of(1, 4, 2, 5, 3, 6), labels: null });
  });

  it.each([
    ['one axis', idxBytes([3], [1, 2, 3]), '[N, H, W]'],
    ['four channels', idxBytes([1, 1, 1, 4], [1, 2, 3, 4]), '1 or 3 channels'],
    ['no image', idxBytes([0, 28, 28], []), 'no image'],
    ['another format', noise(20), 'IDX'],
  ])('is refused where the images are of %s', async (_, bytes, text) => {
    await expectInputError(() => decodeIdxImages(file(bytes, 'train-images'), null), 'train-images: ', text);
  });

  it.each([
    ['fewer', idxBytes([2], [1, 2]), ['2 bytes', '3 bytes along one axis']],
    ['more', idxBytes([4], [1, 2, 3, 4]), ['4 bytes']],
    ['along two axes', idxBytes([3, 1], [1, 2, 3]), ['3 x 1']],
    ['cut short', idxBytes([3], [1, 2]), ['should be 11 bytes long']],
  ])('is refused where the labels are %s', async (_, bytes, texts) => {
    await expectInputError(() => decodeIdxImages(threeImages, file(bytes, 'train-labels')), 'train-labels: ', ...texts);
  });
});
