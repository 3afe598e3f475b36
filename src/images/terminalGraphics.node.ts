import { loadSharp, rawPixels } from './decode.node.js';
import type { Raster } from './raster.js';

export type GraphicsProtocol = 'kitty' | 'iterm2' | 'sixel';

/** Assumed, because terminals do not report the width of a cell. */
const CELL_PIXELS = 8;
const KITTY_CHUNK = 4096;

/** Shrinks an image that is wider than the columns of the terminal. */
export function graphicsSequence(png: Buffer, protocol: GraphicsProtocol, columns: number): string | Promise<string> {
  const width = png.readUInt32BE(16);
  const cells = Math.min(columns, Math.ceil(width / CELL_PIXELS));
  if (protocol === 'kitty') return kittySequence(png, cells);
  if (protocol === 'iterm2')
    return `\x1b]1337;File=inline=1;size=${png.length};width=${cells};preserveAspectRatio=1:${png.toString('base64')}\x07`;
  return sixelSequence(png, cells * CELL_PIXELS);
}

/** `a=T` transmits and displays, `f=100` is PNG, `q=2` suppresses answers, `m=1` announces a further chunk. */
function kittySequence(png: Buffer, cells: number) {
  const data = png.toString('base64');
  let sequence = '';
  for (let start = 0; start < data.length; start += KITTY_CHUNK) {
    const options = start === 0 ? `a=T,f=100,q=2,c=${cells},` : '';
    const isLast = start + KITTY_CHUNK >= data.length;
    sequence += `\x1b_G${options}m=${isLast ? 0 : 1};${data.slice(start, start + KITTY_CHUNK)}\x1b\\`;
  }
  return sequence;
}

async function sixelSequence(png: Buffer, width: number) {
  const sharp = loadSharp();
  const resized = sharp(png).resize({ width, withoutEnlargement: true });
  const reduced = sharp(await resized.png({ palette: true, colours: MAX_COLORS }).toBuffer()).removeAlpha();
  const { data, info } = await rawPixels(reduced, 3);
  return encodeSixel({ ...info, data });
}

const MAX_COLORS = 256;
/** Rows of pixels in a character. */
const BAND = 6;

/** Encodes an image of at most 256 colors for DEC terminals and their successors. */
export function encodeSixel(image: Raster) {
  const { width, height } = image;
  const { palette, indices } = indexColors(image);
  const registers = palette.map(
    (color, index) => `#${index};2;${color.map((level) => Math.round((level * 100) / 255)).join(';')}`,
  );
  const bands = Array.from({ length: Math.ceil(height / BAND) }, (_, band) =>
    encodeBand(indices.subarray(band * BAND * width, (band + 1) * BAND * width), width),
  );
  return `\x1bPq"1;1;${width};${height}${registers.join('')}${bands.join('-')}\x1b\\`;
}

function indexColors({ width, height, channels, data }: Raster) {
  const found = new Map<number, number>();
  const palette: number[][] = [];
  const indices = new Uint8Array(width * height);
  for (let pixel = 0; pixel < indices.length; pixel++) {
    const color = [0, 1, 2].map((channel) => data[pixel * channels + (channels === 1 ? 0 : channel)]!);
    const key = (color[0]! << 16) | (color[1]! << 8) | color[2]!;
    let index = found.get(key);
    if (index === undefined) {
      index = palette.push(color) - 1;
      if (index >= MAX_COLORS) throw new Error(`sixel: more than ${MAX_COLORS} colors`);
      found.set(key, index);
    }
    indices[pixel] = index;
  }
  return { palette, indices };
}

function encodeBand(indices: Uint8Array, width: number) {
  const masks = new Map<number, Uint8Array>();
  for (const [pixel, color] of indices.entries()) {
    const mask = masks.get(color) ?? new Uint8Array(width);
    masks.set(color, mask);
    mask[pixel % width]! |= 1 << Math.floor(pixel / width);
  }
  return Array.from(masks, ([color, mask]) => `#${color}${runLengths(mask)}`).join('$');
}

function runLengths(mask: Uint8Array) {
  let text = '';
  for (let start = 0, end = 0; start < mask.length; start = end) {
    while (end < mask.length && mask[end] === mask[start]) end++;
    const character = String.fromCharCode(63 + mask[start]!);
    text += end - start > 3 ? `!${end - start}${character}` : character.repeat(end - start);
  }
  return text;
}
