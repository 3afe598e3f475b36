import sharp, { type Sharp } from 'sharp';
import { systemFailure } from '../files.node.js';
import { beginsAsImage, type Crop, type Decoded, type DecodeOptions, type DecodingFailure, IMAGE_KINDS } from './decoding.js';
import { mayBeTurned } from './orientation.js';
import { decodePlainPng } from './plainPng.js';
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
 * says, transparent parts over white, resized and cropped as `crop` says. The content decides on the format, not the name. Never throws:
 * what is damaged, cut short, too large, unreadable or no image gives a failure.
 */
export async function decodeImage(image: string | Uint8Array, options: DecodeOptions): Promise<Decoded> {
  const bytes = typeof image === 'string' ? await readBytes(image) : image;
  if ('failure' in bytes) return bytes;
  if (bytes.length === 0) return undecodable('the file is empty');
  if (!beginsAsImage(bytes)) return undecodable(`its content is not that of a ${IMAGE_KINDS} file`);
  const plain = decodePlainPng(bytes, options);
  if (plain) return { pixels: channelsFirst(plain.pixels, plain.channels, options.channels, options.size ** 2) };
  const opened = () => sharp(bytes, { failOn: 'error', limitInputPixels: LARGEST_IMAGE });
  const upright = () => (mayBeTurned(bytes) ? opened().autoOrient() : opened());
  return squared(() => upright().flatten({ background: WHITE }), options);
}

/** Pixels [C, H, W] of 1 or 3 channels as bytes [C, size, size], resized and cropped like the images of files. */
export async function resizePixels(pixels: Uint8Array, [channels, height, width]: readonly [number, number, number], options: DecodeOptions): Promise<Decoded> {
  if (height === options.size && width === options.size && channels <= options.channels && options.crop !== 'celeba') {
    const repeated = new Uint8Array(options.channels * height * width);
    for (let start = 0; start < repeated.length; start += pixels.length) repeated.set(pixels, start);
    return { pixels: repeated };
  }
  const area = height * width;
  const interleaved = new Uint8Array(pixels.length);
  for (let channel = 0; channel < channels; channel++) {
    for (let pixel = 0; pixel < area; pixel++) interleaved[pixel * channels + channel] = pixels[channel * area + pixel]!;
  }
  return squared(() => sharp(interleaved, { raw: { width, height, channels: channels as 1 | 3 } }), options);
}

async function squared(opened: () => Sharp, { size, channels, crop = 'center' }: DecodeOptions): Promise<Decoded> {
  try {
    const { data, info } = await resized(opened(), size, crop)
      .toColourspace(channels === 1 ? 'b-w' : 'srgb')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    return { pixels: channelsFirst(data, info.channels, channels, size * size) };
  } catch (error) {
    return undecodable(firstLine(error));
  }
}

function resized(image: Sharp, size: number, crop: Crop): Sharp {
  if (crop === 'center') return image.resize(size, size, { fit: 'cover' });
  if (crop === 'none') return image.resize(size, size, { fit: 'fill' });
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

async function readBytes(path: string): Promise<Uint8Array | DecodingFailure> {
  try {
    const bytes = await files.read(path, LARGEST_FILE);
    return typeof bytes === 'string' ? undecodable(bytes) : bytes;
  } catch (error) {
    return { failure: systemFailure(error), unreadable: true };
  }
}

/** libvips reports several lines, from the cause to its consequences. */
function firstLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const line = message.replace('Input buffer has corrupt header:', '').trim().split('\n')[0]!.replace(/:$/, '');
  return line === '' || line === 'Unknown error' ? 'its content is damaged' : line;
}
