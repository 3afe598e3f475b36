import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeNpzImages } from '../../../src/data/formats/npzImages.js';
import { encodeNpz } from '../../../src/data/formats/encodeNumpy.js';
import { expectInputError } from '../../rejection.js';
import { ByteWriter } from './byteWriter.js';
import { noise } from './noise.js';
import { npyBytes, type NpyParts } from './npyBytes.js';
import { zipBytes } from './zipBytes.js';

const archive = (arrays: Readonly<Record<string, NpyParts>>): Uint8Array =>
  zipBytes(Object.entries(arrays).map(([name, parts]) => ({ path: `${name}.npy`, contents: npyBytes(parts), deflate: true })));
const images: NpyParts = { shape: [2, 1, 2, 3], elements: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12] };

describe('an .npz archive of images', () => {
  it('gives them plane by plane', () => {
    expect(decodeNpzImages(archive({ images }), 'file.npz')).toEqual({
      count: 2,
      channels: 3,
      height: 1,
      width: 2,
      pixels: Uint8Array.of(1, 4, 2, 5, 3, 6, 7, 10, 8, 11, 9, 12),
      labels: null,
    });
  });

  it('gives each byte at its place, whatever the sizes', () => {
    const size = fc.integer({ min: 1, max: 6 });
    fc.assert(
      fc.property(size, size, size, fc.constantFrom(1, 3), (count, height, width, channels) => {
        const data = noise(count * height * width * channels);
        const read = decodeNpzImages(encodeNpz({ arr_0: { shape: [count, height, width, channels], data } }), 'file.npz');
        expect(read).toMatchObject({ count, channels, height, width, labels: null });
        const expected = new Uint8Array(data.length);
        for (const [place, byte] of data.entries()) {
          const [pixel, channel] = [Math.floor(place / channels), place % channels];
          const [image, inside] = [Math.floor(pixel / (height * width)), pixel % (height * width)];
          expected[(image * channels + channel) * height * width + inside] = byte;
        }
        expect(read.pixels).toEqual(expected);
      }),
    );
  });

  it('may be grey without an axis of channels', () => {
    const read = decodeNpzImages(archive({ arr_0: { shape: [2, 1, 3], elements: [1, 2, 3, 4, 5, 6] } }), 'file.npz');
    expect(read).toMatchObject({ count: 2, channels: 1, height: 1, width: 3, pixels: Uint8Array.of(1, 2, 3, 4, 5, 6) });
  });

  it('takes "images" before "arr_0"', () => {
    expect(decodeNpzImages(archive({ arr_0: { shape: [1], elements: [1] }, images }), 'file.npz').count).toBe(2);
  });

  it.each(['|u1', '<i2', '>u4', '<i8', '>i8'])('may have labels of type %s', (descr) => {
    const elements = new ByteWriter(descr.startsWith('<')).numbers('integer', Number(descr[2]), [200, 0]).done();
    expect(decodeNpzImages(archive({ images, labels: { descr, shape: [2], elements } }), 'file.npz').labels).toEqual(Uint8Array.of(200, 0));
  });
});

describe('an .npz archive without images', () => {
  it.each([
    ['no such array', { labels: { shape: [1], elements: [1] } }, ['"images" or "arr_0"']],
    ['floats', { images: { descr: '<f4', shape: [1, 1, 1], elements: [0, 0, 0, 0] } }, ['"images"', 'f4', 'uint8']],
    ['truth values', { images: { descr: '|b1', shape: [1, 1, 1], elements: [1] } }, ['"images"', 'b1']],
    ['two axes', { arr_0: { shape: [1, 1], elements: [1] } }, ['"arr_0"', '1 x 1', '[N, H, W]']],
    ['five axes', { arr_0: { shape: [1, 1, 1, 1, 1], elements: [1] } }, ['1 x 1 x 1 x 1 x 1']],
    ['two channels', { images: { shape: [1, 1, 1, 2], elements: [1, 2] } }, ['1 x 1 x 1 x 2', '1 or 3 channels']],
    ['none of them', { images: { shape: [0, 1, 1, 3] } }, ['0 x 1 x 1 x 3', 'no image']],
    ['no pixels', { images: { shape: [1, 0, 1] } }, ['1 x 0 x 1', 'no image']],
    ['too few labels', { images, labels: { shape: [1], elements: [1] } }, ['"labels"', '(1,)', '(2,)']],
    ['labels in a column', { images, labels: { shape: [2, 1], elements: [1, 2] } }, ['"labels"', '(2, 1)']],
    ['labels that are floats', { images, labels: { descr: '<f4', shape: [2], elements: new Uint8Array(8) } }, ['"labels"', 'f4', 'integers']],
    ['labels that are truth values', { images, labels: { descr: '|b1', shape: [2], elements: [0, 1] } }, ['"labels"', 'b1']],
    ['labels above 255', { images, labels: { descr: '<u2', shape: [2], elements: [255, 0, 0, 1] } }, ['"labels"', 'image 1', 'label 256', '0 to 255']],
    ['labels below 0', { images, labels: { descr: '|i1', shape: [2], elements: [255, 0] } }, ['"labels"', 'image 0', 'label -1']],
  ])('is refused where it holds %s', async (_, arrays: Readonly<Record<string, NpyParts>>, texts) => {
    await expectInputError(() => decodeNpzImages(archive(arrays), 'some.npz'), 'some.npz: ', ...texts);
  });
});
