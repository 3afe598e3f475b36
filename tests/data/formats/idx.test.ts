import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeIdx, decodeIdxImages } from '../../../src/data/formats/idx.js';
import { InputError } from '../../../src/errors.js';
import { errorOf, expectInputError } from '../../rejection.js';
import { idxBytes } from './idxBytes.js';
import { gzipSync } from 'node:zlib';
import { noise } from './noise.js';

describe('an IDX file', () => {
  it('of any shape is read as written', async () => {
    const sizes = fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(sizes, fc.infiniteStream(fc.nat(255)), async (axes, stream) => {
        const count = axes.reduce((a, b) => a * b, 1);
        const data = Uint8Array.from({ length: count }, () => stream.next().value as number);
        expect(await decodeIdx(idxBytes(axes, data), 'file')).toEqual({ sizes: axes, data });
      }),
    );
  });

  it('has big-endian sizes', async () => {
    expect((await decodeIdx(idxBytes([258], new Uint8Array(258)), 'file')).sizes).toEqual([258]);
  });

  it('is read from a slice of a larger buffer', async () => {
    const larger = Uint8Array.from([9, 9, 9, ...idxBytes([2, 1], [7, 8]), 9]);
    expect(await decodeIdx(larger.subarray(3, larger.length - 1), 'file')).toEqual({
      sizes: [2, 1],
      data: Uint8Array.of(7, 8),
    });
  });
});

describe('an invalid IDX file', () => {
  it.each([
    ['empty', []],
    ['of another format', [...new TextEncoder().encode('\x89PNG\r\n\x1a\n')]],
    ['of compressed data', [0x1f, 0x8b, 8, 0, 0, 0]],
    ['of zeros', new Array<number>(16).fill(0)],
    ['of three bytes', [0, 0, 8]],
  ])('is rejected if it is %s', async (_, bytes) => {
    await expectInputError(() => decodeIdx(Uint8Array.from(bytes), 'some/file'), 'some/file:');
  });

  it('is rejected with its element type', async () => {
    await expectInputError(() => decodeIdx(idxBytes([1], [0, 0, 0, 0], 0x0d), 'floats'), 'floats:', '0xd');
  });

  it('is rejected if truncated at any position', () => {
    const whole = idxBytes([2, 3], [1, 2, 3, 4, 5, 6]);
    return fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), async (length) => {
        expect(await errorOf(() => decodeIdx(whole.subarray(0, length), 'file'))).toBeInstanceOf(InputError);
      }),
    );
  });

  it('is rejected with expected and actual length if bytes are missing or extra', async () => {
    const whole = idxBytes([2, 3], [1, 2, 3, 4, 5, 6]);
    await expectInputError(() => decodeIdx(whole.subarray(0, 15), 'cut'), 'cut:', '2 x 3', '18', '15');
    await expectInputError(() => decodeIdx(Uint8Array.from([...whole, 0]), 'long'), 'long:', '18', '19');
  });

  it('is rejected if its sizes exceed any memory', async () => {
    await expectInputError(() => decodeIdx(idxBytes([0xffffffff, 0xffffffff, 0xffffffff], [1]), 'huge'), 'huge:');
  });

  it('throws only InputError for arbitrary bytes', () => {
    return fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 40 }), async (bytes) => {
        const error = await errorOf(() => decodeIdx(bytes, 'noise'));
        expect(error === undefined || error instanceof InputError).toBe(true);
      }),
    );
  });
});

const file = (bytes: Uint8Array, name = 'images') => ({ bytes, name });
const threeImages = file(idxBytes([3, 2, 2], noise(12)));

describe('a pair of IDX files', () => {
  it('returns grayscale images and their labels unchanged', async () => {
    const size = fc.integer({ min: 1, max: 6 });
    await fc.assert(
      fc.asyncProperty(size, size, size, fc.boolean(), async (count, height, width, packed) => {
        const [pixels, labels] = [noise(count * height * width), noise(count, 2)];
        const published = (bytes: Uint8Array) => (packed ? gzipSync(bytes) : bytes);
        const images = file(published(idxBytes([count, height, width], pixels)));
        const read = await decodeIdxImages(images, file(published(idxBytes([count], labels)), 'labels'));
        expect(read).toEqual({ count, channels: 1, height, width, pixels, labels });
      }),
    );
  });

  it('returns color images plane by plane', async () => {
    const images = file(idxBytes([1, 2, 1, 3], [1, 2, 3, 4, 5, 6]));
    expect(await decodeIdxImages(images, null)).toEqual({
      count: 1,
      channels: 3,
      height: 2,
      width: 1,
      pixels: Uint8Array.of(1, 4, 2, 5, 3, 6),
      labels: null,
    });
  });

  it.each([
    ['one axis', idxBytes([3], [1, 2, 3]), '[N, H, W]'],
    ['four channels', idxBytes([1, 1, 1, 4], [1, 2, 3, 4]), '1 or 3 channels'],
    ['one pixel', idxBytes([0, 28, 28], []), 'one pixel'],
    ['another format', noise(20), 'IDX'],
  ])('is rejected if the images are of %s', async (_, bytes, text) => {
    await expectInputError(() => decodeIdxImages(file(bytes, 'train-images'), null), 'train-images: ', text);
  });

  it.each([
    ['fewer', idxBytes([2], [1, 2]), ['array of 2', '3 labels along one axis']],
    ['more', idxBytes([4], [1, 2, 3, 4]), ['array of 4']],
    ['along two axes', idxBytes([3, 1], [1, 2, 3]), ['3 x 1']],
    ['cut short', idxBytes([3], [1, 2]), ['expected 11 bytes']],
  ])('is rejected if the labels are %s', async (_, bytes, texts) => {
    await expectInputError(() => decodeIdxImages(threeImages, file(bytes, 'train-labels')), 'train-labels: ', ...texts);
  });
});
