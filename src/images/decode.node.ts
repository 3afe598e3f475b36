import sharp, { type Sharp } from 'sharp';
import { describeSystemError } from '../files/atomic.node.js';
import { FileTooLargeError } from '../files/regularFile.node.js';
import { hasImageSignature, type Crop, type Decoded, type DecodeOptions, type DecodingFailure, IMAGE_KINDS } from './decoding.js';
import { mayNeedRotation } from './orientation.js';
import { padImage } from './padding.js';
import { decodePlainPng } from './plainPng.js';
import { needsDimensions, preprocessingSteps } from './preprocessing.js';
import { FileReader } from './readFile.node.js';

/** Images above this many pixels are refused: a small file can unpack to more memory than there is. */
const LARGEST_IMAGE = 100_000_000;
/** Files above this many bytes are refused: several are in memory at a time. */
const LARGEST_FILE = 128 * 2 ** 20;
/** The library that decodes, which may give other pixels in another version. */
export const DECODER = `libvips ${sharp.versions.vips}`;

/** As numbers: a name would be looked up for each image. */
const WHITE = { r: 255, g: 255, b: 255 };

const files = new FileReader();

const undecodable = (failure: string): DecodingFailure => ({ failure, unreadable: false });

/**
 * Decodes an image file, or the bytes of one, to bytes [C, size, size]: the first frame of an animation, turned upright as its camera
 * says, transparent parts over white, then preprocessed as the options say. The content decides on the format, not the name. Never throws:
 * what is damaged, cut short, too large, unreadable or no image gives a failure.
 */
export async function decodeImage(image: string | Uint8Array, options: DecodeOptions): Promise<Decoded> {
  const bytes = typeof image === 'string' ? await readBytes(image) : image;
  if ('failure' in bytes) return bytes;
  if (bytes.length === 0) return undecodable('the file is empty');
  if (!hasImageSignature(bytes)) return undecodable(`its content is not that of a ${IMAGE_KINDS} file`);
  const { size, channels, padding } = options;
  // An image of either size is not resized.
  for (const square of padding ? [padding.inner, size] : [size]) {
    const plain = decodePlainPng(bytes, { size: square, channels });
    if (plain) return preprocess(() => channelsFirst(plain.pixels, plain.channels, channels, square ** 2), square, square, options);
  }
  const opened = () => sharp(bytes, { failOn: 'error', limitInputPixels: LARGEST_IMAGE });
  const upright = () => (mayNeedRotation(bytes) ? opened().autoOrient() : opened());
  return failing(async () => {
    const { width, height } = needsDimensions(options) ? (await opened().metadata()).autoOrient : UNKNOWN;
    return preprocess((square, crop) => squared(upright().flatten({ background: WHITE }), square, channels, crop), width, height, options);
  });
}

/** Pixels [C, H, W] of 1 or 3 channels as bytes [C, size, size], preprocessed like the images of files. */
export function resizePixels(pixels: Uint8Array, [channels, height, width]: readonly [number, number, number], options: DecodeOptions): Promise<Decoded> {
  return failing(() =>
    preprocess(
      (square, crop) => {
        if (height === square && width === square && channels <= options.channels) return repeated(pixels, options.channels * height * width);
        return squared(sharp(interleaved(pixels, channels), { raw: { width, height, channels: channels as 1 | 3 } }), square, options.channels, crop);
      },
      width,
      height,
      options,
    ),
  );
}

/** An image whose steps do not depend on its size. */
const UNKNOWN = { width: 0, height: 0 };

/**
 * The one way from an image of any size to what networks take.
 * @param makeSquare gives the image as bytes [C, square, square]
 */
async function preprocess(
  makeSquare: (square: number, crop: Crop) => Uint8Array | Promise<Uint8Array>,
  width: number,
  height: number,
  options: DecodeOptions,
): Promise<Decoded> {
  const { square, crop, padding } = preprocessingSteps(width, height, options);
  const image = await makeSquare(square, crop);
  if (padding === undefined) return { pixels: image };
  const pixels = new Uint8Array(options.channels * options.size ** 2);
  padImage(image, padding, options, pixels);
  return { pixels };
}

/** What the decoder refuses is a failure of the image. */
async function failing(action: () => Promise<Decoded>): Promise<Decoded> {
  try {
    return await action();
  } catch (error) {
    return undecodable(firstLine(error));
  }
}

async function squared(image: Sharp, size: number, channels: number, crop: Crop): Promise<Uint8Array> {
  const { data, info } = await resized(image, size, crop)
    .toColourspace(channels === 1 ? 'b-w' : 'srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  return channelsFirst(data, info.channels, channels, size * size);
}

/** The planes of an image one after another as often as they fit. */
function repeated(pixels: Uint8Array, length: number): Uint8Array {
  const result = new Uint8Array(length);
  for (let start = 0; start < length; start += pixels.length) result.set(pixels, start);
  return result;
}

/** Planes [C, area] as pixels [area, C]. */
function interleaved(pixels: Uint8Array, channels: number): Uint8Array {
  const area = pixels.length / channels;
  const result = new Uint8Array(pixels.length);
  for (let channel = 0; channel < channels; channel++) {
    for (let pixel = 0; pixel < area; pixel++) result[pixel * channels + channel] = pixels[channel * area + pixel]!;
  }
  return result;
}

function resized(image: Sharp, size: number, crop: Crop): Sharp {
  if (crop === 'center') return image.resize(size, size, { fit: 'cover' });
  if (crop === 'stretch') return image.resize(size, size, { fit: 'fill' });
  const height = Math.round((size * 78) / 64);
  const top = Math.floor((height - size) / 2);
  return image.resize(size, height, { fit: 'fill' }).extract({ left: 0, top, width: size, height: size });
}

/** Pixels [H, W, found] to [wanted, H, W]; grey is repeated where RGB is wanted. One plain loop, because this runs between any two images. */
function channelsFirst(pixels: Uint8Array, found: number, wanted: number, area: number): Uint8Array {
  const planes = new Uint8Array(wanted * area);
  const [green, blue] = found < 3 ? [0, 0] : [1, 2];
  for (let pixel = 0, from = 0; pixel < area; pixel++, from += found) {
    planes[pixel] = pixels[from]!;
    if (wanted === 1) continue;
    planes[area + pixel] = pixels[from + green]!;
    planes[2 * area + pixel] = pixels[from + blue]!;
  }
  return planes;
}

/** Only what the file itself is lasts: errors of the system, and a file that changes or is exchanged meanwhile, may pass. */
async function readBytes(path: string): Promise<Uint8Array | DecodingFailure> {
  try {
    return await files.read(path, LARGEST_FILE);
  } catch (error) {
    return { failure: describeSystemError(error), unreadable: !(error instanceof FileTooLargeError) };
  }
}

/** libvips reports several lines, from the cause to its consequences. */
function firstLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const line = message.replace('Input buffer has corrupt header:', '').trim().split('\n')[0]!.replace(/:$/, '');
  return line === '' || line === 'Unknown error' ? 'its content is damaged' : line;
}
