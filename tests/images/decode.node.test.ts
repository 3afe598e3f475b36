import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import sharp, { type Sharp } from 'sharp';
import { describe, expect, it } from 'vitest';
import { decodeImage, resizePixels } from '../../src/images/decode.node.js';
import type { Crop, Decoded, DecodeOptions } from '../../src/images/preprocessing.js';
import { temporaryFolder } from '../temporaryFolder.js';

const pixelsOf = (decoded: Decoded): number[] => {
  if ('failure' in decoded) throw new Error(decoded.failure);
  return Array.from(decoded.pixels);
};
const decode = async (image: string | Uint8Array, options: Partial<DecodeOptions> = {}) =>
  pixelsOf(await decodeImage(image, { size: 2, channels: 3, ...options }));

/** An image of one color. */
const plain = (red: number, green: number, blue: number, width = 8, height = 8) =>
  sharp({ create: { width, height, channels: 3, background: { r: red, g: green, b: blue } } });
const raw = (pixels: readonly number[], width: number, channels: 1 | 3 | 4) =>
  sharp(Uint8Array.from(pixels), { raw: { width, height: pixels.length / width / channels, channels } });

function expectNear(actual: readonly number[], expected: readonly number[], tolerance: number): void {
  expect(actual).toHaveLength(expected.length);
  for (const [index, value] of actual.entries())
    expect(Math.abs(value - expected[index]!)).toBeLessThanOrEqual(tolerance);
}
/** All pixels of a 2x2 image in one color, channel by channel. */
const planes = (...color: number[]): number[] => color.flatMap((value) => [value, value, value, value]);

describe('an image is decoded', () => {
  it.each(['png', 'jpeg', 'webp', 'gif', 'tiff', 'avif'] as const)(
    'from %s, detected by its content',
    async (format) => {
      const bytes = await plain(200, 100, 50)[format]().toBuffer();
      expectNear(await decode(bytes), planes(200, 100, 50), 6);
      const path = join(temporaryFolder(), 'named.otherwise');
      writeFileSync(path, bytes);
      expect(await decode(path)).toEqual(await decode(bytes));
    },
  );

  it('upright, for each of the eight EXIF orientations', async () => {
    // Where the pixels 1 2 / 3 4 of the file come to lie.
    const upright = [
      [1, 2, 3, 4],
      [2, 1, 4, 3],
      [4, 3, 2, 1],
      [3, 4, 1, 2],
      [1, 3, 2, 4],
      [3, 1, 4, 2],
      [4, 2, 3, 1],
      [2, 4, 1, 3],
    ];
    for (const [index, expected] of upright.entries()) {
      const bytes = await raw([10, 20, 30, 40], 2, 1)
        .withMetadata({ orientation: index + 1 })
        .png()
        .toBuffer();
      expect(await decode(bytes, { channels: 1 })).toEqual(expected.map((value) => 10 * value));
    }
  });

  it('from 16 bits per channel, in color and with transparency', async () => {
    const colors = raw([255, 0, 100, 255, 0, 0, 0, 0, 10, 20, 30, 255, 1, 2, 3, 0], 2, 4);
    const bytes = await colors.toColourspace('rgb16').png().toBuffer();
    expect((await sharp(bytes).metadata()).depth).toBe('ushort');
    expectNear(await decode(bytes), [255, 255, 10, 255, 0, 255, 20, 255, 100, 255, 30, 255], 1);
  });

  it('from a palette with transparency, over white', async () => {
    const bytes = await raw([255, 0, 0, 255, 0, 0, 0, 0, 0, 0, 255, 255, 0, 0, 0, 0], 2, 4)
      .png({ palette: true })
      .toBuffer();
    expect((await sharp(bytes).metadata()).isPalette).toBe(true);
    expectNear(await decode(bytes), [255, 255, 0, 255, 0, 255, 0, 255, 0, 255, 255, 255], 2);
  });

  it('from CMYK', async () => {
    const bytes = await plain(255, 255, 255).toColourspace('cmyk').jpeg().toBuffer();
    expect((await sharp(bytes).metadata()).space).toBe('cmyk');
    expectNear(await decode(bytes), planes(255, 255, 255), 3);
  });

  it.each(['gif', 'webp'] as const)('from the first frame of an animated %s', async (format) => {
    const frames = [40, 130, 220].map((level) => new Array<number>(64).fill(level));
    const strip = sharp(Uint8Array.from(frames.flat()), { raw: { width: 8, height: 24, channels: 1, pageHeight: 8 } });
    const bytes = await strip[format]({ loop: 0, delay: [80, 80, 80] }).toBuffer();
    expect((await sharp(bytes, { animated: true }).metadata()).pages).toBe(3);
    expectNear(await decode(bytes, { channels: 1 }), planes(40), 3);
  });

  it('as grayscale or RGB, as it is stored', async () => {
    const gray = await raw([1, 50, 200, 255], 2, 1).png().toBuffer();
    expect(await decode(gray, { channels: 1 })).toEqual([1, 50, 200, 255]);
    expect(await decode(gray)).toEqual([1, 50, 200, 255, 1, 50, 200, 255, 1, 50, 200, 255]);
    const colored = await plain(90, 90, 90).png().toBuffer();
    expect(await decode(colored, { channels: 1 })).toEqual(planes(90));
  });
});

