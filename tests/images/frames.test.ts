import { describe, expect, it } from 'vitest';
import { evenlySpaced, requireFrameSize, rowAnimation, timelapse } from '../../src/images/frames.js';
import type { ImageBatch, Raster } from '../../src/images/raster.js';
import { expectInputError } from '../rejection.js';

const level = (value: number): Raster => ({ width: 1, height: 1, channels: 1, data: Uint8Array.of(value) });
/** Two rows of three images of one pixel. */
const rows: ImageBatch = { shape: [1, 1, 1], count: 6, data: Uint8Array.of(1, 2, 3, 11, 12, 13) };
/** The pixels of the two images of a frame, behind the border. */
const imagesOf = ({ width, data }: Raster) => [data[2 * width + 2], data[2 * width + 5]];

describe('rowAnimation', () => {
  it('shows image i of each row in frame i, forward and backward', () => {
    const { frames, durations } = rowAnimation(rows, 2, false, 10);
    expect(frames.map(imagesOf)).toEqual([
      [1, 11],
      [2, 12],
      [3, 13],
      [2, 12],
    ]);
    expect(durations).toEqual([100, 100, 100, 100]);
  });

  it('runs forward only if rows are closed', () => {
    expect(rowAnimation(rows, 2, true, 10).frames).toHaveLength(3);
  });
});

describe('timelapse', () => {
  it('shows the last frame for two seconds, or longer at a low rate', () => {
    expect(timelapse([level(1), level(2), level(3)], 8).durations).toEqual([125, 125, 2000]);
    expect(timelapse([level(1), level(2)], 0.25).durations).toEqual([4000, 4000]);
  });
});

describe('evenlySpaced', () => {
  it('includes the first and the last item', () => {
    const items = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
    expect([11, 20, 6, 3, 2, 1].map((count) => evenlySpaced(items, count))).toEqual([
      items,
      items,
      [0, 2, 4, 6, 8, 10],
      [0, 5, 10],
      [0, 10],
      [10],
    ]);
  });
});

describe('requireFrameSize', () => {
  it('rejects a frame of a different size', async () => {
    expect(() => requireFrameSize(level(1), level(2), 'a.png')).not.toThrow();
    await expectInputError(
      () => requireFrameSize({ ...level(1), width: 2 }, level(2), 'a.png'),
      'a.png: expected 1x1',
      'got 2x1',
    );
  });
});
