import { describe, expect, it } from 'vitest';
import { expectInputError } from '../rejection.js';
import type { ImageBatch, Raster } from '../../src/images/raster.js';
import { enlarge } from '../../src/images/drawing.js';
import { gridOf, imageGrid, pairGrid, squareColumns } from '../../src/images/imageGrid.js';

/** An image as rows of its pixels. */
const rowsOf = ({ width, height, channels, data }: Raster): number[][] =>
  Array.from({ length: height }, (_, row) =>
    Array.from(data.subarray(row * width * channels, (row + 1) * width * channels)),
  );

const gray = (values: readonly number[]): ImageBatch => ({
  shape: [1, 1, 2],
  count: values.length / 2,
  data: Uint8Array.from(values),
});

describe('an image grid', () => {
  it('draws images in rows with two gray pixels around them, and gray in a short last row', () => {
    // The background, 96.
    const b = 96;
    const drawn = imageGrid(gray([1, 2, 3, 4, 5, 6]), 2);
    expect(drawn).toMatchObject({ width: 10, height: 8, channels: 1 });
    expect(rowsOf(drawn)).toEqual([
      [b, b, b, b, b, b, b, b, b, b],
      [b, b, b, b, b, b, b, b, b, b],
      [b, b, 1, 2, b, b, 3, 4, b, b],
      [b, b, b, b, b, b, b, b, b, b],
      [b, b, b, b, b, b, b, b, b, b],
      [b, b, 5, 6, b, b, b, b, b, b],
      [b, b, b, b, b, b, b, b, b, b],
      [b, b, b, b, b, b, b, b, b, b],
    ]);
  });

  it('keeps the channels of its images', () => {
    const drawn = imageGrid({ shape: [3, 2, 1], count: 1, data: Uint8Array.of(1, 2, 3, 4, 5, 6) }, 1);
    expect(drawn).toMatchObject({ width: 5, height: 6, channels: 3 });
    const rows = rowsOf(drawn);
    expect(rows[2]!.slice(6, 9)).toEqual([1, 3, 5]);
    expect(rows[3]!.slice(6, 9)).toEqual([2, 4, 6]);
    expect(new Set([...rows[0]!, ...rows[2]!.slice(0, 6), ...rows[2]!.slice(9)])).toEqual(new Set([96]));
  });

  it('draws each reconstruction to the right of its original', () => {
    const drawn = rowsOf(pairGrid(gray([1, 1, 2, 2, 3, 3]), gray([11, 11, 12, 12, 13, 13]), 2));
    expect(drawn[2]).toEqual([96, 96, 1, 1, 96, 96, 11, 11, 96, 96, 2, 2, 96, 96, 12, 12, 96, 96]);
    expect(drawn[5]!.slice(0, 8)).toEqual([96, 96, 3, 3, 96, 96, 13, 13]);
  });

  it('is not wider than its only row of pairs', () => {
    expect(pairGrid(gray([1, 1]), gray([2, 2]), 4).width).toBe(10);
  });

  it('at scale 3 repeats every pixel three times along each side', () => {
    const images = gray([1, 2, 3, 4, 5, 6]);
    expect(imageGrid(images, 2, { scale: 3 })).toEqual(enlarge(imageGrid(images, 2), 3));
    expect(pairGrid(images, images, 2, { scale: 3 })).toEqual(enlarge(pairGrid(images, images, 2), 3));
  });

  it('scales to fit by at most 4, and never shrinks', () => {
    const square = (size: number) => ({ width: size, height: size, channels: 1, data: new Uint8Array(size * size) });
    expect([100, 300, 600, 2000].map((size) => gridOf([square(size)], 1, { scale: 'fit' }).width)).toEqual([
      416, 912, 604, 2004,
    ]);
  });

  it('draws each caption below its image, and leaves the images as they are', () => {
    const tiles = [50, 60, 70].map((level) => ({
      width: 40,
      height: 20,
      channels: 1,
      data: new Uint8Array(800).fill(level),
    }));
    const [plain, captioned] = [gridOf(tiles, 2), gridOf(tiles, 2, { captions: [['one', '0.9'], ['two'], []] })];
    // Two lines of 11 pixels below each of two rows.
    expect([captioned.width, captioned.height]).toEqual([plain.width, plain.height + 2 * 22]);
    const rows = rowsOf(captioned);
    expect(rows.slice(0, 22)).toEqual(rowsOf(plain).slice(0, 22));
    const inked = (top: number, left: number) =>
      rows.slice(top, top + 11).some((row) => row.slice(left, left + 40).includes(255));
    expect([inked(22, 2), inked(33, 2), inked(22, 44), inked(33, 44), inked(66, 2)]).toEqual([
      true,
      true,
      true,
      false,
      false,
    ]);
    expect(rows[22 + 22 + 2]!.slice(2, 42)).toEqual(new Array(40).fill(70));
  });

  it('has captions of the same height below images and below pairs of images', () => {
    const images = { shape: [1, 128, 128] as const, count: 1, data: new Uint8Array(128 * 128) };
    const captions = [['a']];
    const added = [
      imageGrid(images, 1, { captions }).height - imageGrid(images, 1).height,
      pairGrid(images, images, 1, { captions }).height - imageGrid(images, 1).height,
    ];
    expect(added).toEqual([22, 22]);
  });

  it('rejects a scale at which it does not fit in memory', async () => {
    const tile = { width: 400, height: 400, channels: 1, data: new Uint8Array(160_000) };
    await expectInputError(
      () => gridOf(new Array(100).fill(tile), 10, { scale: 32 }),
      'scale 32: the image would have 128704x128704 pixels',
      'at most 4',
    );
  });

  it('requires an image', () => {
    expect(() => gridOf([], 3)).toThrow('no images');
  });
});

it('squareColumns returns about as many columns as rows, and full rows if it can', () => {
  expect([0, 1, 2, 4, 5, 9, 10, 64, 65].map(squareColumns)).toEqual([0, 1, 2, 2, 3, 3, 4, 8, 9]);
  expect([8, 12, 15, 32, 50].map(squareColumns)).toEqual([4, 4, 5, 8, 10]);
});
