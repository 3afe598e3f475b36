import { fillRectangle } from './drawing.js';
import { GLYPH_HEIGHT, glyphOf } from './font.js';
import type { Raster } from './raster.js';

/** With the space around it, in units of the scale. */
export const LINE_HEIGHT = GLYPH_HEIGHT + 2;

/** In units of the scale: glyphs with one column between them. */
export const textWidth = (text: string): number =>
  Array.from(text).reduce((sum, character) => sum + glyphOf(character)[0]!.length + 1, -1);

/** Drops the middle of a text wider than `width`: both ends of a file name tell more. */
export function shortenText(text: string, width: number): string {
  const characters = Array.from(text);
  for (let kept = characters.length - 1, short = text; ; kept--) {
    if (textWidth(short) <= width || kept < 0) return short;
    const head = Math.ceil(kept / 2);
    short = [...characters.slice(0, head), '…', ...characters.slice(characters.length - (kept - head))].join('');
  }
}

/** Breaks a text at spaces into lines of at most `width`, and shortens longer words. */
export function wrapText(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const extended = lines.length === 0 ? word : `${lines.at(-1)} ${word}`;
    if (lines.length > 0 && textWidth(extended) <= width) lines[lines.length - 1] = extended;
    else lines.push(shortenText(word, width));
  }
  return lines;
}

export interface TextStyle {
  /** Top left corner in pixels. */
  readonly left: number;
  readonly top: number;
  /** Pixels per dot of a glyph. */
  readonly scale: number;
  /** One value per channel. */
  readonly color: readonly number[];
}

/** Drops what exceeds the raster. */
export function drawText(target: Raster, text: string, { left, top, scale, color }: TextStyle): void {
  let start = left;
  for (const character of text) {
    const glyph = glyphOf(character);
    if (start + glyph[0]!.length * scale > target.width) return;
    glyph.forEach((row, y) => {
      Array.from(row, (cell, x) => {
        if (cell === '#')
          fillRectangle(
            target,
            { left: start + x * scale, top: top + (y + 1) * scale, width: scale, height: scale },
            color,
          );
      });
    });
    start += (glyph[0]!.length + 1) * scale;
  }
}
