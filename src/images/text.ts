import { fillRectangle } from './drawing.js';
import type { Raster } from './raster.js';

/**
 * Characters, and up to 9 rows of their glyphs, two below the baseline. Text in SVG would depend on installed fonts.
 */
const STRIPS = `
ABCDEFGHIJKLM
.##. ###. .### ###. #### #### .### #..# ### ..## #..# #... #...#
#..# #..# #... #..# #... #... #... #..# .#. ...# #..# #... ##.##
#..# #..# #... #..# #... #... #... #..# .#. ...# #.#. #... #.#.#
#### ###. #... #..# ###. ###. #.## #### .#. ...# ##.. #... #.#.#
#..# #..# #... #..# #... #... #..# #..# .#. ...# #.#. #... #...#
#..# #..# #... #..# #... #... #..# #..# .#. #..# #..# #... #...#
#..# ###. .### ###. #### #... .### #..# ### .##. #..# #### #...#

NOPQRSTUVWXYZ
#...# .###. ###. .###. ###. .### ##### #..# #...# #...# #...# #...# ####
##..# #...# #..# #...# #..# #... ..#.. #..# #...# #...# #...# #...# ...#
##..# #...# #..# #...# #..# #... ..#.. #..# #...# #...# .#.#. .#.#. ..#.
#.#.# #...# ###. #...# ###. .##. ..#.. #..# .#.#. #.#.# ..#.. ..#.. ..#.
#..## #...# #... #.#.# #.#. ...# ..#.. #..# .#.#. #.#.# .#.#. ..#.. .#..
#..## #...# #... #..#. #..# ...# ..#.. #..# ..#.. ##.## #...# ..#.. #...
#...# .###. #... .##.# #..# ###. ..#.. .##. ..#.. #...# #...# ..#.. ####

abcdefghijklm
.... #... ... ...# .... .## .... #... # .# #... #. .....
.... #... ... ...# .... .#. .... #... . .. #... #. .....
.##. ###. .## .### .##. ### .### ###. # .# #..# #. ##.#.
...# #..# #.. #..# #..# .#. #..# #..# # .# #.#. #. #.#.#
.### #..# #.. #..# #### .#. #..# #..# # .# ##.. #. #.#.#
#..# #..# #.. #..# #... .#. #..# #..# # .# #.#. #. #.#.#
.### ###. .## .### .### .#. .### #..# # .# #..# .# #.#.#
.... .... ... .... .... ... ...# .... . .# .... .. .....
.... .... ... .... .... ... .##. .... . #. .... .. .....

nopqrstuvwxyz
.... .... .... .... ... .... .#. .... ... ..... ... .... ....
.... .... .... .... ... .... .#. .... ... ..... ... .... ....
###. .##. ###. .### #.# .### ### #..# #.# #...# #.# #..# ####
#..# #..# #..# #..# ##. #... .#. #..# #.# #.#.# #.# #..# ..#.
#..# #..# #..# #..# #.. .##. .#. #..# #.# #.#.# .#. #..# .#..
#..# #..# #..# #..# #.. ...# .#. #..# #.# #.#.# #.# #..# #...
#..# .##. ###. .### #.. ###. ..# .### .#. .#.#. #.# .### ####
.... .... #... ...# ... .... ... .... ... ..... ... ...# ....
.... .... #... ...# ... .... ... .... ... ..... ... .##. ....

0123456789+-=<>
.##. .#. .##. ###. ...# #### .##. #### .##. .##. ... ... ... ... ...
#..# ##. #..# ...# ..## #... #... ...# #..# #..# ... ... ... ... ...
#..# .#. ...# ...# .#.# ###. #... ..#. #..# #..# ... ... ... ..# #..
#..# .#. ..#. .##. #..# ...# ###. ..#. .##. .### .#. ... ### .#. .#.
#..# .#. .#.. ...# #### ...# #..# .#.. #..# ...# ### ### ... #.. ..#
#..# .#. #... ...# ...# #..# #..# .#.. #..# ...# .#. ... ### .#. .#.
.##. ### #### ###. ...# .##. .##. .#.. .##. .##. ... ... ... ..# #..

.,:;!?'"\`^~*_…
. .. . .. # ##. # #.# #. .#. .... ... .... .....
. .. . .. # ..# # #.# .# #.# .... #.# .... .....
. .. . .. # ..# . ... .. ... .... .#. .... .....
. .. # .# # .#. . ... .. ... .#.# #.# .... .....
. .. . .. # .#. . ... .. ... #.#. ... .... .....
. .# . .. . ... . ... .. ... .... ... .... .....
# .# # .# # .#. . ... .. ... .... ... .... #.#.#
. #. . #. . ... . ... .. ... .... ... #### .....

()[]{}/\\|
.# #. ## ## ..# #.. ..# #.. #
#. .# #. .# .#. .#. ..# #.. #
#. .# #. .# .#. .#. .#. .#. #
#. .# #. .# #.. ..# .#. .#. #
#. .# #. .# .#. .#. .#. .#. #
#. .# #. .# .#. .#. #.. ..# #
.# #. ## ## ..# #.. #.. ..# #
.. .. .. .. ... ... ... ... #

@#$%& □
.###. .#.#. ..#.. ##..# .##.. .. ####
#...# .#.#. .#### ##..# #..#. .. #..#
#.### ##### #.#.. ...#. #.#.. .. #..#
#.#.# .#.#. .###. ..#.. .#... .. #..#
#.### ##### ..#.# .#... #.#.# .. #..#
#.... .#.#. ####. #..## #..#. .. #..#
.###. .#.#. ..#.. #..## .##.# .. ####
`;

