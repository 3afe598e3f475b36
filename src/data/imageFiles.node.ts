import { decodeImage, loadSharp } from '../images/decode.node.js';
import { IMAGE_SIZES } from '../imageSizes.js';
import { mapConcurrently } from './decoding/imageItems.node.js';
import { openCollection, type NamedOptions } from './decoding/openCollection.node.js';
import { folderClasses } from './imageNames.js';
import type { ImageFormat, ImageItem, ImageSource, SkippedImage } from './source.js';

const DEFAULT_SIZE = 64;
/** Color profiles leave such differences between channels of grayscale images. */
const GRAYSCALE_TOLERANCE = 2;

interface ImageFiles {
  items: readonly ImageItem[];
  skipped: readonly SkippedImage[];
  unsupported: string;
}

export function openImageFiles(
  { items, skipped, unsupported }: ImageFiles,
  format: ImageFormat,
  options: NamedOptions,
): Promise<ImageSource> {
  const { name, onWarning } = options;
  if (unsupported !== '') onWarning?.(`${name}: ignored ${unsupported}`);
  const classes = folderClasses(items.map((item) => item.name));
  if ('none' in classes) {
    if (classes.none !== '') onWarning?.(`${name}: ${classes.none}`);
    return openCollection({ items, skipped }, format, options);
  }
  const labeled = items.map((item) => ({ ...item, label: classes.labelOf(item.name) }));
  return openCollection({ items: labeled, skipped, classNames: classes.names }, format, options);
}

/** Returns the path or the bytes of an image. */
type ReadImage = () => string | Promise<Uint8Array>;

/** Examines 64 images. Chooses grayscale if all are, and the size nearest in proportion to their median. */
export async function sampledFormat(images: readonly ReadImage[]): Promise<ImageFormat> {
  const count = Math.min(64, images.length);
  const sample = Array.from(
    { length: count },
    (_, position) => images[Math.floor((position * images.length) / count)]!,
  );
  // An image may be gone by now.
  const examined = await mapConcurrently(sample, 8, (read) => examine(read).catch(() => undefined));
  const found = examined.filter((each) => each !== undefined);
  const sides = found.map(({ side }) => side).sort((a, b) => a - b);
  const isGrayscale = found.length > 0 && found.every((each) => each.isGrayscale);
  return { size: nearestSize(sides[Math.floor(sides.length / 2)]), channels: isGrayscale ? 1 : 3 };
}

function nearestSize(side = DEFAULT_SIZE) {
  const distance = (size: number) => Math.abs(Math.log(side / size));
  // Larger images train several times longer, so they are no default.
  const sizes = IMAGE_SIZES.map(({ size }) => size).filter((size) => size <= DEFAULT_SIZE);
  return sizes.reduce<number>((nearest, size) => (distance(size) < distance(nearest) ? size : nearest), DEFAULT_SIZE);
}

async function examine(read: ReadImage) {
  const image = await read();
  const decoded = await decodeImage(image, { size: 32, channels: 3, crop: 'stretch' });
  if (!('pixels' in decoded)) return undefined;
  const { width, height } = await loadSharp()(image).metadata();
  return { isGrayscale: hasEqualPlanes(decoded.pixels), side: Math.min(width, height) };
}

/** Many grayscale images are stored as RGB. */
function hasEqualPlanes(pixels: Uint8Array) {
  const area = pixels.length / 3;
  return pixels.every((value, index) => Math.abs(value - pixels[index % area]!) <= GRAYSCALE_TOLERANCE);
}
