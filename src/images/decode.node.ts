import { messageOf } from '../errors.js';
import { createRequire } from 'node:module';
import type { Sharp } from 'sharp';
import { describeSystemError } from '../files/atomic.node.js';
import { FileTooLargeError, readRegularFile } from '../files/regularFile.node.js';
import { decodePlainPng } from './plainPng.js';
import {
  type Crop,
  type Decoded,
  type DecodeOptions,
  type DecodingFailure,
  padImage,
  preprocessingSteps,
} from './preprocessing.js';
import { channelsFirst, imageOf, type Raster } from './raster.js';

/** A small file can unpack to more memory than there is. */
const MAX_PIXELS = 100_000_000;
/** Several files are in memory at a time. */
export const MAX_FILE_BYTES = 128 * 2 ** 20;
/** sharp takes as long to load as everything else, and few commands need it. */
export const loadSharp = () => createRequire(import.meta.url)('sharp') as typeof import('sharp').default;

/** A different version may produce different pixels. */
export const decoderVersion = () => `libvips ${loadSharp().versions.vips}`;

/** sharp would parse a name for every image. */
const WHITE = { r: 255, g: 255, b: 255 };

export const IMAGE_KINDS = 'PNG, JPEG, WebP, GIF, TIFF or AVIF';

export const hasImageExtension = (name: string) => /[^/]\.(png|jpg|jpeg|jpe|jfif|webp|gif|tif|tiff|avif)$/i.test(name);

/** In hexadecimal, with a dot for any digit. */
const SIGNATURES = [
  /^89504e470d0a1a0a/, // PNG
  /^ffd8ff/, // JPEG
  /^52494646.{8}57454250/, // WebP: RIFF, a length, WEBP
  /^474946383[79]61/, // GIF87a, GIF89a
  /^(49492a00|4d4d002a|49492b00|4d4d002b)/, // TIFF and BigTIFF, in either byte order
  /^.{8}66747970(61766966|61766973|6d696631|6d736631)/, // AVIF: a length, ftyp, then avif, avis, mif1 or msf1
];

function hasImageSignature(bytes: Uint8Array) {
  const start = Buffer.from(bytes.subarray(0, 12)).toString('hex');
  return SIGNATURES.some((pattern) => pattern.test(start));
}

export const undecodable = (failure: string) => ({ failure, unreadable: false });

/**
 * Decodes the first frame, rotated by its EXIF orientation, on white. The content decides on the format. Never throws.
 */
export async function decodeImage(image: string | Uint8Array, options: DecodeOptions): Promise<Decoded> {
  const bytes = typeof image === 'string' ? await readBytes(image) : image;
  if ('failure' in bytes) return bytes;
  if (bytes.length === 0) return undecodable('the file is empty');
  if (!hasImageSignature(bytes)) return undecodable(`its content is not that of a ${IMAGE_KINDS} file`);
  const { size, channels, crop, padding } = options;
  // Images of these sizes are not resized.
  for (const side of padding ? [padding.inner, size] : [size]) {
    const plain = decodePlainPng(bytes, { size: side, channels });
    if (!plain) continue;
    const raster = { width: side, height: side, channels: plain.channels, data: plain.pixels };
    return preprocess(raster, options, () => channelsFirst(raster, channels));
  }
  const opened = () => loadSharp()(bytes, { failOn: 'error', limitInputPixels: MAX_PIXELS });
  // Dimensions take time to read.
  const readDimensions = async () => (await opened().metadata()).autoOrient;
  const dimensions = crop === 'celeba' || padding ? readDimensions() : { width: 0, height: 0 };
  const decoded = await preprocess(dimensions, options, (square, crop) =>
    squared(opened().autoOrient().flatten({ background: WHITE }), square, channels, crop),
  );
  return 'failure' in decoded ? ((await tooManyPixels(bytes)) ?? decoded) : decoded;
}

/** An image of its own size. */
export interface Photo extends Raster {
  /** Opacity [H, W], 0 to 255. */
  alpha: Uint8Array;
}

