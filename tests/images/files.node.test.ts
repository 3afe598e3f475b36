import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { encodeAnimation, encodePng, readPicture } from '../../src/images/files.node.js';
import { readImages } from '../../src/images/imageInput.node.js';
import type { Raster } from '../../src/images/raster.js';
import { randomStream } from '../../src/random.js';
import { expectInputError } from '../rejection.js';
import { temporaryFolder } from '../temporaryFolder.js';

function noise(width: number, height: number, channels: number): Raster {
  const stream = randomStream(1, 'noise');
  return {
    width,
    height,
    channels,
    data: Uint8Array.from({ length: width * height * channels }, () => stream.below(256)),
  };
}

/** A picture written as a PNG file by sharp alone. */
async function writtenPng(
  pixels: readonly number[],
  width: number,
  channels: 1 | 2 | 3 | 4,
  name = 'picture.png',
): Promise<string> {
  const path = join(temporaryFolder(), name);
  const height = pixels.length / width / channels;
  await sharp(Uint8Array.from(pixels), { raw: { width, height, channels } }).toFile(path);
  return path;
}

const bytesOf = async (path: string, size: number, channels: number): Promise<number[]> =>
  Array.from((await readImages([path], { size, channels })).data);

describe('a written PNG file', () => {
  it.each([1, 3])('of %i channels contains the pixels', async (channels) => {
    const picture = noise(7, 5, channels);
    const decoded = sharp(await encodePng(picture)).toColourspace(channels === 1 ? 'b-w' : 'srgb');
    const { data, info } = await decoded.raw().toBuffer({ resolveWithObject: true });
    expect([info.width, info.height, info.channels]).toEqual([7, 5, channels]);
    expect(Array.from(data)).toEqual(Array.from(picture.data));
  });

  it.each([1, 3])('of %i channels has exactly these channels', async (channels) => {
    expect(await sharp(await encodePng(noise(7, 5, channels))).metadata()).toMatchObject({
      format: 'png',
      channels,
      depth: 'uchar',
    });
  });
});

describe('an image in its own size', () => {
  it.each([1, 3])('of %i channels is read as written', async (channels) => {
    const path = join(temporaryFolder(), 'picture.png');
    const picture = noise(7, 5, channels);
    writeFileSync(path, await encodePng(picture));
    const read = await readPicture(path);
    expect([read.width, read.height, read.channels]).toEqual([7, 5, channels]);
    expect(Array.from(read.data)).toEqual(Array.from(picture.data));
  });

  it('is rejected in one line if missing or invalid', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'text.png'), 'not a picture');
    for (const name of ['text.png', 'missing.png'])
      await expectInputError(() => readPicture(join(folder, name)), name, 'cannot read the image');
  });
});

