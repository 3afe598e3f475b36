import sharp from 'sharp';
import { InputError } from '../errors.js';
import type { ImageBatch, Raster } from './raster.js';

/** Images above this many pixels are refused: a small file can unpack to more memory than there is. */
const LARGEST_IMAGE = 100_000_000;

/** The bytes of a PNG file. */
export const encodePng = (picture: Raster): Promise<Buffer> =>
  sharp(picture.data, { raw: rawOf(picture) })
    .toColourspace(picture.channels === 1 ? 'b-w' : 'srgb')
    .png()
    .toBuffer();

/** The bytes of an animated WebP or GIF of pictures of one size, `frameMilliseconds` each, repeated for ever. */
export async function encodeAnimation(frames: readonly Raster[], format: 'webp' | 'gif', frameMilliseconds: number): Promise<Buffer> {
  const [first] = frames;
  if (first === undefined) throw new Error('animation: there are no frames');
  const pixels = Buffer.concat(frames.map(({ data }) => data));
  const raw = { ...rawOf(first), height: first.height * frames.length, pageHeight: first.height };
  const options = { delay: frames.map(() => frameMilliseconds), loop: 0 };
  const strip = sharp(pixels, { raw });
  return (format === 'gif' ? strip.gif(options) : strip.webp({ ...options, lossless: true })).toBuffer();
}

const rawOf = ({ width, height, channels }: Raster) => ({ width, height, channels: channels as 1 | 3 });

/**
 * Reads an image file as bytes [C, H, W]: turned upright, transparent parts over white, resized so that it covers the square and cropped
 * to its middle. Throws InputError if the file cannot be read as an image.
 */
export async function readImage(path: string, size: number, channels: number): Promise<ImageBatch> {
  try {
    const image = sharp(path, { failOn: 'error', limitInputPixels: LARGEST_IMAGE })
      .rotate()
      .flatten({ background: 'white' })
      .resize(size, size, { fit: 'cover' });
    const pixels = await image
      .toColourspace(channels === 1 ? 'b-w' : 'srgb')
      .raw()
      .toBuffer({ resolveWithObject: true });
    return { shape: [channels, size, size], count: 1, data: channelsFirst(pixels.data, pixels.info.channels, channels, size) };
  } catch (error) {
    throw new InputError(`${path}: cannot be read as an image (${String(error instanceof Error ? error.message : error).split('\n')[0]})`);
  }
}

/** Pixels [H, W, found] to [wanted, H, W]; grey is repeated where RGB is wanted. */
function channelsFirst(pixels: Uint8Array, found: number, wanted: number, size: number): Uint8Array {
  const area = size * size;
  return Uint8Array.from({ length: wanted * area }, (_, index) => pixels[(index % area) * found + Math.min(Math.floor(index / area), found - 1)]!);
}
