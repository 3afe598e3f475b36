import { describe, expect, it } from 'vitest';
import type { ImageBatch, Raster } from '../../src/images/raster.js';
import { gridMosaic, gridOf, imageGrid, pairGrid, placeCrowd, placeOnGrid, squareColumns } from '../../src/images/imageGrid.js';
import fc from 'fast-check';

/** A picture as rows of its pixels. */
const rowsOf = ({ width, height, channels, data }: Raster): number[][] =>
  Array.from({ length: height }, (_, row) => Array.from(data.subarray(row * width * channels, (row + 1) * width * channels)));

const gray = (values: readonly number[]): ImageBatch => ({ shape: [1, 1, 2], count: values.length / 2, data: Uint8Array.from(values) });

describe('an image grid', () => {
  it('has images in rows with gray borders of two pixels, and gray in the rest of the last row', () => {
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

  it('of pairs has each reconstruction to the right of its original', () => {
    const drawn = rowsOf(pairGrid(gray([1, 1, 2, 2, 3, 3]), gray([11, 11, 12, 12, 13, 13]), 2));
    expect(drawn[2]).toEqual([96, 96, 1, 1, 96, 96, 11, 11, 96, 96, 2, 2, 96, 96, 12, 12, 96, 96]);
    expect(drawn[5]!.slice(0, 8)).toEqual([96, 96, 3, 3, 96, 96, 13, 13]);
  });

  it('of fewer pairs than fit in a row is no wider than they are', () => {
    expect(pairGrid(gray([1, 1]), gray([2, 2]), 4).width).toBe(10);
  });

  it('of no images is rejected', () => {
    expect(() => gridOf([], 3)).toThrow('no images');
  });
});

it('a square grid has about as many columns as rows, and room for all', () => {
  expect([1, 2, 4, 5, 9, 10, 64, 65].map(squareColumns)).toEqual([1, 2, 2, 3, 3, 4, 8, 9]);
});

const tile = (level: number, channels = 1): Raster => ({ width: 2, height: 3, channels, data: new Uint8Array(6 * channels).fill(level) });
const pixel = ({ width, data }: Raster, x: number, y: number) => Array.from(data.subarray((y * width + x) * 3, (y * width + x) * 3 + 3));

describe('points on a grid', () => {
  it('occupy distinct cells, at most two from their own', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: -5, max: 5, noNaN: true }), { minLength: 4, maxLength: 120 }), fc.integer({ min: 1, max: 12 }), (list, side) => {
        const points = list.slice(0, 2 * Math.floor(list.length / 2));
        const { columns, rows, cells } = placeOnGrid(points, side);
        expect(Math.max(columns, rows)).toBeLessThanOrEqual(side);
        const given = Array.from(cells).filter((cell) => cell >= 0);
        expect(new Set(given).size).toBe(given.length);
        for (const cell of given) expect(cell).toBeLessThan(columns * rows);
        // The first comes to no full cells.
        expect(cells[0]).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  it('keep their order, x to the right and y upward, at one scale', () => {
    const { columns, rows, cells } = placeOnGrid([0, 0, 4, 0, 0, 2, 4, 2], 4);
    expect([columns, rows]).toEqual([4, 2]);
    expect(Array.from(cells)).toEqual([4, 7, 0, 3]);
  });

  it('use the nearest free cell, or none if all near ones are taken', () => {
    const { cells } = placeOnGrid([0, 0, 9, 0, 0.4, 0, 0.9, 0, 0.1, 0], 9);
    expect(Array.from(cells)).toEqual([0, 8, 1, 2, -1]);
  });

  it('may all be equal', () => {
    expect(placeOnGrid([1, 1, 1, 1], 3)).toMatchObject({ columns: 1, rows: 1, cells: Int32Array.of(0, -1) });
  });
});

describe('a dense cluster on a grid', () => {
  it('is unchanged if there is room', () => {
    const points = [0, 0, 4, 0, 0, 2, 4, 2];
    expect(placeCrowd(points, 4)).toEqual({ ...placeOnGrid(points, 4), stretch: 0 });
  });

  it('is stretched in order until enough points have cells', () => {
    // 63 points in a hundredth of the plane, and one far away.
    const points = Array.from({ length: 64 }, (_, index) => [(index % 8) / 100, Math.floor(index / 8) / 100]).flat();
    points[126] = points[127] = 10;
    const places = placeCrowd(points, 12, 0.9);
    expect(places.stretch).toBeGreaterThan(0);
    expect(places.cells.filter((cell) => cell >= 0).length).toBeGreaterThanOrEqual(58);
    expect(places.cells[63]).toBe(11);
    expect(places.cells[0]! % places.columns).toBeLessThan(places.cells[6]! % places.columns);
  });

  it('of equal points stays one point', () => {
    expect(placeCrowd([1, 1, 1, 1, 1, 1], 5)).toMatchObject({ stretch: 1, columns: 1, rows: 1 });
  });
});

describe('a mosaic', () => {
  it('has each tile in its cell, with grayscale repeated, and gray in empty cells', () => {
    const picture = gridMosaic([tile(10), tile(20), tile(30)], { columns: 2, rows: 2, cells: Int32Array.of(3, 0, -1) });
    expect(picture).toMatchObject({ width: 4, height: 6, channels: 3 });
    expect([pixel(picture, 0, 0), pixel(picture, 3, 5), pixel(picture, 2, 0)]).toEqual([
      [20, 20, 20],
      [10, 10, 10],
      [96, 96, 96],
    ]);
  });

  it('frames tiles in colors', () => {
    const colors = [[1, 2, 3] as const];
    const picture = gridMosaic([tile(10, 3)], { columns: 1, rows: 1, cells: Int32Array.of(0) }, colors);
    expect(picture).toMatchObject({ width: 4, height: 5 });
    expect([pixel(picture, 0, 0), pixel(picture, 1, 1), pixel(picture, 3, 4)]).toEqual([
      [1, 2, 3],
      [10, 10, 10],
      [1, 2, 3],
    ]);
  });

  it('of no tiles is rejected', () => {
    expect(() => gridMosaic([], { columns: 1, rows: 1, cells: new Int32Array(0) })).toThrow('no images');
  });
});
