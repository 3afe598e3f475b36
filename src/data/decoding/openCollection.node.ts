import { InputError } from '../../errors.js';
import { type DecodeOptions, requirePaddable } from '../../images/preprocessing.js';
import { randomStream } from '../../random.js';
import { digestItems } from './imageItems.node.js';
import { partitionBy, partitionByName } from '../imageNames.js';
import { type ImageItem, type ImageSource, type SkippedImage, type Split, subset } from '../source.js';
import {
  type DecodeCacheOptions,
  nameFailures,
  openImages,
  type PendingImages,
  reportSkipped,
} from './openImages.node.js';

interface ImageCollection {
  items: readonly ImageItem[];
  classNames?: readonly string[];
  /** Default: the test split is drawn. */
  isTest?: (item: ImageItem) => boolean;
  skipped?: readonly SkippedImage[];
}

/** How data is opened. */
export interface OpenOptions extends DecodeCacheOptions {
  /** Fraction of the images in the test split, if the data has none (default: 0.1). */
  testFraction?: number;
  /** Seed of the test split (default: 0). */
  splitSeed?: number;
  /** A CSV file with a row of attributes per image (default: none). */
  attributesFile?: string | undefined;
  /** Return before all images are decoded, unless `strict` is set or a split is very small (default: false). */
  streaming?: boolean;
}

export type NamedOptions = OpenOptions & { name: string };

const DEFAULT_TEST_FRACTION = 0.1;
/** Smaller splits might have no decodable image, so they are decoded before training. */
const MIN_STREAMING_SPLIT = 16;

export function warnOfOwnSplit({ name, testFraction = DEFAULT_TEST_FRACTION, onWarning }: NamedOptions) {
  if (testFraction !== DEFAULT_TEST_FRACTION)
    onWarning?.(`${name}: the test fraction ${testFraction} is ignored, because the data has its own test split`);
}

export async function openCollection(
  collection: ImageCollection,
  format: DecodeOptions,
  options: NamedOptions,
): Promise<ImageSource> {
  const { items, skipped = [], classNames, isTest } = collection;
  const { name, testFraction = DEFAULT_TEST_FRACTION, splitSeed = 0, streaming = false, strict = false } = options;
  const { size, channels, padding } = format;
  if (padding) requirePaddable(size, padding);
  if (isTest) warnOfOwnSplit(options);
  const nameOf = (index: number) => items[index]!.name;
  const partition = (indices: Uint32Array) =>
    isTest
      ? partitionBy(indices, (index) => isTest(items[index]!))
      : partitionByName(indices, nameOf, testFraction, splitSeed);
  const all = Uint32Array.from(items.keys());
  const listed = partition(all);
  reportSkipped(skipped, items.length + skipped.length, options);
  const images = await openImages(items, format, options);
  const labels = labelsOf(items);
  const source = {
    name,
    size: [size, size] as const,
    channels,
    ...classesOf(labels, classNames),
    digest: () => digestItems(items, isTest),
    close: images.close,
  };
  const finishDecoding = async () => {
    const failures = await images.finish();
    const { train, test } = failures.length === 0 ? listed : partition(all.filter((index) => !images.isSkipped(index)));
    const split = { labels, copyImage: images.copyImage, nameOf };
    const undecoded = nameFailures(failures, items);
    return { train: subset(split, train), test: subset(split, test), skipped: [...skipped, ...undecoded] };
  };
  try {
    // Reports skipped images early. Calls that wait for images get its rejection.
    images.finish().catch(() => undefined);
    const isSmall = Math.min(listed.train.length, listed.test.length) < MIN_STREAMING_SPLIT;
    if (!streaming || strict || isSmall) return { ...source, ...(await finishDecoding()) };
    const train = streamingSplit(images, items, listed.train, name);
    const test = streamingSplit(images, items, listed.test, name);
    // Rejects data without a decodable image.
    await train.prepare?.([0]);
    return { ...source, train, test, skipped, finishDecoding };
  } catch (error) {
    images.close();
    throw error;
  }
}

/** Without names, the largest label gives the number of classes. */
export function classesOf(
  labels: Uint8Array | null,
  classNames?: readonly string[],
): Pick<ImageSource, 'classes' | 'classNames'> {
  if (labels === null) return { classes: null };
  if (classNames) return { classes: classNames.length, classNames };
  return { classes: 1 + labels.reduce((largest, label) => Math.max(largest, label), 0) };
}

const labelsOf = (items: readonly ImageItem[]) =>
  items.every(({ label }) => label !== null) ? Uint8Array.from(items, ({ label }) => label!) : null;

/** A skipped image's name determines its substitute, so that runs do not depend on the progress of decoding. */
export function streamingSplit(
  images: Pick<PendingImages, 'ensureDecoded' | 'isSkipped' | 'copyImage'>,
  items: readonly ImageItem[],
  indices: Uint32Array,
  name: string,
): Split {
  const used = indices.slice();
  const labels = labelsOf(Array.from(indices, (index) => items[index]!));
  const substituteOf = async (index: number) => {
    const first = randomStream(0, `substitute of ${items[index]!.name}`).below(indices.length);
    for (let step = 0; step < indices.length; step++) {
      const candidate = indices[(first + step) % indices.length]!;
      await images.ensureDecoded([candidate]);
      if (!images.isSkipped(candidate)) return candidate;
    }
    throw new InputError(name, `none of the ${indices.length} images of a split can be decoded`);
  };
  return {
    count: indices.length,
    labels,
    nameOf: (position) => items[used[position]!]!.name,
    copyImage: (position, target, offset) => images.copyImage(used[position]!, target, offset),
    prepare: async (positions) => {
      const requested = Array.from(positions);
      await images.ensureDecoded(requested.map((position) => used[position]!));
      for (const position of requested) {
        if (!images.isSkipped(used[position]!)) continue;
        used[position] = await substituteOf(used[position]!);
        if (labels) labels[position] = items[used[position]]!.label!;
      }
    },
  };
}