describe('crop', () => {
  /** 24 columns of 8 rows: a third each of black, gray and white. */
  const wide = () =>
    raw(new Array<number[]>(8).fill([0, 128, 255].flatMap((level) => new Array<number>(8).fill(level))).flat(), 24, 1)
      .png()
      .toBuffer();
  const levels = async (crop: Crop | undefined) =>
    new Set(await decode(await wide(), { size: 8, channels: 1, ...(crop ? { crop } : {}) }));

  it('is the center by default', async () => {
    expect(await levels(undefined)).toEqual(new Set([128]));
    expect(await levels('center')).toEqual(new Set([128]));
  });

  it('keeps the sides if the image is stretched', async () => {
    const values = await levels('stretch');
    expect(values.has(0) && values.has(255)).toBe(true);
  });

  it('of CelebA takes rows 7 to 70 of 64 columns and 78 rows', async () => {
    const rows = Array.from({ length: 78 }, (_, row) => new Array<number>(64).fill(3 * row)).flat();
    const pixels = await decode(await raw(rows, 64, 1).png().toBuffer(), { size: 64, channels: 1, crop: 'celeba' });
    expect(Array.from({ length: 64 }, (_, row) => pixels[64 * row])).toEqual(
      Array.from({ length: 64 }, (_, row) => 3 * (row + 7)),
    );
  });

  it('of CelebA keeps its proportion at other sizes', async () => {
    const face = await plain(10, 20, 30, 178, 218).png().toBuffer();
    for (const size of [1, 32, 128])
      expect(await decode(face, { size, channels: 1, crop: 'celeba' })).toHaveLength(size * size);
  });

  it('covers the square with images that are one pixel wide', async () => {
    expect(await decode(await plain(9, 9, 9, 1, 300).png().toBuffer(), { size: 4 })).toEqual(new Array(48).fill(9));
  });
});

