import { InputError } from '../errors.js';
import { describeSystemError } from '../files/atomic.node.js';
import { readRegularFile } from '../files/regularFile.node.js';
import { loadSharp } from './decode.node.js';
import { sharpOf } from './images.node.js';
import type { Raster } from './raster.js';

/** Encodes an image as a PNG file. */
export const encodePng = (image: Raster): Promise<Buffer> => sharpOf(image).png().toBuffer();

/**
 * Encodes images of one size as an animated WebP or GIF that loops forever.
 * @param frameMilliseconds how long each frame is shown, one value for all or one per frame; GIF rounds to hundredths of a second
 */
export async function encodeAnimation(frames: readonly Raster[], format: 'webp' | 'gif', frameMilliseconds: number | readonly number[]): Promise<Buffer> {
  const [first] = frames;
  if (first === undefined) throw new Error('animation: no frames');
  const pixels = Buffer.concat(frames.map(({ data }) => data));
  const raw = { ...rawOf(first), height: first.height * frames.length, pageHeight: first.height };
  const delay = typeof frameMilliseconds === 'number' ? frames.map(() => frameMilliseconds) : [...frameMilliseconds];
  const options = { delay, loop: 0 };
  const strip = loadSharp()(pixels, { raw });
  return (format === 'gif' ? strip.gif(options) : strip.webp({ ...options, lossless: true })).toBuffer();
}

const rawOf = ({ width, height, channels }: Raster) => ({ width, height, channels: channels as 1 | 3 });

/**
 * Reads an image file in its own size, as grayscale if it is stored so, else as RGB.
 * @throws {InputError} if it cannot read the image
 */
export async function readPicture(path: string): Promise<Raster> {
  try {
    const image = loadSharp()(await readRegularFile(path), { failOn: 'error' }).flatten({ background: 'white' });
    const isGrayscale = (await image.metadata()).channels <= 2;
    const { data, info } = await image
      .toColourspace(isGrayscale ? 'b-w' : 'srgb')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    return { width: info.width, height: info.height, channels: info.channels, data };
  } catch (error) {
    const [reason] = describeSystemError(error).trim().split('\n');
    throw new InputError(`${path}: cannot read the image (${reason})`);
  }
}