const GLYPHS = new Map(
  STRIPS.trim()
    .split('\n\n')
    .flatMap((strip) => {
      const [characters, ...lines] = strip.split('\n');
      const rows = lines.map((line) => line.split(' '));
      return Array.from(characters!, (character, index) => [character, rows.map((row) => row[index]!)] as const);
    }),
);

/** Drops accents if the font lacks them; unknown characters are a box. */
export const glyphOf = (character: string): readonly string[] =>
  GLYPHS.get(character) ?? GLYPHS.get(character.normalize('NFD')[0]!) ?? GLYPHS.get('□')!;

/** In units of the scale: nine rows, and space between lines. */
export const LINE_HEIGHT = 11;

/** In units of the scale, with a column between glyphs. */
export const textWidth = (text: string) =>
  Array.from(text).reduce((sum, character) => sum + glyphOf(character)[0]!.length + 1, -1);

/** Drops the middle, because both ends of a file name tell more. */
export function shortenText(text: string, width: number) {
  const characters = Array.from(text);
  for (let kept = characters.length - 1, short = text; ; kept--) {
    if (textWidth(short) <= width || kept < 0) return short;
    const head = Math.ceil(kept / 2);
    short = [...characters.slice(0, head), '…', ...characters.slice(characters.length - (kept - head))].join('');
  }
}

export function wrapText(text: string, width: number) {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const extended = lines.length === 0 ? word : `${lines.at(-1)} ${word}`;
    if (lines.length > 0 && textWidth(extended) <= width) lines[lines.length - 1] = extended;
    else lines.push(shortenText(word, width));
  }
  return lines;
}

interface TextStyle {
  left: number;
  top: number;
  /** Pixels per dot of a glyph. */
  scale: number;
  /** One value per channel. */
  color: readonly number[];
}

/** Drops what exceeds the raster. */
export function drawText(target: Raster, text: string, { left, top, scale, color }: TextStyle) {
  let start = left;
  for (const character of text) {
    const glyph = glyphOf(character);
    if (start + glyph[0]!.length * scale > target.width) return;
    glyph.forEach((row, y) => {
      Array.from(row, (cell, x) => {
        const dot = { left: start + x * scale, top: top + (y + 1) * scale, width: scale, height: scale };
        if (cell === '#') fillRectangle(target, dot, color);
      });
    });
    start += (glyph[0]!.length + 1) * scale;
  }
}