describe('an invalid image is a failure of one line', () => {
  const failureOf = async (image: string | Uint8Array) => {
    const decoded = await decodeImage(image, { size: 8, channels: 3 });
    if ('pixels' in decoded) throw new Error('it was decoded');
    expect(decoded.failure).toMatch(/^[^\n]+[^\n:]$/);
    return decoded;
  };

  it('if it is empty, text, an unsupported format, or has only the signature', async () => {
    const encode = (text: string) => new TextEncoder().encode(text);
    expect(await failureOf(new Uint8Array(0))).toEqual({ failure: 'the file is empty', unreadable: false });
    for (const text of [
      'not an image',
      '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>',
      'RIFFxxxxWAVE',
    ]) {
      expect((await failureOf(encode(text))).failure).toContain('its content is not that of a PNG');
    }
    for (const beginning of ['GIF89a', 'II*\0', 'RIFF....WEBP', '....ftypavif'])
      await failureOf(encode(`${beginning} and no more`));
  });

  it.each(['png', 'jpeg', 'webp', 'gif', 'tiff', 'avif'] as const)('if a %s is truncated', async (format) => {
    const noise = raw(
      Array.from({ length: 60 * 60 * 3 }, (_, index) => (index * 7919) % 251),
      60,
      3,
    );
    const whole = await noise[format]().toBuffer();
    for (const share of [0.02, 0.5, 0.9]) await failureOf(whole.subarray(0, Math.ceil(share * whole.length)));
  });

  it('if it would decompress to more than the limit', async () => {
    const huge = await sharp({
      create: { width: 20_000, height: 5001, channels: 3, background: 'black' },
      limitInputPixels: false,
    })
      .png()
      .toBuffer();
    expect((await failureOf(huge)).failure).toBe('it has 20000x5001 pixels, more than the limit of 100 million');
  });

  it('if the file is missing, a folder, or too large', async () => {
    const folder = temporaryFolder();
    expect(await failureOf(join(folder, 'missing.png'))).toEqual({
      failure: 'no such file or folder',
      unreadable: true,
    });
    mkdirSync(join(folder, 'folder.png'));
    expect(await failureOf(join(folder, 'folder.png'))).toEqual({ failure: 'it is a folder', unreadable: true });
  });

  it('or an image, for arbitrary bytes after the signature', () =>
    fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 60 }),
        fc.constantFrom([0xff, 0xd8, 0xff], [0x47, 0x49, 0x46, 0x38, 0x39, 0x61], []),
        async (noise, beginning) => {
          const decoded = await decodeImage(Uint8Array.from([...beginning, ...noise]), { size: 4, channels: 1 });
          expect('failure' in decoded || decoded.pixels.length === 16).toBe(true);
        },
      ),
      { numRuns: 50 },
    ));
});

describe('pixels in memory', () => {
  it('are unchanged in their own size, with grayscale repeated for RGB', async () => {
    const pixels = Uint8Array.of(1, 2, 3, 4);
    expect(pixelsOf(await resizePixels(pixels, [1, 2, 2], { size: 2, channels: 1 }))).toEqual([1, 2, 3, 4]);
    expect(pixelsOf(await resizePixels(pixels, [1, 2, 2], { size: 2, channels: 3 }))).toEqual([
      1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4,
    ]);
  });

  it('are resized and cropped like the same image in a file', async () => {
    const pixels = Array.from({ length: 12 * 8 * 3 }, (_, index) => (index * 37) % 256);
    const interleaved = Array.from(
      { length: pixels.length },
      (_, index) => pixels[(index % 3) * 96 + Math.floor(index / 3)]!,
    );
    const file = await raw(interleaved, 12, 3).png().toBuffer();
    for (const options of [
      { size: 4, channels: 3 },
      { size: 16, channels: 1 },
      { size: 5, channels: 3, crop: 'stretch' },
    ] as const) {
      expect(pixelsOf(await resizePixels(Uint8Array.from(pixels), [3, 8, 12], options))).toEqual(
        await decode(file, options),
      );
    }
  });
});

const FORMATS = ['jpeg', 'png', 'webp', 'tiff'] as const;

/** A picture of which no two sides are alike. */
const picture = (): Sharp =>
  sharp(
    Uint8Array.from({ length: 16 * 16 }, (_, index) => 10 * (index % 16) + 6 * Math.floor(index / 16)),
    { raw: { width: 16, height: 16, channels: 1 } },
  );

async function uprightPixelsOf(bytes: Uint8Array): Promise<Uint8Array> {
  const decoded = await decodeImage(bytes, { size: 16, channels: 1 });
  if ('failure' in decoded) throw new Error(decoded.failure);
  return decoded.pixels;
}

describe('an image with an orientation', () => {
  it.each(FORMATS.flatMap((format) => [3, 6, 8].map((orientation) => [format, orientation] as const)))(
    'is rotated upright: %s, %i',
    async (format, orientation) => {
      const bytes = await picture()
        .withMetadata({ orientation })
        .toFormat(format, { lossless: true, quality: 100 })
        .toBuffer();
      const upright = await picture()
        .rotate({ 3: 180, 6: 90, 8: 270 }[orientation])
        .toColourspace('b-w')
        .raw()
        .toBuffer();
      const found = await uprightPixelsOf(bytes);
      upright.forEach((value, index) => expect(Math.abs(found[index]! - value)).toBeLessThan(6));
    },
  );
});
