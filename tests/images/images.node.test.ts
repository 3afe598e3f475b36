import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { imageGrid } from '../../src/images/imageGrid.js';
import { type EncodedFormat, Images } from '../../src/images/images.node.js';
import { expectInputError } from '../rejection.js';
import { temporaryFolder } from '../temporaryFolder.js';

/** Three images of 2x3 pixels whose values are all different. */
const batch = (channels: number) => ({
  count: 3,
  shape: [channels, 2, 3] as const,
  data: Uint8Array.from({ length: 18 * channels }, (_, index) => index),
});
const pixelsOf = async (image: Buffer) => {
  const { channels } = await sharp(image).metadata();
  const { data, info } = await sharp(image)
    .toColourspace(channels === 1 ? 'b-w' : 'srgb')
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, channels: info.channels, data: Uint8Array.from(data) };
};

describe('Images', () => {
  it.each([1, 3])('encodes a grid without loss, with %i channels', async (channels) => {
    const images = new Images(batch(channels));
    const grid = imageGrid(batch(channels), 2);
    expect(await pixelsOf(await images.toBuffer())).toEqual(grid);
    expect(await pixelsOf(await images.toBuffer({ columns: 3 }))).toEqual(imageGrid(batch(channels), 3));
    const style = { scale: 2, captions: [['a'], ['b'], ['c']] };
    expect(await pixelsOf(await images.toBuffer(style))).toEqual(imageGrid(batch(channels), 2, style));
  });

  it('writes a grid in the format of the extension, and creates the folder', async () => {
    const folder = temporaryFolder();
    const images = new Images(batch(3));
    await images.toFile(join(folder, 'new', 'grid.png'));
    expect(readFileSync(join(folder, 'new', 'grid.png'))).toEqual(await images.toBuffer());
    for (const [extension, format] of [
      ['.jpg', 'jpeg'],
      ['.webp', 'webp'],
      ['.TIF', 'tiff'],
    ] as const) {
      await images.toFile(join(folder, `grid${extension}`), { columns: 3 });
      expect(await sharp(join(folder, `grid${extension}`)).metadata()).toMatchObject({ format, width: 3 * 5 + 2 });
    }
    expect(readdirSync(folder).sort()).toEqual(['grid.TIF', 'grid.jpg', 'grid.webp', 'new']);
  });

  it('returns one image without a border as an instance of sharp, and all as pixels', async () => {
    const images = new Images(batch(3));
    const second = {
      width: 3,
      height: 2,
      channels: 3,
      data: Uint8Array.from({ length: 18 }, (_, index) => 18 + (index % 3) * 6 + Math.floor(index / 3)),
    };
    expect(await pixelsOf(await images.toSharp(1).png().toBuffer())).toEqual(second);
    expect(images.toRasters()[1]).toEqual(second);
    expect(images.toRasters()).toHaveLength(3);
  });

  it('refuses unknown formats and images', async () => {
    const folder = temporaryFolder();
    const images = new Images(batch(1));
    await expectInputError(() => images.toFile(join(folder, 'grid.gif')), 'grid.gif: unknown extension', '.png');
    await expectInputError(
      () => images.toBuffer({ format: 'bmp' as EncodedFormat }),
      'format bmp: unknown; choose from png',
    );
    await expectInputError(() => images.toBuffer({ columns: 0 }), 'columns: expected a whole number above 0');
    await expectInputError(
      () => Promise.resolve().then(() => images.toSharp(3)),
      'image 3: not found; choose from 0 to 2',
    );
    expect(existsSync(join(folder, 'grid.gif'))).toBe(false);
  });
});
