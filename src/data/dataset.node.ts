import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isFolder } from '../files/atomic.node.js';
import { DIGIT_PADDING, paddedSize, padImage, requirePaddable } from '../images/preprocessing.js';
import { arrayItems, digestItems, fileStates } from './decoding/imageItems.node.js';
import { classesOf, type NamedOptions, openCollection, warnOfOwnSplit } from './decoding/openCollection.node.js';
import type { LabeledImages } from './formats/arrays.js';
import { type ImageFormat, type ImageItem, type ImageSource, type Split, splitInMemory } from './source.js';

/** A data set, or a kind of files with images: an entry of `datasets/`. */
export interface Dataset {
  /** In a data spec: `mnist`, or `npz` of `npz:FILE`. */
  name: string;
  /** Follows the name and a colon; optional if in brackets. */
  path: '' | 'DIR' | 'FILE' | '[DIR]';
  /** One line for `agenet dataset --help`. */
  help: string;
  format: (path: string) => Promise<ImageFormat>;
  open: (path: string, format: ImageFormat, options: NamedOptions) => Promise<ImageSource>;
}

interface TrainTestArrays {
  train: LabeledImages;
  test: LabeledImages | null;
  /** Default: from the labels. */
  classes?: number;
  classNames?: readonly string[];
}

interface ArrayDataset extends Pick<Dataset, 'name' | 'path' | 'help'> {
  /** Default: from the images. */
  format?: ImageFormat;
  /** Default: the path itself. */
  locate?: (path: string) => string;
  read: (location: string) => Promise<TrainTestArrays>;
}

/** With a test split, images that need at most a border stay in memory. Others go through the decode cache. */
export const arrayDataset = ({ format, locate = (path) => path, read, ...entry }: ArrayDataset): Dataset => ({
  ...entry,
  format: async (path) => format ?? formatOf(await read(locate(path))),
  open: async (path, requested, options) =>
    openArrays(await read(locate(path)), requested, options, await fingerprintOf(locate(path))),
});

/** 28x28 grayscale images are padded as MNIST is. */
const paddingOf = ({ train, test }: TrainTestArrays) =>
  [train, test ?? train].every((images) => hasSize(images, DIGIT_PADDING.inner) && images.channels === 1)
    ? DIGIT_PADDING
    : null;

const hasSize = ({ height, width }: LabeledImages, size: number) => height === size && width === size;

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
  const { train, test, classNames, classes } = images;
  const format = { ...requested, padding: requested.padding === undefined ? paddingOf(images) : requested.padding };
  const { size, channels, padding } = format;
  if (padding) requirePaddable(size, padding);
  const items = () => [
    ...arrayItems(train, 'train', fingerprint),
    ...(test ? arrayItems(test, 'test', fingerprint) : []),
  ];
  const isTest = ({ name }: ImageItem) => name.startsWith('test/');
  const labeling = { ...classesOf(train.labels, classNames), ...(classes === undefined ? {} : { classes }) };
  const trainSplit = splitOf(train, format);
  const testSplit = test && splitOf(test, format);
  if (trainSplit && testSplit) {
    warnOfOwnSplit(options);
    const digest = () => digestItems(items(), isTest);
    const { name } = options;
    return { name, size: [size, size], channels, train: trainSplit, test: testSplit, ...labeling, digest };
  }
  const collection = { items: items(), ...(test ? { isTest } : {}) };
  return { ...(await openCollection(collection, format, options)), ...labeling };
}

/** Pads images when they are copied. Returns undefined if they need more than padding. */
function splitOf(images: LabeledImages, format: ImageFormat): Split | undefined {
  const { count, pixels, labels, channels } = images;
  const { size, padding } = format;
  if (hasSize(images, size) && channels === format.channels) return splitInMemory(pixels, channels * size ** 2, labels);
  if (!padding || !hasSize(images, padding.inner) || channels > format.channels) return undefined;
  const [bytes, paddedBytes] = [channels * padding.inner ** 2, format.channels * size ** 2];
  return {
    count,
    labels,
    copyImage: (index, target, offset) => {
      const image = pixels.subarray(index * bytes, (index + 1) * bytes);
      padImage(image, padding, format, target.subarray(offset, offset + paddedBytes));
    },
  };
}

/** Changes when the size or time of a file changes. */
async function fingerprintOf(path: string) {
  const files = (await isFolder(path)) ? (await readdir(path)).sort().map((name) => join(path, name)) : [path];
  return (await fileStates(files)).map((state, index) => `${files[index]} ${JSON.stringify(state)}`).join('\n');
}
