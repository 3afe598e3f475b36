import fc from 'fast-check';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { decodeImage, resizePixels } from '../../src/images/decode.node.js';
import {
  CROPS,
  type Decoded,
  type DecodeOptions,
  paddedSize,
  padImage,
  requirePaddable,
} from '../../src/images/preprocessing.js';
import { randomStream } from '../../src/random.js';
import { expectInputError } from '../rejection.js';

const DIGITS: DecodeOptions = { size: 32, channels: 1, padding: { inner: 28, border: 2, value: 0 } };

const pixelsOf = (decoded: Decoded): Uint8Array => {
  if ('failure' in decoded) throw new Error(decoded.failure);
  return decoded.pixels;
};
const noise = (bytes: number, seed = 1): Uint8Array => {
  const stream = randomStream(seed, 'noise');
  return Uint8Array.from({ length: bytes }, () => stream.below(256));
};
/** The bytes of a PNG file of pixels [H, W, C]. */
const png = (pixels: Uint8Array, width: number, channels: 1 | 3) =>
  sharp(pixels, { raw: { width, height: pixels.length / width / channels, channels } })
    .toColourspace(channels === 1 ? 'b-w' : 'srgb')
    .png()
    .toBuffer();
/** Pixels [H, W, C] channel by channel. */
const planesOf = (pixels: Uint8Array, channels: number): Uint8Array =>
  Uint8Array.from(
    pixels,
    (_, index) =>
      pixels[(index % (pixels.length / channels)) * channels + Math.floor(index / (pixels.length / channels))]!,
  );
/** A digit of 28x28 in the middle of 32x32. */
const inBorder = (digit: Uint8Array): Uint8Array =>
  Uint8Array.from({ length: 1024 }, (_, place) => {
    const [row, column] = [Math.floor(place / 32) - 2, (place % 32) - 2];
    return row >= 0 && column >= 0 && row < 28 && column < 28 ? digit[28 * row + column]! : 0;
  });

describe('preprocessing', () => {
  it('gives the same bytes for a file and the same image in an array, at any size', async () => {
    const cases = fc.record({
      width: fc.constantFrom(5, 28, 32, 40),
      height: fc.constantFrom(7, 28, 32, 40),
      channels: fc.constantFrom(1 as const, 3 as const),
      wanted: fc.constantFrom(1, 3),
      crop: fc.constantFrom(...CROPS),
      padding: fc.constantFrom(DIGITS.padding, null),
      size: fc.constantFrom(32, 64),
      seed: fc.nat(100),
    });
    await fc.assert(
      fc.asyncProperty(cases, async ({ width, height, channels, wanted, seed, ...options }) => {
        const pixels = noise(width * height * channels, seed);
        const format = { ...options, channels: wanted };
        const ofFile = pixelsOf(await decodeImage(await png(pixels, width, channels), format));
        expect(ofFile).toEqual(
          pixelsOf(await resizePixels(planesOf(pixels, channels), [channels, height, width], format)),
        );
        expect(ofFile).toHaveLength(wanted * options.size ** 2);
      }),
      { numRuns: 60 },
    );
  });

  it('pads a digit, and keeps one that is padded already', async () => {
    const digit = noise(784);
    const padded = inBorder(digit);
    expect(pixelsOf(await decodeImage(await png(digit, 28, 1), DIGITS))).toEqual(padded);
    expect(pixelsOf(await decodeImage(await png(padded, 32, 1), DIGITS))).toEqual(padded);
  });

  it('pads a digit of any file format', async () => {
    const digit = noise(784);
    const image = () => sharp(digit, { raw: { width: 28, height: 28, channels: 1 } });
    const files = [
      image().toColourspace('srgb').png().toBuffer(),
      image().toColourspace('b-w').png({ progressive: true }).toBuffer(),
      image().ensureAlpha().png().toBuffer(),
      image().png({ palette: true }).toBuffer(),
      image().webp({ lossless: true }).toBuffer(),
      image().tiff({ compression: 'lzw' }).toBuffer(),
      image().rotate(90).withMetadata({ orientation: 8 }).png().toBuffer(),
    ];
    for (const bytes of await Promise.all(files))
      expect(pixelsOf(await decodeImage(bytes, DIGITS))).toEqual(inBorder(digit));
  });

  it('resizes an image of another size with the crop, then pads it', async () => {
    const photo = await png(noise(100 * 60 * 3), 100, 3);
    for (const crop of CROPS) {
      const small = pixelsOf(await decodeImage(photo, { size: 28, channels: 1, crop }));
      expect(pixelsOf(await decodeImage(photo, { ...DIGITS, crop }))).toEqual(inBorder(small));
    }
  });

  it.each(CROPS)('is idempotent (crop %s)', async (crop) => {
    for (const padding of [null, DIGITS.padding]) {
      const options = { ...DIGITS, crop, padding };
      const once = pixelsOf(await decodeImage(await png(noise(178 * 218), 178, 1), options));
      expect(pixelsOf(await decodeImage(await png(once, 32, 1), options))).toEqual(once);
      expect(pixelsOf(await resizePixels(once, [1, 32, 32], options))).toEqual(once);
    }
  });
});

const PADDING = { inner: 2, border: 1, value: 9 };
const padded = (image: readonly number[], size: number, channels: number): number[] => {
  const target = new Uint8Array(channels * size * size);
  padImage(Uint8Array.from(image), PADDING, { size, channels }, target);
  return Array.from(target);
};

describe('padding', () => {
  it('centers an image within a border', () => {
    expect(padded([1, 2, 3, 4], 4, 1)).toEqual([9, 9, 9, 9, 9, 1, 2, 9, 9, 3, 4, 9, 9, 9, 9, 9]);
  });

  it('pads each channel, and repeats a single one', () => {
    const plane = padded([1, 2, 3, 4], 4, 1);
    expect(padded([1, 2, 3, 4], 4, 3)).toEqual([...plane, ...plane, ...plane]);
    const other = padded([5, 6, 7, 8], 4, 1);
    expect(padded([1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4], 4, 3)).toEqual([...plane, ...other, ...plane]);
  });

  it('repeats each pixel at a multiple of the padded size', () => {
    const small = padded([1, 2, 3, 4], 4, 1);
    expect(padded([1, 2, 3, 4], 8, 1)).toEqual(
      Array.from({ length: 64 }, (_, index) => small[4 * Math.floor(index / 16) + Math.floor((index % 8) / 2)]),
    );
  });

  it('is rejected at any other size', async () => {
    expect(paddedSize(PADDING)).toBe(4);
    for (const size of [4, 8, 12]) requirePaddable(size, PADDING);
    for (const size of [2, 6, 33])
      await expectInputError(() => requirePaddable(size, PADDING), `size ${size}`, '2x2', '4x4');
  });
});