describe('an image file', () => {
  it('is read with its shape, channel by channel', async () => {
    const path = await writtenPng([10, 20, 30, 11, 21, 31, 12, 22, 32, 13, 23, 33], 2, 3);
    const image = await readImages([path], { size: 2, channels: 3 });
    expect(image).toMatchObject({ shape: [3, 2, 2], count: 1 });
    expect(Array.from(image.data)).toEqual([10, 11, 12, 13, 20, 21, 22, 23, 30, 31, 32, 33]);
  });

  it('in grayscale is read as grayscale, and repeated for RGB', async () => {
    const path = await writtenPng([1, 50, 200, 255], 2, 1);
    expect(await bytesOf(path, 2, 1)).toEqual([1, 50, 200, 255]);
    expect(await bytesOf(path, 2, 3)).toEqual([1, 50, 200, 255, 1, 50, 200, 255, 1, 50, 200, 255]);
  });

  it('in color is converted to luminance for grayscale', async () => {
    const path = await writtenPng([255, 255, 255, 0, 0, 0, 90, 90, 90, 0, 255, 0], 2, 3);
    const [white, black, gray, green] = await bytesOf(path, 2, 1);
    expect([white, black, gray]).toEqual([255, 0, 90]);
    expect(green).toBeGreaterThan(100);
    expect(green).toBeLessThan(255);
  });

  it('is composited over white if transparent', async () => {
    const path = await writtenPng([0, 0, 0, 0, 0, 0, 0, 255, 255, 0, 0, 128, 0, 0, 0, 128], 2, 4);
    const image = await bytesOf(path, 2, 3);
    const pixels = [0, 1, 2, 3].map((pixel) => [image[pixel], image[4 + pixel], image[8 + pixel]]);
    expect(pixels[0]).toEqual([255, 255, 255]);
    expect(pixels[1]).toEqual([0, 0, 0]);
    expect(pixels[2]![0]).toBe(255);
    for (const channel of [pixels[2]![1], ...pixels[3]!]) expect(Math.abs(channel! - 127)).toBeLessThanOrEqual(1);
  });

  it('in grayscale with transparency is composited over white, too', async () => {
    const path = await writtenPng([0, 0, 0, 255, 80, 255, 80, 0], 2, 2);
    expect(await bytesOf(path, 2, 1)).toEqual([255, 0, 80, 255]);
  });

  it('of 16 bits per channel is read as bytes', async () => {
    const path = join(temporaryFolder(), 'deep.png');
    await sharp(Uint8Array.of(0, 100, 200, 255), { raw: { width: 2, height: 2, channels: 1 } })
      .toColourspace('grey16')
      .toFile(path);
    expect((await sharp(path).metadata()).depth).toBe('ushort');
    expect(await bytesOf(path, 2, 1)).toEqual([0, 100, 200, 255]);
    expect(await bytesOf(path, 2, 3)).toEqual([0, 100, 200, 255, 0, 100, 200, 255, 0, 100, 200, 255]);
  });

  it('covers the square, with its sides cropped if it is wider', async () => {
    // Columns of black, white, white, black: the middle two are left.
    const row = [0, 255, 255, 0].flatMap((level) => new Array<number>(8).fill(level));
    const path = await writtenPng(new Array<number[]>(16).fill(row).flat(), 32, 1);
    expect(new Set(await bytesOf(path, 16, 1))).toEqual(new Set([255]));
  });

  it('is resized to the requested size', async () => {
    const path = await writtenPng(new Array<number>(400).fill(77), 20, 1);
    for (const size of [4, 32]) expect(await bytesOf(path, size, 1)).toEqual(new Array<number>(size * size).fill(77));
  });

  it('is rotated by its EXIF orientation', async () => {
    const path = join(temporaryFolder(), 'turned.png');
    // Orientation 3: upside down.
    await sharp(Uint8Array.of(1, 2, 3, 4), { raw: { width: 2, height: 2, channels: 1 } })
      .withMetadata({ orientation: 3 })
      .toFile(path);
    expect(await bytesOf(path, 2, 1)).toEqual([4, 3, 2, 1]);
  });

  it('is rejected in one line if missing, empty, a folder, not an image or truncated', async () => {
    const folder = temporaryFolder();
    const whole = await encodePng(noise(40, 40, 3));
    const files = {
      'empty.png': new Uint8Array(0),
      'text.png': new TextEncoder().encode('not an image\nat all\n'),
      'cut.png': whole.subarray(0, whole.length / 2),
    };
    for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, name), bytes);
    for (const path of [...Object.keys(files), 'missing.png', '.'].map((name) => join(folder, name))) {
      await expectInputError(() => readImages([path], { size: 32, channels: 3 }), path, 'cannot read the image');
    }
  });
});

const frames = [0, 100, 200].map((level): Raster => ({
  width: 4,
  height: 3,
  channels: 1,
  data: new Uint8Array(12).fill(level),
}));

describe('encodeAnimation', () => {
  it.each(['gif', 'webp'] as const)('writes each image as a frame of a %s that loops forever', async (format) => {
    const bytes = await encodeAnimation({ frames, durations: [80, 80, 80] }, format);
    const metadata = await sharp(bytes, { animated: true }).metadata();
    expect(metadata).toMatchObject({ format, pages: 3, width: 4, pageHeight: 3, delay: [80, 80, 80], loop: 0 });
    const last = await sharp(bytes, { page: 2 }).greyscale().raw().toBuffer();
    for (const value of last) expect(Math.abs(value - 200)).toBeLessThanOrEqual(1);
  });

  it('keeps the duration of each frame, in whole milliseconds', async () => {
    const bytes = await encodeAnimation({ frames, durations: [20, 1000 / 24, 3000] }, 'webp');
    expect((await sharp(bytes, { animated: true }).metadata()).delay).toEqual([20, 42, 3000]);
  });

  it('enlarges frames by its scale', async () => {
    const bytes = await encodeAnimation({ frames, durations: [80, 80, 80] }, 'gif', 5);
    expect(await sharp(bytes, { animated: true }).metadata()).toMatchObject({ pages: 3, width: 20, pageHeight: 15 });
  });

  it('requires a frame', async () => {
    await expect(encodeAnimation({ frames: [], durations: [] }, 'gif')).rejects.toThrow('no frames');
  });
});
