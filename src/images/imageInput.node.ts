import { fileURLToPath } from 'node:url';
import type { Sharp } from 'sharp';
import { InputError } from '../errors.js';
import { describeSystemError } from '../files/atomic.node.js';
import { decodeImage, decodePhoto, type Photo, resizePixels, sharpOf, undecodable } from './decode.node.js';
import { Images } from './images.node.js';
import { type Decoded, type DecodeOptions, requireDecodeOptions } from './preprocessing.js';
import { shown } from '../validation.js';
import { channelsFirst, type ImageBatch, imageOf, type Raster } from './raster.js';

/**
 * One or more images of any size:
 *
 * - the path or file URL of an image file
 * - the bytes of an image file, e.g. a `Buffer` with a PNG or JPEG
 * - an instance of sharp
 * - pixels [H, W, C] with their width, height and channels, or pixels [N, C, H, W] with their count and shape
 */
export type ImageInput = string | URL | Uint8Array | Sharp | Raster | ImageBatch;

/**
 * Reads images with the preprocessing of a run. A digit of MNIST in a file gets the same latent code as in the data
 * set.
 * @param preprocessing the run's configuration, or any object with these settings
 * @throws {InputError} that names the path or the index of an image that cannot be read
 * @example
 * const images = await readImages(['seven.png', await sharp('photo.jpg').rotate(90)], model.configuration);
 */
export async function readImages(
  images: ImageInput | readonly ImageInput[],
  preprocessing: DecodeOptions,
): Promise<Images> {
  requireDecodeOptions(preprocessing);
  const { size, channels } = preprocessing;
  const pixels: Uint8Array[] = [];
  const list = Array.isArray(images) ? (images as readonly ImageInput[]) : [images as ImageInput];
  for (const [index, image] of list.entries()) {
    const name = nameOf(image, `image ${index}`);
    for await (const decoded of decodeInput(image, name, preprocessing)) {
      if ('failure' in decoded) throw new InputError(name, `cannot read the image (${decoded.failure})`);
      pixels.push(decoded.pixels);
    }
  }
  const data = new Uint8Array(Buffer.concat(pixels));
  return new Images({ shape: [channels, size, size], count: pixels.length, data });
}

/**
 * Reads one image of any size, which keeps its size.
 * @throws {InputError} if it cannot be read
 */
export async function readPhoto(image: ImageInput, channels: number): Promise<Photo> {
  const name = nameOf(image, 'image');
  const photo = await decodePhoto(await fileOf(image, name), channels);
  if ('failure' in photo) throw new InputError(name, `cannot read the image (${photo.failure})`);
  return photo;
}

/** Returns the path or the bytes of an image file. */
async function fileOf(image: ImageInput, name: string): Promise<string | Uint8Array> {
  if (typeof image === 'string' || image instanceof Uint8Array) return image;
  if (image instanceof URL) return pathOf(image);
  if (isObjectWith(image, 'clone')) return image.clone().keepExif().png({ compressionLevel: 1 }).toBuffer();
  if (isObjectWith(image, 'count')) {
    const { shape, count, data } = image;
    if (count !== 1) throw new InputError(name, `expected one image but got ${count}`);
    requirePixels(data, [count, ...shape], shape[0], name);
    return sharpOf(imageOf(image, 0)).png().toBuffer();
  }
  if (!isObjectWith(image, 'width')) throw new InputError(name, EXPECTED);
  requirePixels(image.data, [image.height, image.width, image.channels], image.channels, name);
  return sharpOf(image).png().toBuffer();
}

const nameOf = (image: ImageInput, other: string) =>
  typeof image === 'string' ? image : image instanceof URL ? image.href : other;

const EXPECTED = 'expected a path, the bytes of an image file, pixels with their shape, or an instance of sharp';

async function* decodeInput(image: ImageInput, name: string, options: DecodeOptions): AsyncGenerator<Decoded> {
  if (typeof image === 'string' || image instanceof Uint8Array) yield decodeImage(image, options);
  else if (image instanceof URL) yield decodeImage(pathOf(image), options);
  else if (isObjectWith(image, 'clone')) yield decodeSharp(image, options);
  else if (isObjectWith(image, 'count')) {
    const { shape, count, data } = image;
    requirePixels(data, [count, ...shape], shape[0], name);
    const bytes = data.length / count;
    for (let index = 0; index < count; index++)
      yield resizePixels(data.subarray(index * bytes, (index + 1) * bytes), shape, options);
  } else if (isObjectWith(image, 'width')) {
    const { width, height, channels, data } = image;
    requirePixels(data, [height, width, channels], channels, name);
    yield resizePixels(channelsFirst(image), [channels, height, width], options);
  } else throw new InputError(name, EXPECTED);
}

const isObjectWith = <K extends string>(image: unknown, key: K): image is Extract<ImageInput, Record<K, unknown>> =>
  typeof image === 'object' && image !== null && key in image;

function pathOf(url: URL) {
  if (url.protocol !== 'file:')
    throw new InputError(url.href, 'expected a file URL', 'fetch the image and pass its bytes');
  return fileURLToPath(url);
}

async function decodeSharp(image: Sharp, options: DecodeOptions) {
  try {
    return await decodeImage(await image.clone().keepExif().png({ compressionLevel: 1 }).toBuffer(), options);
  } catch (error) {
    return undecodable(describeSystemError(error).trim().split('\n')[0]!);
  }
}

function requirePixels(data: unknown, sizes: readonly unknown[], channels: number, name: string) {
  if (channels !== 1 && channels !== 3)
    throw new InputError(name, `expected 1 or 3 channels but got ${shown(channels)}`, 'convert it to grayscale or RGB');
  const wrong = sizes.find((size) => !Number.isInteger(size) || Number(size) < 0);
  if (wrong !== undefined) throw new InputError(name, `expected whole numbers as its size but got ${shown(wrong)}`);
  const area = sizes.reduce<number>((product, size) => product * Number(size), 1);
  const found = data instanceof Uint8Array ? data.length : `a ${data?.constructor?.name ?? typeof data}`;
  if (found !== area)
    throw new InputError(name, `expected ${area} bytes of pixels [${sizes.join(', ')}] but got ${found}`);
}
