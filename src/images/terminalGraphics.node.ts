import { loadSharp } from './decode.node.js';
import { encodeSixel } from './sixel.js';

export type GraphicsProtocol = 'kitty' | 'iterm2' | 'sixel';

/** Assumed width of a cell: terminals do not report it without being asked. */
const CELL_PIXELS = 8;
const KITTY_CHUNK = 4096;

/**
 * Displays a PNG image at the cursor.
 * @param columns width of the terminal, to which a wider image shrinks
 */
export function graphicsSequence(png: Buffer, protocol: GraphicsProtocol, columns: number): string | Promise<string> {
  // Behind the signature, the length and the type of the first chunk.
  const cells = Math.min(columns, Math.ceil(png.readUInt32BE(16) / CELL_PIXELS));
  if (protocol === 'kitty') return kittySequence(png, cells);
  if (protocol === 'iterm2')
    return `\x1b]1337;File=inline=1;size=${png.length};width=${cells};preserveAspectRatio=1:${png.toString('base64')}\x07`;
  return sixelSequence(png, cells * CELL_PIXELS);
}

/** `a=T` transmits and displays, `f=100` is PNG, `q=2` suppresses answers, `m=1` announces a further chunk. */
function kittySequence(png: Buffer, cells: number): string {
  const data = png.toString('base64');
  const chunks = Array.from({ length: Math.ceil(data.length / KITTY_CHUNK) }, (_, index) =>
    data.slice(index * KITTY_CHUNK, (index + 1) * KITTY_CHUNK),
  );
  return chunks
    .map(
      (chunk, index) =>
        `\x1b_G${index === 0 ? `a=T,f=100,q=2,c=${cells},` : ''}m=${index === chunks.length - 1 ? 0 : 1};${chunk}\x1b\\`,
    )
    .join('');
}

/** Sixel has 256 colors, and pixels instead of cells. */
async function sixelSequence(png: Buffer, width: number): Promise<string> {
  const sharp = loadSharp();
  const reduced = await sharp(png)
    .resize({ width, withoutEnlargement: true })
    .png({ palette: true, colours: 256 })
    .toBuffer();
  const { data, info } = await sharp(reduced)
    .removeAlpha()
    .toColourspace('srgb')
    .raw()
    .toBuffer({ resolveWithObject: true });
  return encodeSixel({ width: info.width, height: info.height, channels: info.channels, data });
}