/** Decodes the first frame, rotated by its EXIF orientation, on white, without resizing it. Never throws. */
export async function decodePhoto(image: string | Uint8Array, channels: number): Promise<Photo | DecodingFailure> {
  const bytes = typeof image === 'string' ? await readBytes(image) : image;
  if ('failure' in bytes) return bytes;
  if (!hasImageSignature(bytes)) return undecodable(`its content is not that of a ${IMAGE_KINDS} file`);
  try {
    const opened = () => loadSharp()(bytes, { failOn: 'error', limitInputPixels: MAX_PIXELS }).autoOrient();
    const { data, info } = await rawPixels(opened().flatten({ background: WHITE }), channels);
    const alpha = await opened().ensureAlpha().extractChannel('alpha').raw({ depth: 'uchar' }).toBuffer();
    return { width: info.width, height: info.height, channels, data, alpha };
  } catch (error) {
    return (await tooManyPixels(bytes).catch(() => undefined)) ?? undecodable(firstLine(error));
  }
}

async function tooManyPixels(bytes: Uint8Array) {
  const { width, height } = await loadSharp()(bytes, { limitInputPixels: false })
    .metadata()
    .catch(() => ({ width: 0, height: 0 }));
  if (width * height <= MAX_PIXELS) return undefined;
  return undecodable(`it has ${width}x${height} pixels, more than the limit of ${MAX_PIXELS / 1e6} million`);
}

/** Preprocesses pixels [C, H, W] as `decodeImage` does. */
export function resizePixels(
  pixels: Uint8Array,
  [channels, height, width]: readonly [number, number, number],
  options: DecodeOptions,
): Promise<Decoded> {
  return preprocess({ width, height }, options, (square, crop) => {
    if (height === square && width === square && channels <= options.channels)
      return repeated(pixels, options.channels * height * width);
    const image = sharpOf(imageOf({ shape: [channels, height, width], count: 1, data: pixels }, 0));
    return squared(image, square, options.channels, crop);
  });
}

const toChannels = (image: Sharp, channels: number) => image.toColourspace(channels === 1 ? 'b-w' : 'srgb');

export const sharpOf = ({ width, height, channels, data }: Raster): Sharp =>
  toChannels(loadSharp()(data, { raw: { width, height, channels: channels as 1 | 3 } }), channels);

type Dimensions = Pick<Raster, 'width' | 'height'>;

/** @param makeSquare returns the image as bytes [C, square, square] */
async function preprocess(
  dimensions: Dimensions | Promise<Dimensions>,
  options: DecodeOptions,
  makeSquare: (square: number, crop: Crop) => Uint8Array | Promise<Uint8Array>,
): Promise<Decoded> {
  try {
    const { width, height } = await dimensions;
    const { square, crop, padding } = preprocessingSteps(width, height, options);
    const image = await makeSquare(square, crop);
    if (padding === undefined) return { pixels: image };
    const pixels = new Uint8Array(options.channels * options.size ** 2);
    padImage(image, padding, options, pixels);
    return { pixels };
  } catch (error) {
    return undecodable(firstLine(error));
  }
}

/** Returns bytes [H, W, C] and their sizes. */
export const rawPixels = (image: Sharp, channels: number) =>
  toChannels(image, channels).raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true });

async function squared(image: Sharp, size: number, channels: number, crop: Crop) {
  const { data, info } = await rawPixels(resized(image, size, crop), channels);
  return channelsFirst({ ...info, data }, channels);
}

function repeated(pixels: Uint8Array, length: number) {
  const result = new Uint8Array(length);
  for (let start = 0; start < length; start += pixels.length) result.set(pixels, start);
  return result;
}

function resized(image: Sharp, size: number, crop: Crop) {
  if (crop === 'center') return image.resize(size, size, { fit: 'cover' });
  if (crop === 'stretch') return image.resize(size, size, { fit: 'fill' });
  const height = Math.round((size * 78) / 64);
  const top = Math.floor((height - size) / 2);
  return image.resize(size, height, { fit: 'fill' }).extract({ left: 0, top, width: size, height: size });
}

/** Every error may pass, except a file that is too large. */
async function readBytes(path: string): Promise<Uint8Array | DecodingFailure> {
  try {
    return await readRegularFile(path, MAX_FILE_BYTES);
  } catch (error) {
    return { failure: describeSystemError(error), unreadable: !(error instanceof FileTooLargeError) };
  }
}

function firstLine(error: unknown) {
  const message = messageOf(error);
  const line = message.replace('Input buffer has corrupt header:', '').trim().split('\n')[0]!.replace(/:$/, '');
  return line === '' || line === 'Unknown error' ? 'its content is damaged' : line;
}
