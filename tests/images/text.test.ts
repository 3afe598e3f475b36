import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { filledRaster } from '../../src/images/drawing.js';
import { drawText, glyphOf, shortenText, textWidth, wrapText } from '../../src/images/text.js';

const ASCII = Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index));

/** Text drawn as `#` and `.`, without its empty rows. */
function drawn(text: string, width: number, scale = 1): string[] {
  const raster = filledRaster(width, 11 * scale, 1, 0);
  drawText(raster, text, { left: 0, top: 0, scale, color: [255] });
  const rows = Array.from({ length: raster.height }, (_, row) =>
    Array.from(raster.data.subarray(row * width, (row + 1) * width), (value) => (value > 0 ? '#' : '.')).join(''),
  );
  return rows.filter((row) => row.includes('#'));
}

describe('the font', () => {
  it('has a different glyph of up to nine equally long rows for every ASCII character', () => {
    for (const character of ASCII) {
      const glyph = glyphOf(character);
      expect(glyph.length).toBeLessThanOrEqual(9);
      expect(new Set(glyph.map((row) => row.length)).size, character).toBe(1);
      expect(glyph.join(''), character).toMatch(/^[#.]+$/);
    }
    expect(new Set(ASCII.map((character) => glyphOf(character).join('\n'))).size).toBe(95);
  });

  it('draws accented letters without accents, and a box for other characters', () => {
    expect(glyphOf('é')).toBe(glyphOf('e'));
    for (const character of ['数', '\n', '\u202e']) expect(glyphOf(character)).toBe(glyphOf('□'));
  });
});

describe('drawText', () => {
  it('draws glyphs with one column between them', () => {
    expect(drawn('1T', 9)).toEqual([
      '.#..#####',
      '##....#..',
      '.#....#..',
      '.#....#..',
      '.#....#..',
      '.#....#..',
      '###...#..',
    ]);
  });

  it('repeats pixels by its scale', () => {
    expect(drawn('-', 6, 2)).toEqual(['######', '######']);
  });

  it('omits glyphs beyond the right edge', () => {
    expect(drawn('--', 6)).toEqual(['###...']);
  });
});

describe('shortenText', () => {
  it('keeps the beginning and the end within the width', () => {
    const name = 'photograph-000123.png';
    expect(shortenText(name, textWidth(name))).toBe(name);
    expect(shortenText(name, 60)).toMatch(/^photo\w*….*\.png$/);
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme' }),
        fc.integer({ min: 5, max: 100 }),
        (text, width) => textWidth(shortenText(text, width)) <= width,
      ),
    );
  });
});

describe('wrapText', () => {
  it('breaks at spaces, within the width', () => {
    const text = '1,242 of 2,000 images are drawn';
    const lines = wrapText(text, 70);
    expect(lines.length).toBeGreaterThan(1);
    expect(lines.join(' ')).toBe(text);
    for (const line of lines) expect(textWidth(line)).toBeLessThanOrEqual(70);
  });
});
