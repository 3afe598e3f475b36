import { fillRectangle } from './drawing.js';
import { GLYPH_HEIGHT, glyphOf } from './font.js';
import type { Raster } from './raster.js';

/** Height of a line of text with the space around it, in units of the text's scale. */
export const LINE_HEIGHT = GLYPH_HEIGHT + 2;

/** Returns the width of a text, in units of its scale: its glyphs with one column between them. */
export const textWidth = (text: string): number =>
  Array.from(text).reduce((sum, character) => sum + glyphOf(character)[0]!.length + 1, -1);

/** Returns a text without its middle if it is wider than `width`: the beginning and the end of a file name tell more. */
export function shortenText(text: string, width: number): string {
  const characters = Array.from(text);
  for (let kept = characters.length - 1, short = text; ; kept--) {
    if (textWidth(short) <= width || kept < 0) return short;
    const head = Math.ceil(kept / 2);
    short = [...characters.slice(0, head), '…', ...characters.slice(characters.length - (kept - head))].join('');
  }
}

/** Breaks a text at its spaces into lines of at most `width`. A longer word is shortened. */
export function wrapText(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const extended = lines.length === 0 ? word : `${lines.at(-1)} ${word}`;
    if (lines.length > 0 && textWidth(extended) <= width) lines[lines.length - 1] = extended;
    else lines.push(shortenText(word, width));
  }
  return lines;
}

/** Where and how a line of text is drawn. */
export interface TextStyle {
  /** The left end of its baseline box, in pixels. */
  readonly left: number;
  readonly top: number;
  /** Pixels per column and row of a glyph. */
  readonly scale: number;
  /** One value per channel. */
  readonly color: readonly number[];
}

/** Draws a line of text into a raster. What exceeds the raster is not drawn. */
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
