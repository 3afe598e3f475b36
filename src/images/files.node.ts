import sharp from 'sharp';
import { InputError } from '../errors.js';
import { decodeImage } from './decode.node.js';
import type { ImageBatch, Raster } from './raster.js';

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

/** Reads an image file as bytes [C, H, W], decoded as `decodeImage` does. Throws InputError if the file cannot be read as an image. */
export async function readImage(path: string, size: number, channels: number): Promise<ImageBatch> {
  const decoded = await decodeImage(path, { size, channels });
  if ('failure' in decoded) throw new InputError(`${path}: cannot be read as an image (${decoded.failure})`);
  return { shape: [channels, size, size], count: 1, data: decoded.pixels };
}
