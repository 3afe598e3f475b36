import sharp from 'sharp';
import { InputError } from '../errors.js';
import { describeSystemError } from '../files/atomic.node.js';
import { readRegularFile } from '../files/regularFile.node.js';
import { decodeImage } from './decode.node.js';
import type { DecodeOptions } from './decoding.js';
import type { ImageBatch, Raster } from './raster.js';

/** The bytes of a PNG file. */
export const encodePng = (picture: Raster): Promise<Buffer> =>
  sharp(picture.data, { raw: rawOf(picture) })
    .toColourspace(picture.channels === 1 ? 'b-w' : 'srgb')
    .png()
    .toBuffer();

/**
 * The bytes of an animated WebP or GIF of pictures of one size, repeated for ever. Each is shown for `frameMilliseconds`, one number for
 * all or one for each; GIF rounds them to hundredths of a second.
 */
export async function encodeAnimation(frames: readonly Raster[], format: 'webp' | 'gif', frameMilliseconds: number | readonly number[]): Promise<Buffer> {
  const [first] = frames;
  if (first === undefined) throw new Error('animation: there are no frames');
  const pixels = Buffer.concat(frames.map(({ data }) => data));
  const raw = { ...rawOf(first), height: first.height * frames.length, pageHeight: first.height };
  const delay = typeof frameMilliseconds === 'number' ? frames.map(() => frameMilliseconds) : [...frameMilliseconds];
  const options = { delay, loop: 0 };
  const strip = sharp(pixels, { raw });
  return (format === 'gif' ? strip.gif(options) : strip.webp({ ...options, lossless: true })).toBuffer();
}

const rawOf = ({ width, height, channels }: Raster) => ({ width, height, channels: channels as 1 | 3 });

/** Reads a picture file in its own size: grey if it is stored so, else RGB. Throws InputError if it cannot be read as a picture. */
export async function readPicture(path: string): Promise<Raster> {
  try {
    const picture = sharp(await readRegularFile(path), { failOn: 'error' }).flatten({ background: 'white' });
    const grey = (await picture.metadata()).channels <= 2;
    const { data, info } = await picture
      .toColourspace(grey ? 'b-w' : 'srgb')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    return { width: info.width, height: info.height, channels: info.channels, data };
  } catch (error) {
    const [reason] = describeSystemError(error).trim().split('\n');
    throw new InputError(`${path}: cannot be read as a picture (${reason})`);
  }
}

/**
 * Reads image files the way a run's training images were read: with the same size, channels, crop and padding. A digit of MNIST in a file
 * gets the same bytes, and so the same code, as in the data set.
 * @param preprocessing the run's configuration, or any other object with these settings
 * @returns bytes [N, C, H, W], for `TrainedModel.encode`
 * @throws {InputError} if a file cannot be read as an image
 */
export async function readImages(paths: readonly string[], preprocessing: DecodeOptions): Promise<ImageBatch> {
  const { size, channels } = preprocessing;
  const data = new Uint8Array(paths.length * channels * size * size);
  for (const [index, path] of paths.entries()) {
    const decoded = await decodeImage(path, preprocessing);
    if ('failure' in decoded) throw new InputError(`${path}: cannot be read as an image (${decoded.failure})`);
    data.set(decoded.pixels, index * decoded.pixels.length);
  }
  return { shape: [channels, size, size], count: paths.length, data };
}
