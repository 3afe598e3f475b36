import { describe, expect, it } from 'vitest';
import { filledRaster } from '../../src/images/drawing.js';
import { drawImageMap, gridMosaic } from '../../src/images/imageMap.js';
import { classColors } from '../../src/images/legend.js';
import type { Raster } from '../../src/images/raster.js';

const tiles = [10, 20, 30].map((level) => filledRaster(20, 20, 1, level));
const pixel = ({ width, data }: Raster, x: number, y: number) =>
  Array.from(data.subarray((y * width + x) * 3, (y * width + x) * 3 + 3));

describe('drawImageMap', () => {
  it('draws images at their points, and frames and a legend in the colors of classes', () => {
    const classes = { labels: [0, 2, 0], names: ['cats', 'dogs', 'birds'] };
    const { image, drawn, note } = drawImageMap(tiles, [0, 0, 4, 0, 0, 4], { cells: 4, scale: 1, classes });
    const colors = classColors(3);
    expect([drawn, note]).toEqual([3, '3 images']);
    // Cells of 24 pixels; y is up.
    expect([pixel(image, 2, 74), pixel(image, 74, 74), pixel(image, 2, 2), pixel(image, 50, 50)]).toEqual(
      [10, 20, 30, 96].map((level) => [level, level, level]),
    );
    expect([pixel(image, 0, 72), pixel(image, 72, 72), pixel(image, 0, 0)]).toEqual([colors[0], colors[2], colors[0]]);
    const legend = new Set(
      Array.from({ length: 96 * 11 }, (_, index) => pixel(image, index % 96, 100 + Math.floor(index / 96)).join()),
    );
    expect(colors.map((color) => legend.has(color.join()))).toEqual([true, false, true]);
  });

  it('draws images without room as points, and states how many there are', () => {
    const many = Array.from({ length: 2000 }, () => tiles[0]!);
    const { drawn, note } = drawImageMap(many, new Array<number>(4000).fill(1), { scale: 1 });
    expect([drawn, note]).toEqual([
      1,
      '2,000 images: 1 as pictures, and 1,999 as points, which have no room for a picture',
    ]);
  });

  it('draws points beyond the images at their positions, in the colors of their classes', () => {
    const classes = { labels: [0, 0, 1, 1], names: ['cats', 'dogs'] };
    const points = [0, 0, 4, 4, 2, 3, 1, 2];
    const { image, drawn } = drawImageMap(tiles.slice(0, 2), points, { cells: 4, scale: 1, classes });
    const [, dogs] = classColors(2);
    expect(drawn).toBe(2);
    // Cells of 24 pixels; y is up.
    expect([pixel(image, 48, 24), pixel(image, 24, 48)]).toEqual([dogs, dogs]);
    const plain = drawImageMap(tiles.slice(0, 1), points.slice(4), { cells: 1, scale: 2 }).image;
    expect(pixel(plain, 0, plain.width - 1)).toEqual([255, 225, 60]);
  });

  it('enlarges images to fit by default, not the legend', () => {
    const [one, fitting] = [
      drawImageMap(tiles, [0, 0, 4, 0, 0, 4], { cells: 4, scale: 1 }),
      drawImageMap(tiles, [0, 0, 4, 0, 0, 4], { cells: 4 }),
    ];
    expect([one.image.width, fitting.image.width]).toEqual([80, 320]);
    expect(fitting.image.height).toBeLessThan(4 * one.image.height);
  });
});

describe('gridMosaic', () => {
  const tile = (level: number, channels = 1) => filledRaster(2, 3, channels, level);

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
