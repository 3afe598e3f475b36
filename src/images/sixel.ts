import type { Raster } from './raster.js';

/** Registers of a terminal. */
const MAX_COLORS = 256;
/** Rows of a character. */
const BAND = 6;

/** Encodes an image of at most 256 colors for DEC terminals and their successors. */
export function encodeSixel(image: Raster): string {
  const { width, height } = image;
  const { palette, indices } = indexColors(image);
  const registers = palette.map(
    (color, index) => `#${index};2;${color.map((level) => Math.round((level * 100) / 255)).join(';')}`,
  );
  const bands = Array.from({ length: Math.ceil(height / BAND) }, (_, band) =>
    encodeBand(indices, width, band * BAND, Math.min(height, (band + 1) * BAND)),
  );
  return `\x1bPq"1;1;${width};${height}${registers.join('')}${bands.join('-')}\x1b\\`;
}

/** Returns the colors, and the index of each pixel. */
function indexColors({ width, height, channels, data }: Raster): {
  readonly palette: number[][];
  readonly indices: Uint8Array;
} {
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

/** Encodes rows `top` to `bottom` (exclusive) with a pass over the columns for each color. */
function encodeBand(indices: Uint8Array, width: number, top: number, bottom: number): string {
  const masks = new Map<number, Uint8Array>();
  for (let row = top; row < bottom; row++) {
    for (let column = 0; column < width; column++) {
      const color = indices[row * width + column]!;
      let mask = masks.get(color);
      if (!mask) masks.set(color, (mask = new Uint8Array(width)));
      mask[column]! |= 1 << (row - top);
    }
  }
  return Array.from(masks, ([color, mask]) => `#${color}${runLengths(mask)}`).join('$');
}

/** Encodes runs of more than three equal columns by their length. */
function runLengths(mask: Uint8Array): string {
  let text = '';
  for (let start = 0, end = 0; start < mask.length; start = end) {
    while (end < mask.length && mask[end] === mask[start]) end++;
    const character = String.fromCharCode(63 + mask[start]!);
    text += end - start > 3 ? `!${end - start}${character}` : character.repeat(end - start);
  }
  return text;
}
