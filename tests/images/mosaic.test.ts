import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gridMosaic, placeCrowd, placeOnGrid } from '../../src/images/mosaic.js';
import type { Raster } from '../../src/images/raster.js';

const tile = (level: number, channels = 1): Raster => ({ width: 2, height: 3, channels, data: new Uint8Array(6 * channels).fill(level) });
const pixel = ({ width, data }: Raster, x: number, y: number) => Array.from(data.subarray((y * width + x) * 3, (y * width + x) * 3 + 3));

describe('points on a grid', () => {
  it('lie in cells of their own, at most two from where they belong', () => {
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

  it('keep their order, x to the right and y upwards, in one scale', () => {
    const { columns, rows, cells } = placeOnGrid([0, 0, 4, 0, 0, 2, 4, 2], 4);
    expect([columns, rows]).toEqual([4, 2]);
    expect(Array.from(cells)).toEqual([4, 7, 0, 3]);
  });

  it('go to the nearest free cell where theirs is taken, and nowhere if all near ones are', () => {
    const { cells } = placeOnGrid([0, 0, 9, 0, 0.4, 0, 0.9, 0, 0.1, 0], 9);
    expect(Array.from(cells)).toEqual([0, 8, 1, 2, -1]);
  });

  it('may all be the same', () => {
    expect(placeOnGrid([1, 1, 1, 1], 3)).toMatchObject({ columns: 1, rows: 1, cells: Int32Array.of(0, -1) });
  });
});

describe('a crowd on a grid', () => {
  it('is left as it is where it has room', () => {
    const points = [0, 0, 4, 0, 0, 2, 4, 2];
    expect(placeCrowd(points, 4)).toEqual({ ...placeOnGrid(points, 4), stretch: 0 });
  });

  it('is stretched until enough have cells, in its order', () => {
    // 63 points in a hundredth of the plane, and one far away.
    const points = Array.from({ length: 64 }, (_, index) => [(index % 8) / 100, Math.floor(index / 8) / 100]).flat();
    points[126] = points[127] = 10;
    const places = placeCrowd(points, 12, 0.9);
    expect(places.stretch).toBeGreaterThan(0);
    expect(places.cells.filter((cell) => cell >= 0).length).toBeGreaterThanOrEqual(58);
    expect(places.cells[63]).toBe(11);
    expect(places.cells[0]! % places.columns).toBeLessThan(places.cells[6]! % places.columns);
  });

  it('of equal points stays one', () => {
    expect(placeCrowd([1, 1, 1, 1, 1, 1], 5)).toMatchObject({ stretch: 1, columns: 1, rows: 1 });
  });
});

describe('a mosaic', () => {
  it('has each tile in its cell, grey repeated, and grey where there is none', () => {
    const picture = gridMosaic([tile(10), tile(20), tile(30)], { columns: 2, rows: 2, cells: Int32Array.of(3, 0, -1) });
    expect(picture).toMatchObject({ width: 4, height: 6, channels: 3 });
    expect([pixel(picture, 0, 0), pixel(picture, 3, 5), pixel(picture, 2, 0)]).toEqual([
      [20, 20, 20],
      [10, 10, 10],
      [96, 96, 96],
    ]);
  });

  it('frames tiles in colours', () => {
    const colours = [[1, 2, 3] as const];
    const picture = gridMosaic([tile(10, 3)], { columns: 1, rows: 1, cells: Int32Array.of(0) }, colours);
    expect(picture).toMatchObject({ width: 4, height: 5 });
    expect([pixel(picture, 0, 0), pixel(picture, 1, 1), pixel(picture, 3, 4)]).toEqual([
      [1, 2, 3],
      [10, 10, 10],
      [1, 2, 3],
    ]);
  });

  it('of nothing cannot be made', () => {
    expect(() => gridMosaic([], { columns: 1, rows: 1, cells: new Int32Array(0) })).toThrow('no images');
  });
});
