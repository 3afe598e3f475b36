import { InputError } from '../errors.js';
import type { DecodeOptions } from '../images/index.js';
import type { ImageItem, LeftOut } from './imageItem.js';
import { packImages, type PackOptions, reportLeftOut } from './packedImages.node.js';
import { type Partition, partitionBy, partitionByName } from './partition.js';
import { type ImageSource, subset } from './source.js';

/** Images that are to become a data set. */
export interface ImageCollection {
  /** What the user called it. */
  readonly name: string;
  readonly items: readonly ImageItem[];
  /** What the classes are called, where the items have labels. */
  readonly classNames?: readonly string[];
  /** Which images to test on, where the data say it; else they are drawn. */
  readonly isTest?: (item: ImageItem) => boolean;
  /** What was left out already. */
  readonly leftOut?: readonly LeftOut[];
}

/** How a collection is opened. */
export interface OpenOptions extends PackOptions {
  /** The share of the images to test on, where the data themselves do not say which (default: 0.1). */
  readonly testFraction?: number;
  /** Draws them (default: 0). */
  readonly splitSeed?: number;
}

const DEFAULT_TEST_FRACTION = 0.1;
const LARGEST_SIZE = 1024;

/** Decodes a collection, or opens what was decoded before, and parts it. Throws InputError as `packImages` does, and for wrong options. */
export async function openCollection(collection: ImageCollection, format: DecodeOptions, options: OpenOptions = {}): Promise<ImageSource> {
  const { name, classNames, leftOut = [] } = collection;
  const { testFraction = DEFAULT_TEST_FRACTION, splitSeed = 0 } = options;
  checkFormat(format);
  // Wrong fractions are refused before hours of decoding.
  partitionByName([], testFraction, splitSeed);
  reportLeftOut(name, leftOut, collection.items.length + leftOut.length, options);
  const packed = await packImages(name, collection.items, format, options);
  const { items } = packed;
  const { train, test } = partition(collection, items, testFraction, splitSeed);
  const labels = items.every(({ label }) => label !== null) ? Uint8Array.from(items, ({ label }) => label!) : null;
  const all = { labels, copyImage: packed.copyImage, nameOf: (index: number) => items[index]!.name };
  return {
    name,
    size: [format.size, format.size],
    channels: format.channels,
    train: subset(all, train),
    test: subset(all, test),
    classes: classesOf(labels, classNames),
    ...(labels && classNames ? { classNames } : {}),
    leftOut: [...leftOut, ...packed.leftOut],
    close: packed.close,
  };
}

function partition({ isTest }: ImageCollection, items: readonly ImageItem[], fraction: number, seed: number): Partition {
  if (isTest) return partitionBy(items.length, (index) => isTest(items[index]!));
  return partitionByName(
    items.map(({ name }) => name),
    fraction,
    seed,
  );
}

function classesOf(labels: Uint8Array | null, names: readonly string[] | undefined): number | null {
  if (labels === null) return null;
  return names?.length ?? 1 + labels.reduce((largest, label) => Math.max(largest, label), 0);
}

function checkFormat({ size, channels }: DecodeOptions): void {
  if (!Number.isInteger(size) || size < 1 || size > LARGEST_SIZE) throw new InputError(`size ${size}: should be a whole number from 1 to ${LARGEST_SIZE}`);
  if (channels !== 1 && channels !== 3) throw new InputError(`channels ${channels}: should be 1 (grey) or 3 (RGB)`);
}
