/** Data sets in the files that their makers publish. */
import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { InputError } from '../../errors.js';
import { wrapReadErrors, describeSystemError } from '../../files/atomic.node.js';
import { paddedSize, type Padding, requirePaddable } from '../../images/padding.js';
import { readRegularFile } from '../../files/regularFile.node.js';
import { isMnistLike, arraySplit, DIGIT_PADDING, hasSize, paddedSplit } from './digits.js';
import { decodeCifar } from '../formats/cifar.js';
import { decodeIdxImages, type NamedBytes } from '../formats/idxImages.js';
import type { LabeledImages } from '../formats/labeledImages.js';
import { decodeNpzImages } from '../formats/npzImages.js';
import { decodeSvhn } from '../formats/svhn.js';
import { arrayItems } from '../decoding/imageItems.node.js';
import { openCollection, type OpenOptions } from '../decoding/decodedSource.node.js';
import type { ImageFormat, ImageSource, Split } from '../source.js';

/** What is in the files: images to train on, and, where the makers chose them, images to test on. */
export interface TrainTestArrays {
  readonly train: LabeledImages;
  readonly test: LabeledImages | null;
  /** How many classes there are, where that is known without looking at labels. */
  readonly classes?: number;
  readonly classNames?: readonly string[];
}

const CIFAR10_CLASSES = ['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck'];
const FASHION_CLASSES = ['T-shirt', 'trouser', 'pullover', 'dress', 'coat', 'sandal', 'shirt', 'sneaker', 'bag', 'ankle boot'];
/** Where Debian's package dataset-fashion-mnist puts its files. */
const DEBIAN_FASHION = '/usr/share/datasets/fashion-mnist';

/** CIFAR-10's binary version: `data_batch_1.bin` to `data_batch_5.bin` and `test_batch.bin`. Throws InputError if one is missing or damaged. */
export async function readCifar10(path: string): Promise<TrainTestArrays> {
  const folder = await folderWith(path, 'cifar-10-batches-bin', 'test_batch.bin');
  const decode = async (name: string) => decodeCifar(await bytesOf(join(folder, name)), 'cifar10', name);
  const batches = await Promise.all([1, 2, 3, 4, 5].map((number) => decode(`data_batch_${number}.bin`)));
  return { train: joined(batches), test: await decode('test_batch.bin'), classNames: CIFAR10_CLASSES };
}

/** CIFAR-100's binary version, with its hundred fine labels: `train.bin` and `test.bin`. */
export async function readCifar100(path: string): Promise<TrainTestArrays> {
  const folder = await folderWith(path, 'cifar-100-binary', 'test.bin');
  const decode = async (name: string) => decodeCifar(await bytesOf(join(folder, name)), 'cifar100', name);
  return { train: await decode('train.bin'), test: await decode('test.bin'), classes: 100 };
}

/** SVHN's cropped digits: `train_32x32.mat` and `test_32x32.mat`. */
export async function readSvhn(path: string): Promise<TrainTestArrays> {
  const decode = async (name: string) => decodeSvhn(await bytesOf(join(path, name)), name);
  return { train: await decode('train_32x32.mat'), test: await decode('test_32x32.mat'), classes: 10 };
}

/**
 * Any pair of IDX files of images and labels that are named as MNIST's, `train-images-idx3-ubyte` and so on, compressed by gzip or not; labels
 * and a part to test on may be missing.
 */
export async function readIdxFolder(path: string): Promise<TrainTestArrays> {
  const names = await readdir(path).catch((error: unknown) => {
    throw new InputError(`${path}: cannot be read as a folder (${describeSystemError(error)})`);
  });
  const part = async (prefix: string): Promise<LabeledImages | null> => {
    const named = (what: string) => names.find((name) => new RegExp(`^${prefix}[-.]${what}[-.]idx\\d-ubyte(\\.gz)?$`).test(name));
    const [images, labels] = [named('images'), named('labels')];
    if (images === undefined) return null;
    const read = async (name: string): Promise<NamedBytes> => ({ bytes: await bytesOf(join(path, name)), name });
    return decodeIdxImages(await read(images), labels === undefined ? null : await read(labels));
  };
  const train = await part('train');
  if (train === null) throw new InputError(`${path}: should hold train-images-idx3-ubyte, as MNIST is published`);
  return { train, test: (await part('t10k')) ?? (await part('test')) };
}

/** The folder of Fashion-MNIST's files: the one that is named, else Debian's. */
export const fashionMnistFolder = (path: string): string => (path === '' ? DEBIAN_FASHION : path);

