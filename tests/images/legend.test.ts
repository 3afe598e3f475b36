import { describe, expect, it } from 'vitest';
import { filledRaster } from '../../src/images/drawing.js';
import { addLegend, classColors } from '../../src/images/legend.js';
import type { Raster } from '../../src/images/raster.js';

const pixel = ({ width, data }: Raster, x: number, y: number) =>
  Array.from(data.subarray((y * width + x) * 3, (y * width + x) * 3 + 3));
/** Whether a rectangle has a pixel of a color. */
const holds = (image: Raster, [left, top, right, bottom]: readonly number[], color: readonly number[]) => {
  for (let y = top!; y < bottom!; y++)
    for (let x = left!; x < right!; x++) if (pixel(image, x, y).join() === color.join()) return true;
  return false;
};
const WHITE = [255, 255, 255];

describe('addLegend', () => {
  const entries = [
    { name: 'cats', color: [1, 2, 3] },
    { name: 'dogs', color: [4, 5, 6] },
  ] as const;

  it('draws a sample of each color, its name to the right, and the note below', () => {
    const image = filledRaster(120, 40, 3, 9);
    const result = addLegend(image, entries, 'a note');
    expect(result.width).toBe(120);
    expect(result.data.subarray(0, image.data.length)).toEqual(image.data);
    // One row of entries and one of the note, 11 pixels each, within margins of 4.
    expect(result.height).toBe(40 + 8 + 22);
    expect(pixel(result, 5, 47)).toEqual([1, 2, 3]);
    expect(holds(result, [12, 44, 30, 55], WHITE)).toBe(true);
    expect(holds(result, [35, 44, 60, 55], [4, 5, 6])).toBe(true);
    expect(holds(result, [4, 55, 60, 66], WHITE)).toBe(true);
  });

  it('continues in further rows if the image is narrow, and inside its width', () => {
    const result = addLegend(filledRaster(45, 40, 3, 9), entries, 'note');
    expect(result.height).toBe(40 + 8 + 33);
    expect([pixel(result, 5, 47), pixel(result, 5, 58)]).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    expect(() => addLegend(filledRaster(3, 3, 3, 9), entries, 'note')).not.toThrow();
  });

  it('has larger text below a larger image', () => {
    expect(addLegend(filledRaster(1100, 4, 3, 9), [], 'note').height).toBe(4 + 2 * 19);
  });
});

describe('classColors', () => {
  it.each([1, 2, 10, 11, 43])('returns %i distinct colors', (count) => {
    expect(new Set(classColors(count).map(String)).size).toBe(count);
  });
});
