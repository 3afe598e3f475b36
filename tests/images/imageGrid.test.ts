import { describe, expect, it } from 'vitest';
import type { ImageBatch, Raster } from '../../src/images/raster.js';
import { gridOf, imageGrid, pairGrid, squareColumns } from '../../src/images/imageGrid.js';

/** A picture as rows of its pixels. */
const rowsOf = ({ width, height, channels, data }: Raster): number[][] =>
  Array.from({ length: height }, (_, row) => Array.from(data.subarray(row * width * channels, (row + 1) * width * channels)));

const grey = (values: readonly number[]): ImageBatch => ({ shape: [1, 1, 2], count: values.length / 2, data: Uint8Array.from(values) });

describe('a sheet', () => {
  it('has images in rows, two grey pixels around and between them, and grey where the last row is short', () => {
    // The background, 96.
    const b = 96;
    const drawn = imageGrid(grey([1, 2, 3, 4, 5, 6]), 2);
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

  it('of pairs has each reconstruction at the right of its original', () => {
    const drawn = rowsOf(pairGrid(grey([1, 1, 2, 2, 3, 3]), grey([11, 11, 12, 12, 13, 13]), 2));
    expect(drawn[2]).toEqual([96, 96, 1, 1, 96, 96, 11, 11, 96, 96, 2, 2, 96, 96, 12, 12, 96, 96]);
    expect(drawn[5]!.slice(0, 8)).toEqual([96, 96, 3, 3, 96, 96, 13, 13]);
  });

  it('of fewer pairs than fit in a row is no wider than they are', () => {
    expect(pairGrid(grey([1, 1]), grey([2, 2]), 4).width).toBe(10);
  });

  it('of nothing cannot be drawn', () => {
    expect(() => gridOf([], 3)).toThrow('there are no images');
  });
});

it('a square sheet has about as many columns as rows, and room for all', () => {
  expect([1, 2, 4, 5, 9, 10, 64, 65].map(squareColumns)).toEqual([1, 2, 2, 3, 3, 4, 8, 9]);
});
