import { stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { InputError } from '../errors.js';
import { wrapReadErrors } from '../files/atomic.node.js';
import { decodeImage } from '../images/decode.node.js';
import type { Crop } from '../images/decoding.js';
import type { Padding } from '../images/padding.js';
import { readTextFile } from '../files/regularFile.node.js';
import { type CelebaPart, parseCelebaPartition } from './datasets/celebaPartition.js';
import { folderClasses } from './classes.js';
import { forEachConcurrently } from './decoding/concurrency.js';
import { findImages } from './folder.node.js';
import type { ImageItem } from './decoding/imageItem.js';
import { fileItems } from './decoding/imageItems.node.js';
import { openCollection, type OpenOptions } from './decoding/decodedSource.node.js';
import type { ImageFormat, ImageSource } from './source.js';

/** How the images of a folder are wanted. */
export interface FolderOptions extends OpenOptions {
  /** Rows and columns: the images themselves may have any (default: 64). */
  readonly size?: number;
  /** 1 (grey) or 3 (RGB); if it is not given, grey where a sample of the images is grey throughout. */
  readonly channels?: number;
  readonly crop?: Crop;
  /** The border that images get after they were resized (default: none). */
  readonly padding?: Padding | null | undefined;
  /** What messages call the data (default: the path). */
  readonly name?: string;
}

const DEFAULT_SIZE = 64;
/** How many images are looked at to tell whether all are grey. */
const SAMPLE = 64;
const SAMPLE_SIZE = 32;
const SAMPLE_DECODINGS = 8;
/** Colour profiles of grey images leave differences of so much between red, green and blue. */
const GREY_TOLERANCE = 2;
const PARTITION_FILE = 'list_eval_partition.txt';

/**
 * The images at any depth below a folder as a data set: decoded once, and kept for the next time. The first folders below it are classes
 * where there are two or more and every image lies in one. Throws InputError if there are no images, or none that can be decoded.
 */
export async function openFolder(path: string, options: FolderOptions = {}): Promise<ImageSource> {
  const { name = path, crop = 'center', padding, onWarning } = options;
  const found = await findImages(path);
  const classes = folderClasses(found.names);
  if ('none' in classes && classes.none !== '') onWarning?.(`${name}: ${classes.none}`);
  const { items, skipped } = await fileItems(path, found.names, 'none' in classes ? () => null : classes.labelOf);
  const collection = { name, items, skipped: [...found.skipped, ...skipped], ...('none' in classes ? {} : { classNames: classes.names }) };
  return openCollection(collection, { ...(await formatOf(path, found.names, options)), crop, padding }, options);
}

/**
 * CelebA's aligned faces in a folder, or in its folder `img_align_celeba`: without labels, cropped as is usual, and parted as the published
 * `list_eval_partition.txt` says if that is beside them; validation images, and images that are not in the list, are in neither part. Throws
 * InputError as `openFolder` does, and where the list is damaged or of other images.
 */
export async function openCeleba(path: string, options: FolderOptions = {}): Promise<ImageSource> {
  const { name = path, crop = 'celeba', padding, onWarning } = options;
  const root = await celebaImages(path);
  const found = await findImages(root);
  const list = await readPartition(root);
  const partOf = (image: string): CelebaPart | undefined => list?.parts.get(basename(image));
  const used = list ? found.names.filter((image) => ['train', 'test'].includes(partOf(image) ?? '')) : found.names;
  if (list) {
    const unlisted = found.names.filter((image) => partOf(image) === undefined).length;
    if (used.length === 0) throw new InputError(`${name}: none of its ${found.names.length} images is to train or test on by ${list.file}`);
    if (unlisted > 0) onWarning?.(`${name}: ${unlisted} of ${found.names.length} images are not used, they are not in ${list.file}`);
  }
  const { items, skipped } = await fileItems(root, used, () => null);
  const isTest = (item: ImageItem) => partOf(item.name) === 'test';
  const collection = { name, items, skipped: [...found.skipped, ...skipped], ...(list ? { isTest } : {}) };
  return openCollection(collection, { ...(await formatOf(root, found.names, options)), crop, padding }, options);
}

/** The size and channels that a folder's images are had in unless others are asked for. Throws InputError if there are none. */
export const folderFormat = async (path: string): Promise<ImageFormat> => formatOf(path, (await findImages(path)).names, {});

/** The same for a folder of CelebA. */
export const celebaFormat = async (path: string): Promise<ImageFormat> => ({ ...(await folderFormat(await celebaImages(path))), crop: 'celeba' });

async function formatOf(root: string, names: readonly string[], { size = DEFAULT_SIZE, channels }: FolderOptions): Promise<ImageFormat> {
  return { size, channels: channels ?? ((await areGrayscale(root, names)) ? 1 : 3) };
}

/** Whether a sample of the images, from all over the list, is grey: in its pixels, since many grey images are stored as RGB. */
async function areGrayscale(root: string, names: readonly string[]): Promise<boolean> {
  const count = Math.min(SAMPLE, names.length);
  const grey = new Array<boolean>(count);
  await forEachConcurrently(count, SAMPLE_DECODINGS, async (place) => {
    const name = names[Math.floor((place * names.length) / count)]!;
    const decoded = await decodeImage(join(root, name), { size: SAMPLE_SIZE, channels: 3, crop: 'stretch' });
    if ('pixels' in decoded) grey[place] = hasEqualPlanes(decoded.pixels);
  });
  const known = grey.filter((each) => each !== undefined);
  return known.length > 0 && known.every((each) => each);
}

function hasEqualPlanes(pixels: Uint8Array): boolean {
  const area = pixels.length / 3;
  return pixels.every((value, index) => Math.abs(value - pixels[index % area]!) <= GREY_TOLERANCE);
}

async function celebaImages(path: string): Promise<string> {
  const inner = join(path, 'img_align_celeba');
  return (await stat(inner).catch(() => undefined))?.isDirectory() ? inner : path;
}

/** The published list, from beside the images or the folder that they lie in, or from `Eval` there, as in the original distribution. */
async function readPartition(root: string): Promise<{ readonly file: string; readonly parts: ReadonlyMap<string, CelebaPart> } | undefined> {
  for (const folder of [root, join(root, 'Eval'), dirname(resolve(root)), join(dirname(resolve(root)), 'Eval')]) {
    const file = join(folder, PARTITION_FILE);
    if ((await stat(file).catch(() => undefined)) === undefined) continue;
    const text = await wrapReadErrors(file, () => readTextFile(file));
    return { file, parts: parseCelebaPartition(text, file) };
  }
  return undefined;
}