/** Fashion-MNIST's four IDX files from a folder, or where Debian's package puts them. */
export async function readFashionMnist(path: string): Promise<TrainTestArrays> {
  if (path === '' && (await stat(DEBIAN_FASHION).catch(() => undefined)) === undefined) {
    throw new InputError(
      'data "fashion-mnist": its files are not on this machine; install Debian\'s dataset-fashion-mnist, or give their folder as fashion-mnist:DIR',
    );
  }
  return { ...(await readIdxFolder(fashionMnistFolder(path))), classNames: FASHION_CLASSES };
}

/** An .npz archive of `images` and, if there are any, `labels`. */
export async function readNpz(path: string): Promise<TrainTestArrays> {
  return { train: decodeNpzImages(await bytesOf(path), basename(path)), test: null };
}

/** The border that published images have unless another is asked for. */
const paddingOf = ({ train, test }: TrainTestArrays): Padding | null => ([train, test ?? train].every(isMnistLike) ? DIGIT_PADDING : null);

/** The size, channels and padding that published images are had in unless others are asked for. */
export function formatOfPublished(images: TrainTestArrays): ImageFormat {
  const { height, channels } = images.train;
  const padding = paddingOf(images);
  return { size: padding ? paddedSize(padding) : height, channels, padding };
}

/**
 * Published images as a data set. In the format that they have they stay in memory as they are, also if only a border is missing; else they
 * are preprocessed once, as images from files are.
 * @throws {InputError} as `openCollection` does, and if images with the padding cannot have the wanted size
 */
export async function openPublished(
  images: TrainTestArrays,
  wanted: ImageFormat,
  options: OpenOptions & { readonly name: string; readonly fingerprint: string },
): Promise<ImageSource> {
  const { train, test } = images;
  const { name, fingerprint } = options;
  const format = { ...wanted, padding: wanted.padding === undefined ? paddingOf(images) : wanted.padding };
  if (format.padding) requirePaddable(format.size, format.padding);
  const splits = test && [train, test].map((part) => splitOf(part, format));
  if (splits?.every((split) => split !== undefined)) {
    const size: [number, number] = [format.size, format.size];
    return { name, size, channels: format.channels, train: splits[0]!, test: splits[1]!, ...classesOf(images) };
  }
  const items = [...arrayItems(train, 'train', fingerprint), ...(test ? arrayItems(test, 'test', fingerprint) : [])];
  const source = await openCollection(
    { name, items, ...(test ? { isTest: (item) => item.name.startsWith('test/') } : {}) },
    { ...format, crop: format.crop ?? 'center' },
    options,
  );
  return { ...source, ...classesOf(images) };
}

/** Images that need no more than a border, or nothing; undefined for others. */
function splitOf(images: LabeledImages, format: ImageFormat): Split | undefined {
  const { size, channels, padding } = format;
  if (hasSize(images, size) && images.channels === channels) return arraySplit(images);
  return padding && hasSize(images, padding.inner) && images.channels <= channels ? paddedSplit(images, padding, format) : undefined;
}

function classesOf({ train, classes, classNames }: TrainTestArrays): Pick<ImageSource, 'classes' | 'classNames'> {
  if (train.labels === null) return { classes: null };
  const seen = 1 + train.labels.reduce((largest, label) => Math.max(largest, label), 0);
  return { classes: classNames?.length ?? classes ?? seen, ...(classNames ? { classNames } : {}) };
}

/** The images of several files one after another. */
function joined(parts: readonly LabeledImages[]): LabeledImages {
  const [first] = parts as readonly [LabeledImages, ...LabeledImages[]];
  const pixels = new Uint8Array(parts.reduce((bytes, part) => bytes + part.pixels.length, 0));
  const labels = new Uint8Array(parts.reduce((count, part) => count + part.count, 0));
  let [image, byte] = [0, 0];
  for (const part of parts) {
    pixels.set(part.pixels, byte);
    labels.set(part.labels!, image);
    byte += part.pixels.length;
    image += part.count;
  }
  return { ...first, count: image, pixels, labels };
}

/** A folder itself, or the one inside it that the published archive unpacks to. */
async function folderWith(path: string, inner: string, file: string): Promise<string> {
  const found = await stat(join(path, file)).catch(() => undefined);
  return found ? path : join(path, inner);
}

const bytesOf = (file: string): Promise<Uint8Array> => wrapReadErrors(file, () => readRegularFile(file));
