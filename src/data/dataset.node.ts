import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError } from '../errors.js';
import { describeSystemError, wrapReadErrors } from '../files/atomic.node.js';
import { readRegularFile } from '../files/regularFile.node.js';
import { DIGIT_PADDING, paddedSize, type Padding, padImage, requirePaddable } from '../images/preprocessing.js';
import { arrayItems, digestItems, fileStates } from './decoding/imageItems.node.js';
import { classesOf, type NamedOptions, openCollection, warnOfOwnSplit } from './decoding/openCollection.node.js';
import { decodeIdxImages, type NamedBytes } from './formats/idx.js';
import type { LabeledImages } from './formats/arrays.js';
import { type ImageFormat, type ImageSource, type Split, splitInMemory } from './source.js';

/** A data set, or a kind of files with images: an entry of `datasets/`. */
export interface Dataset {
  /** Name in a data spec: `mnist`, or `npz` of `npz:FILE`. */
  readonly name: string;
  /** What follows the name and a colon, in brackets if optional. */
  readonly path: '' | 'DIR' | 'FILE' | '[DIR]';
  /** One line for `agenet dataset --help`. */
  readonly help: string;
  readonly format: (path: string) => Promise<ImageFormat>;
  /** @param options.name the data spec, for messages */
  readonly open: (path: string, format: ImageFormat, options: NamedOptions) => Promise<ImageSource>;
}

export interface TrainTestArrays {
  readonly train: LabeledImages;
  readonly test: LabeledImages | null;
  /** Known without labels. */
  readonly classes?: number;
  readonly classNames?: readonly string[];
}

interface ArrayDataset extends Pick<Dataset, 'name' | 'path' | 'help'> {
  /** Default: from the images. */
  readonly format?: ImageFormat;
  /** Returns the file or folder to read. Default: the path itself. */
  readonly locate?: (path: string) => string;
  readonly read: (location: string) => Promise<TrainTestArrays>;
}

/**
 * Defines a data set whose files hold arrays of images. Images of the requested size, or that lack only a border, stay
 * in memory. Others go through the decode cache.
 */
export const arrayDataset = ({ format, locate = (path) => path, read, ...entry }: ArrayDataset): Dataset => ({
  ...entry,
  format: async (path) => format ?? formatOf(await read(locate(path))),
  open: async (path, requested, options) =>
    openArrays(await read(locate(path)), requested, options, await fingerprintOf(locate(path))),
});

export const DIGITS: ImageFormat = { size: 32, channels: 1, padding: DIGIT_PADDING };

/** 28x28 grayscale images are padded as MNIST is. */
const paddingOf = ({ train, test }: TrainTestArrays): Padding | null =>
  [train, test ?? train].every((images) => hasSize(images, DIGIT_PADDING.inner) && images.channels === 1)
    ? DIGIT_PADDING
    : null;

const hasSize = ({ height, width }: LabeledImages, size: number): boolean => height === size && width === size;

function formatOf(images: TrainTestArrays): ImageFormat {
  const { height, channels } = images.train;
  const padding = paddingOf(images);
  return { size: padding ? paddedSize(padding) : height, channels, padding };
}

async function openArrays(
  images: TrainTestArrays,
  requested: ImageFormat,
  options: NamedOptions,
  fingerprint: string,
): Promise<ImageSource> {
  const { train, test } = images;
  const { name } = options;
  const format = { ...requested, padding: requested.padding === undefined ? paddingOf(images) : requested.padding };
  if (format.padding) requirePaddable(format.size, format.padding);
  const items = () =>
    Object.entries(test ? { train, test } : { train }).flatMap(([split, each]) => arrayItems(each, split, fingerprint));
  const isTest = test ? { isTest: ({ name }: { readonly name: string }) => name.startsWith('test/') } : {};
  const labeling = {
    ...classesOf(train.labels, images.classNames),
    ...(images.classes === undefined ? {} : { classes: images.classes }),
  };
  const splits = test && [train, test].map((split) => splitOf(split, format));
  if (splits?.every((split) => split !== undefined)) {
    warnOfOwnSplit(options);
    const size: [number, number] = [format.size, format.size];
    const digest = () => digestItems(items(), isTest.isTest);
    return { name, size, channels: format.channels, train: splits[0]!, test: splits[1]!, ...labeling, digest };
  }
  return { ...(await openCollection({ items: items(), ...isTest }, format, options)), ...labeling };
}

/** Returns images that need at most a border, added when they are copied, as a split. */
function splitOf(images: LabeledImages, format: ImageFormat): Split | undefined {
  const { count, pixels, labels, channels } = images;
  const { size, padding } = format;
  if (hasSize(images, size) && channels === format.channels) return splitInMemory(pixels, channels * size ** 2, labels);
  if (!padding || !hasSize(images, padding.inner) || channels > format.channels) return undefined;
  const [bytes, paddedBytes] = [channels * padding.inner ** 2, format.channels * size ** 2];
  return {
    count,
    labels,
    copyImage: (index, target, offset) =>
      padImage(
        pixels.subarray(index * bytes, (index + 1) * bytes),
        padding,
        format,
        target.subarray(offset, offset + paddedBytes),
      ),
  };
}

/** Changes with the sizes and times of change of the files. */
async function fingerprintOf(path: string): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  const files = found?.isDirectory() ? (await readdir(path)).sort().map((name) => join(path, name)) : [path];
  return (await fileStates(files)).map((state, index) => `${files[index]} ${JSON.stringify(state)}`).join('\n');
}

export const readFileBytes = (file: string): Promise<Uint8Array> => wrapReadErrors(file, () => readRegularFile(file));

/** Returns this folder if it contains `file`, else the one that the published archive unpacks to. */
export async function folderWith(path: string, inner: string, file: string): Promise<string> {
  const found = await stat(join(path, file)).catch(() => undefined);
  return found ? path : join(path, inner);
}

export const concatenateImages = (parts: readonly [LabeledImages, ...LabeledImages[]]): LabeledImages => ({
  ...parts[0],
  count: parts.reduce((count, part) => count + part.count, 0),
  pixels: new Uint8Array(Buffer.concat(parts.map(({ pixels }) => pixels))),
  labels: new Uint8Array(Buffer.concat(parts.map(({ labels }) => labels!))),
});

/**
 * Reads a folder of IDX files with MNIST's names, compressed by gzip or not. Labels and the test split are optional.
 * @throws {InputError} if the images of the train split are missing, or a file is invalid
 */
export async function readIdxFolder(path: string): Promise<TrainTestArrays> {
  const names = await readdir(path).catch((error: unknown) => {
    throw new InputError(path, `cannot be read as a folder (${describeSystemError(error)})`);
  });
  const readSplit = async (prefix: string): Promise<LabeledImages | null> => {
    const find = (kind: string) =>
      names.find((name) => new RegExp(`^${prefix}[-.]${kind}[-.]idx\\d-ubyte(\\.gz)?$`).test(name));
    const [images, labels] = [find('images'), find('labels')];
    if (images === undefined) return null;
    const read = async (name: string): Promise<NamedBytes> => ({ bytes: await readFileBytes(join(path, name)), name });
    return decodeIdxImages(await read(images), labels === undefined ? null : await read(labels));
  };
  const train = await readSplit('train');
  if (train === null) throw new InputError(path, 'train-images-idx3-ubyte not found', "name the files as MNIST's");
  return { train, test: (await readSplit('t10k')) ?? (await readSplit('test')) };
}
