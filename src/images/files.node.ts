import { InputError } from '../errors.js';
import { describeSystemError } from '../files/atomic.node.js';
import { readRegularFile } from '../files/regularFile.node.js';
import { loadSharp } from './decode.node.js';
import { sharpOf } from './images.node.js';
import type { Raster } from './raster.js';

/** Encodes an image as a PNG file. */
export const encodePng = (image: Raster): Promise<Buffer> => sharpOf(image).png().toBuffer();

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
