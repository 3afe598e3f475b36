import { InputError } from '../../errors.js';
import type { DecodeOptions } from '../../images/decoding.js';
import { requirePaddable } from '../../images/padding.js';
import type { ImageItem, SkippedImage } from './imageItem.js';
import { type OpenedImages, openImages, type DecodeCacheOptions, reportLeftOut } from './decodedImages.node.js';
import { type Partition, partitionBy, partitionByName } from '../partition.js';
import { type ImageSource, type Split, subset } from '../source.js';
import { streamingSplit } from './streamingSplit.js';

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
  readonly skipped?: readonly SkippedImage[];
}

/** How a collection is opened. */
export interface OpenOptions extends DecodeCacheOptions {
  /** The share of the images to test on, where the data themselves do not say which (default: 0.1). */
  readonly testFraction?: number;
  /** Draws them (default: 0). */
  readonly splitSeed?: number;
  /** Give the data to train on before all images are decoded, which goes on meanwhile, unless `strict` or a part has very few (default: false). */
  readonly streaming?: boolean;
}

const DEFAULT_TEST_FRACTION = 0.1;
const LARGEST_SIZE = 1024;
/** A part of fewer images may turn out to have none that can be decoded: all are decoded before anybody trains on them. */
const MIN_STREAMING_SPLIT = 16;

/**
 * Decodes a collection, or opens what was decoded before, and parts it. Throws InputError as `openImages` says, and for wrong options; where
 * it is opened early, what is wrong with the images rejects later what waits for them.
 */
export async function openCollection(collection: ImageCollection, format: DecodeOptions, options: OpenOptions = {}): Promise<ImageSource> {
  const { name, items, skipped = [] } = collection;
  const { testFraction = DEFAULT_TEST_FRACTION, splitSeed = 0, streaming = false, strict = false } = options;
  checkFormat(format);
  // Wrong fractions are refused before hours of decoding.
  const listed = partition(collection, items, testFraction, splitSeed);
  reportLeftOut(name, skipped, items.length + skipped.length, options);
  const images = await openImages(name, items, format, options);
  const source = { name, size: [format.size, format.size] as const, channels: format.channels, ...classesOf(collection), close: images.close };
  const finishDecoding = async () => {
    const failures = await images.finish();
    const undecoded = failures.map(({ index, reason }): SkippedImage => ({ name: items[index]!.name, reason }));
    const { train, test } = failures.length === 0 ? listed : decodedParts(collection, images, testFraction, splitSeed);
    const all = { labels: labelsOf(items), copyImage: images.copyImage, nameOf: (index: number) => items[index]!.name };
    return { train: subset(all, train), test: subset(all, test), skipped: [...skipped, ...undecoded] };
  };
  try {
    // What is left out is warned of as soon as it is known. A rejection is told to who waits for the images.
    images.finish().catch(() => undefined);
    const isSmall = Math.min(listed.train.length, listed.test.length) < MIN_STREAMING_SPLIT;
    if (!streaming || strict || isSmall) return { ...source, ...(await finishDecoding()) };
    const [train, test] = [listed.train, listed.test].map((part) => streamingSplit(images, items, part, name)) as [Split, Split];
    // Data of which nothing can be decoded are refused at once.
    await train.prepare?.([0]);
    return { ...source, train, test, skipped, finishDecoding };
  } catch (error) {
    images.close();
    throw error;
  }
}

/** The parts of the images that could be decoded, as places in the list. */
function decodedParts(collection: ImageCollection, { isSkipped }: OpenedImages, fraction: number, seed: number): Partition {
  const places = Uint32Array.from(collection.items.keys()).filter((index) => !isSkipped(index));
  const decoded = Array.from(places, (index) => collection.items[index]!);
  const { train, test } = partition(collection, decoded, fraction, seed);
  return { train: train.map((index) => places[index]!), test: test.map((index) => places[index]!) };
}

function partition({ isTest }: ImageCollection, items: readonly ImageItem[], fraction: number, seed: number): Partition {
  if (isTest) return partitionBy(items.length, (index) => isTest(items[index]!));
  return partitionByName(
    items.map(({ name }) => name),
    fraction,
    seed,
  );
}

const labelsOf = (items: readonly ImageItem[]): Uint8Array | null =>
  items.every(({ label }) => label !== null) ? Uint8Array.from(items, ({ label }) => label!) : null;

function classesOf({ items, classNames }: ImageCollection): Pick<ImageSource, 'classes' | 'classNames'> {
  const labels = labelsOf(items);
  if (labels === null) return { classes: null };
  return classNames ? { classes: classNames.length, classNames } : { classes: 1 + labels.reduce((largest, label) => Math.max(largest, label), 0) };
}

function checkFormat({ size, channels, padding }: DecodeOptions): void {
  if (!Number.isInteger(size) || size < 1 || size > LARGEST_SIZE) throw new InputError(`size ${size}: should be a whole number from 1 to ${LARGEST_SIZE}`);
  if (channels !== 1 && channels !== 3) throw new InputError(`channels ${channels}: should be 1 (grey) or 3 (RGB)`);
  if (padding) requirePaddable(size, padding);
}
