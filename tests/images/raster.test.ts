import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  channelsLast,
  fromBytes,
  type ImageBatch,
  imageOf,
  resampleBilinear,
  toBytes,
} from '../../src/images/raster.js';

const EVERY_BYTE = Uint8Array.from({ length: 256 }, (_, byte) => byte);

describe('bytes and values in [-1, 1]', () => {
  it('are converted to each other without loss for every byte', () => {
    expect(toBytes(fromBytes(EVERY_BYTE))).toEqual(EVERY_BYTE);
  });

  it('have black at -1 and white at 1, linear between', () => {
    const values = fromBytes(EVERY_BYTE);
    expect([values[0], values[255]]).toEqual([-1, 1]);
    expect(values[51]).toBeCloseTo(-0.6, 6);
  });

  it('are rounded to the nearest byte', () => {
    fc.assert(
      fc.property(fc.double({ min: -1, max: 1, noNaN: true }), (value) => {
        const single = Float32Array.of(value);
        expect(Math.abs(fromBytes(toBytes(single))[0]! - single[0]!)).toBeLessThanOrEqual(1 / 255 + 1e-6);
      }),
    );
  });

  it('are clipped to the range of a byte', () => {
    expect(Array.from(toBytes(Float32Array.of(-1.5, -Infinity, 1.01, 7, Infinity)))).toEqual([0, 0, 255, 255, 255]);
  });
});

/** Two RGB images of 1x2: each byte is 100 image + 10 channel + pixel. */
const batch: ImageBatch = {
  shape: [3, 1, 2],
  count: 2,
  data: Uint8Array.of(0, 1, 10, 11, 20, 21, 100, 101, 110, 111, 120, 121),
};

describe('a batch of images', () => {
  it('is transposed from channels last to channels first', () => {
    expect(Array.from(channelsLast(batch))).toEqual([0, 10, 20, 1, 11, 21, 100, 110, 120, 101, 111, 121]);
  });

  it('of one channel is unchanged', () => {
    const gray: ImageBatch = { shape: [1, 2, 2], count: 1, data: Uint8Array.of(1, 2, 3, 4) };
    expect(Array.from(channelsLast(gray))).toEqual([1, 2, 3, 4]);
  });

  it('contains each of its images', () => {
    expect(imageOf(batch, 1)).toEqual({
      width: 2,
      height: 1,
      channels: 3,
      data: Uint8Array.of(100, 110, 120, 101, 111, 121),
    });
  });
});

describe('bilinear resampling', () => {
  const resample = (shape: readonly [number, number, number], values: readonly number[], size: number) =>
    Array.from(resampleBilinear({ shape, data: Float32Array.from(values) }, size));

  it('keeps images that have the size', () => {
    expect(resample([1, 2, 2], [1, 2, 3, 4], 2)).toEqual([1, 2, 3, 4]);
  });

  it('averages pairs of rows and columns at half the size', () => {
    const values = Array.from({ length: 16 }, (_, index) => index);
    expect(resample([1, 4, 4], values, 2)).toEqual([2.5, 4.5, 10.5, 12.5]);
  });

  it('samples between pixel centers at twice the size, and repeats the border', () => {
    expect(resample([1, 1, 2], [0, 8], 4).slice(0, 4)).toEqual([0, 2, 6, 8]);
  });

  it('keeps a constant, at any size', () => {
    expect(new Set(resample([1, 5, 7], new Array<number>(35).fill(3), 4))).toEqual(new Set([3]));
  });

  it('resamples each plane of each image on its own', () => {
    const planes = [0, 1, 2, 3, 4, 5].flatMap((level) => [level, level, level, level]);
    expect(resample([3, 2, 2], planes, 1)).toEqual([0, 1, 2, 3, 4, 5]);
  });
});
