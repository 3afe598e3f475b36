import { decodeImage, loadSharp } from '../images/decode.node.js';
import { IMAGE_SIZES } from '../imageSizes.js';
import { forEachConcurrently } from './decoding/imageItems.node.js';
import { openCollection, type NamedOptions } from './decoding/openCollection.node.js';
import { folderClasses } from './imageNames.js';
import type { ImageFormat, ImageItem, ImageSource, SkippedImage } from './source.js';

const DEFAULT_SIZE = 64;
const SAMPLE = 64;
const SAMPLE_SIZE = 32;
const SAMPLE_DECODINGS = 8;
/** Color profiles leave such differences between red, green and blue in grayscale images. */
const GRAYSCALE_TOLERANCE = 2;

export interface ImageFiles {
  readonly items: readonly ImageItem[];
  readonly skipped: readonly SkippedImage[];
  readonly unsupported: string;
}

/** Makes top-level folders classes if there are two or more and every image is in one. */
export function openImageFiles(
  { items, skipped, unsupported }: ImageFiles,
  format: ImageFormat,
  options: NamedOptions,
): Promise<ImageSource> {
  const { name, onWarning } = options;
  if (unsupported !== '') onWarning?.(`${name}: ignored ${unsupported}`);
  const classes = folderClasses(items.map((item) => item.name));
  if (!('none' in classes)) {
    const labeled = items.map((item) => ({ ...item, label: classes.labelOf(item.name) }));
    return openCollection({ items: labeled, skipped, classNames: classes.names }, format, options);
  }
  if (classes.none !== '') onWarning?.(`${name}: ${classes.none}`);
  return openCollection({ items, skipped }, format, options);
}

/**
 * Chooses a format by a sample: grayscale if all images are, and the supported size nearest to the median in
 * proportion.
 * @param images return the path or the bytes of an image
 */
export async function sampledFormat(images: readonly (() => string | Promise<Uint8Array>)[]): Promise<ImageFormat> {
  const count = Math.min(SAMPLE, images.length);
  const sample = new Array<SampledImage | undefined>(count);
  await forEachConcurrently(count, SAMPLE_DECODINGS, async (position) => {
    const read = images[Math.floor((position * images.length) / count)]!;
    // The file may be gone by now.
    sample[position] = await examine(read).catch(() => undefined);
  });
  const found = sample.filter((each) => each !== undefined);
  const sides = found.map(({ side }) => side).sort((a, b) => a - b);
  const isGrayscale = found.length > 0 && found.every((each) => each.isGrayscale);
  return { size: nearestSize(sides[Math.floor(sides.length / 2)]), channels: isGrayscale ? 1 : 3 };
}

function nearestSize(side = DEFAULT_SIZE): number {
  const distance = (size: number) => Math.abs(Math.log(side / size));
  return IMAGE_SIZES.reduce<number>(
    (nearest, { size }) => (distance(size) < distance(nearest) ? size : nearest),
    DEFAULT_SIZE,
  );
}

interface SampledImage {
  /** Judged by pixels: many grayscale images are stored as RGB. */
  readonly isGrayscale: boolean;
  readonly side: number;
}

async function examine(read: () => string | Promise<Uint8Array>): Promise<SampledImage | undefined> {
  const image = await read();
  const decoded = await decodeImage(image, { size: SAMPLE_SIZE, channels: 3, crop: 'stretch' });
  if (!('pixels' in decoded)) return undefined;
  const { width, height } = await loadSharp()(image).metadata();
  return { isGrayscale: hasEqualPlanes(decoded.pixels), side: Math.min(width, height) };
}

function hasEqualPlanes(pixels: Uint8Array): boolean {
  const area = pixels.length / 3;
  return pixels.every((value, index) => Math.abs(value - pixels[index % area]!) <= GRAYSCALE_TOLERANCE);
}
