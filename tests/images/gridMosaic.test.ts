import { describe, expect, it } from 'vitest';
import { gridMosaic } from '../../src/images/imageMap.js';
import type { Raster } from '../../src/images/raster.js';

const tile = (level: number, channels = 1): Raster => ({
  width: 2,
  height: 3,
  channels,
  data: new Uint8Array(6 * channels).fill(level),
});
const pixel = ({ width, data }: Raster, x: number, y: number) =>
  Array.from(data.subarray((y * width + x) * 3, (y * width + x) * 3 + 3));

describe('gridMosaic', () => {
  it('draws each tile in its cell, grayscale as RGB, and gray in empty cells', () => {
    const image = gridMosaic([tile(10), tile(20), tile(30)], { columns: 2, rows: 2, cells: Int32Array.of(3, 0, -1) });
    expect(image).toMatchObject({ width: 4, height: 6, channels: 3 });
    expect([pixel(image, 0, 0), pixel(image, 3, 5), pixel(image, 2, 0)]).toEqual([
      [20, 20, 20],
      [10, 10, 10],
      [96, 96, 96],
    ]);
  });

  it('frames tiles in colors, two pixels wide', () => {
    const image = gridMosaic([tile(10, 3)], { columns: 1, rows: 1, cells: Int32Array.of(0) }, [[1, 2, 3]]);
    expect(image).toMatchObject({ width: 6, height: 7 });
    expect([
      pixel(image, 1, 1),
      pixel(image, 2, 2),
      pixel(image, 3, 4),
      pixel(image, 4, 5),
      pixel(image, 5, 6),
    ]).toEqual([
      [1, 2, 3],
      [10, 10, 10],
      [10, 10, 10],
      [1, 2, 3],
      [1, 2, 3],
    ]);
  });

  it('requires an image', () => {
    expect(() => gridMosaic([], { columns: 1, rows: 1, cells: new Int32Array(0) })).toThrow('no images');
  });
});
