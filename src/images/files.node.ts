import { InputError } from '../errors.js';
import { describeSystemError } from '../files/atomic.node.js';
import { readRegularFile } from '../files/regularFile.node.js';
import { decodeImage, loadSharp } from './decode.node.js';
import type { DecodeOptions } from './preprocessing.js';
import type { ImageBatch, Raster } from './raster.js';

/** Encodes an image as a PNG file. */
export const encodePng = (image: Raster): Promise<Buffer> =>
  loadSharp()(image.data, { raw: rawOf(image) })
    .toColourspace(image.channels === 1 ? 'b-w' : 'srgb')
    .png()
    .toBuffer();

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

/**
 * Reads image files with the preprocessing of a run: its size, channels, crop and padding. A digit of MNIST in a file gets the same bytes,
 * and so the same latent code, as in the data set.
 * @param preprocessing the run's configuration, or any object with these settings
 * @returns bytes [N, C, H, W] for `TrainedModel.encode`
 * @throws {InputError} if an image cannot be read
 */
export async function readImages(paths: readonly string[], preprocessing: DecodeOptions): Promise<ImageBatch> {
  const { size, channels } = preprocessing;
  const data = new Uint8Array(paths.length * channels * size * size);
  for (const [index, path] of paths.entries()) {
    const decoded = await decodeImage(path, preprocessing);
    if ('failure' in decoded) throw new InputError(`${path}: cannot read the image (${decoded.failure})`);
    data.set(decoded.pixels, index * decoded.pixels.length);
  }
  return { shape: [channels, size, size], count: paths.length, data };
}
