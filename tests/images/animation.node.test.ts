import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { encodeAnimation } from '../../src/images/animation.node.js';
import type { Raster } from '../../src/images/raster.js';

const frames = [0, 100, 200].map((level): Raster => ({ width: 4, height: 3, channels: 1, data: new Uint8Array(12).fill(level) }));

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
