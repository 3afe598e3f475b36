import sharp, { type Sharp } from 'sharp';
import { describe, expect, it } from 'vitest';
import { decodeImage } from '../../src/images/decode.node.js';
import { mayNeedRotation } from '../../src/images/orientation.js';

const FORMATS = ['jpeg', 'png', 'webp', 'tiff'] as const;

/** A picture of which no two sides are alike. */
const picture = (): Sharp =>
  sharp(
    Uint8Array.from({ length: 16 * 16 }, (_, index) => 10 * (index % 16) + 6 * Math.floor(index / 16)),
    { raw: { width: 16, height: 16, channels: 1 } },
  );

async function pixelsOf(bytes: Uint8Array): Promise<Uint8Array> {
  const decoded = await decodeImage(bytes, { size: 16, channels: 1 });
  if ('failure' in decoded) throw new Error(decoded.failure);
  return decoded.pixels;
}

describe('an image with an orientation', () => {
  it.each(FORMATS.flatMap((format) => [3, 6, 8].map((orientation) => [format, orientation] as const)))(
    'is turned upright: %s, %i',
    async (format, orientation) => {
      const bytes = await picture().withMetadata({ orientation }).toFormat(format, { lossless: true, quality: 100 }).toBuffer();
      expect(mayNeedRotation(bytes)).toBe(true);
      const upright = await picture().rotate({ 3: 180, 6: 90, 8: 270 }[orientation]).toColourspace('b-w').raw().toBuffer();
      const found = await pixelsOf(bytes);
      upright.forEach((value, index) => expect(Math.abs(found[index]! - value)).toBeLessThan(6));
    },
  );

  it('in a text, as older programs keep it, may be turned', async () => {
    const png = await picture().png().toBuffer();
    const text = Buffer.from('\0\0\0\x04tEXta\0bc\0\0\0\0', 'latin1');
    // Behind the header's chunk.
    expect(mayNeedRotation(Buffer.concat([png.subarray(0, 33), text, png.subarray(33)]))).toBe(true);
  });
});

describe('an image without metadata', () => {
  it.each(['jpeg', 'png'] as const)('is as it is: %s', async (format) => {
    expect(mayNeedRotation(await picture().toFormat(format, { progressive: true }).toBuffer())).toBe(false);
  });

  it.each(['jpeg', 'png'] as const)('may be anything where it is cut short before its pixels end, and never fails: %s', async (format) => {
    const bytes = await picture().toFormat(format).toBuffer();
    const answers = Array.from(bytes, (_, length) => mayNeedRotation(bytes.subarray(0, length)));
    expect(answers.slice(0, 20)).toEqual(new Array(20).fill(true));
    expect(mayNeedRotation(Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, 0, 0, 0, 0))).toBe(true);
    expect(mayNeedRotation(Uint8Array.of(0xff, 0xd8, 0xff, 0xff, 0xff, 0xe1, 0, 0))).toBe(true);
  });
});
