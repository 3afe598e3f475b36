import { fileURLToPath } from 'node:url';
import type { Sharp } from 'sharp';
import { InputError } from '../errors.js';
import { describeSystemError } from '../files/atomic.node.js';
import { decodeImage, resizePixels } from './decode.node.js';
import { Images } from './images.node.js';
import type { Decoded, DecodeOptions } from './preprocessing.js';
import { channelsFirst, type ImageBatch, type Raster } from './raster.js';

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
 * Reads images with the preprocessing of a run: its size, channels, crop and padding. A digit of MNIST in a file gets the same bytes, and so
 * the same latent code, as in the data set.
 * @param preprocessing the run's configuration, or any object with these settings
 * @throws {InputError} if an image cannot be read; the message names its path or its index
 * @example
 * const images = await readImages(['seven.png', await sharp('photo.jpg').rotate(90)], model.configuration);
 */
export async function readImages(
  images: ImageInput | readonly ImageInput[],
  preprocessing: DecodeOptions,
): Promise<Images> {
  const { size, channels } = preprocessing;
  const pixels: Uint8Array[] = [];
  for (const [index, image] of (Array.isArray(images)
    ? (images as readonly ImageInput[])
    : [images as ImageInput]
  ).entries()) {
    const name = typeof image === 'string' ? image : image instanceof URL ? image.href : `image ${index}`;
    for await (const decoded of decodeInput(image, name, preprocessing)) {
      if ('failure' in decoded) throw new InputError(name, `cannot read the image (${decoded.failure})`);
      pixels.push(decoded.pixels);
    }
  }
  const data = new Uint8Array(pixels.length * channels * size * size);
  pixels.forEach((image, index) => data.set(image, index * image.length));
  return new Images({ shape: [channels, size, size], count: pixels.length, data });
}

async function* decodeInput(image: ImageInput, name: string, options: DecodeOptions): AsyncGenerator<Decoded> {
  if (typeof image === 'string' || image instanceof Uint8Array) yield decodeImage(image, options);
  else if (image instanceof URL) yield decodeImage(pathOf(image), options);
  else if (isObjectWith(image, 'clone')) yield decodeSharp(image, options);
  else if (isObjectWith(image, 'count')) yield* decodePixels(image, name, options);
  else if (isObjectWith(image, 'width')) yield* decodePixels(batchOf(image, name), name, options);
  else
    throw new InputError(
      name,
      'expected a path, the bytes of an image file, pixels with their shape, or an instance of sharp',
    );
}

const isObjectWith = <K extends string>(image: unknown, key: K): image is Extract<ImageInput, Record<K, unknown>> =>
  typeof image === 'object' && image !== null && key in image;

function pathOf(url: URL): string {
  if (url.protocol !== 'file:')
    throw new InputError(url.href, 'expected a file URL', 'fetch the image and pass its bytes');
  return fileURLToPath(url);
}

/** Decodes the result of a pipeline. Its EXIF orientation is kept, so that it is applied as for a file. */
async function decodeSharp(image: Sharp, options: DecodeOptions): Promise<Decoded> {
  try {
    return await decodeImage(await image.clone().keepExif().png({ compressionLevel: 1 }).toBuffer(), options);
  } catch (error) {
    return { failure: describeSystemError(error).trim().split('\n')[0]!, unreadable: false };
  }
}

async function* decodePixels(
  { shape, count, data }: ImageBatch,
  name: string,
  options: DecodeOptions,
): AsyncGenerator<Decoded> {
  const [channels, height, width] = shape;
  if (channels !== 1 && channels !== 3)
    throw new InputError(name, `expected 1 or 3 channels but got ${channels}`, 'convert it to grayscale or RGB');
  const bytes = channels * height * width;
  if (!(data instanceof Uint8Array) || data.length !== count * bytes) {
    throw new InputError(
      name,
      `expected ${count * bytes} bytes of pixels [${[count, ...shape].join(', ')}] but got ${describeData(data)}`,
    );
  }
  for (let index = 0; index < count; index++)
    yield resizePixels(data.subarray(index * bytes, (index + 1) * bytes), [channels, height, width], options);
}

const describeData = (data: unknown): string =>
  data instanceof Uint8Array ? String(data.length) : `a ${data?.constructor.name ?? typeof data}`;

function batchOf(image: Raster, name: string): ImageBatch {
  const { width, height, channels, data } = image;
  if (!(data instanceof Uint8Array))
    throw new InputError(name, `expected bytes of pixels [H, W, C] but got ${describeData(data)}`);
  return { shape: [channels, height, width], count: 1, data: channelsFirst(image) };
}
