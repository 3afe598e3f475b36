import { randomStream, shuffledIndices } from '../random.js';
import type { Crop, Decoded, DecodeOptions, Padding } from '../images/preprocessing.js';

/** How a data set's images are preprocessed. */
export interface ImageFormat {
  /** Rows and columns of an image. */
  size: number;
  /** 1 (grayscale) or 3 (RGB). */
  channels: number;
  /** Makes images square (default: as the data set declares). */
  crop?: Crop;
  /** Border after resizing, or null for none (default: as the data set declares). */
  padding?: Padding | null | undefined;
}

/** An image that is not decoded yet. */
export interface ImageItem {
  /** Decides on the split: the path below the folder, or a number. */
  name: string;
  label: number | null;
  /** Part of the cache key. */
  fingerprint: string;
  /** Independent of place and time; depends on the content only if `isSampled`. */
  contentKey: (isSampled: boolean) => string | Promise<string>;
  /** Never rejects. */
  decode: (options: DecodeOptions) => Promise<Decoded>;
}

export interface SkippedImage {
  name: string;
  reason: string;
}

/** Values of attributes of an image by name; an empty one is unknown. */
export type Description = Readonly<Record<string, string>>;

/** Images as bytes [C, H, W], with labels if the data has them. */
export interface Split {
  count: number;
  /** Class indices, one per image, or null. */
  labels: Uint8Array | null;
  copyImage: (index: number, target: Uint8Array, offset: number) => void;
  /** Waits until images can be copied. */
  prepare?: (indices: Iterable<number>) => Promise<void>;
  /** Returns for example a path below the data's folder. */
  nameOf?: (index: number) => string;
  /** Of data that was opened with a table of attributes. */
  describe?: (index: number) => Description;
}

/** Identifies images wherever their files are. */
export interface DataDigest {
  /** Of both splits, with images that cannot be decoded. */
  count: number;
  sha256: string;
}

/** An open data set. */
export interface ImageSource {
  /** The data spec, e.g. `mnist`. */
  name: string;
  size: readonly [height: number, width: number];
  channels: number;
  train: Split;
  test: Split;
  /** Number of classes, or null without labels. */
  classes: number | null;
  classNames?: readonly string[];
  /** The rows of its table of attributes, in their order there. */
  descriptions?: readonly Description[];
  /** Waits until all images are decoded, and returns the splits without skipped ones. */
  finishDecoding?: () => Promise<Pick<ImageSource, 'train' | 'test' | 'skipped'>>;
  /** Unreadable images, which are in neither split. */
  skipped?: readonly SkippedImage[];
  /** Does not depend on decoding. */
  digest?: () => Promise<DataDigest>;
  /** Closes the files: images cannot be copied any more. */
  close?: () => void;
}

/** Waits until all images are decoded, and returns the data without skipped ones. */
export const awaitDecoding = async (source: ImageSource): Promise<ImageSource> => ({
  ...source,
  ...(await source.finishDecoding?.()),
});

/** Returns a split of images of `imageBytes` each. */
export function splitInMemory(pixels: Uint8Array, imageBytes: number, labels: Uint8Array | null): Split {
  return {
    count: pixels.length / imageBytes,
    labels,
    copyImage: (index, target, offset) =>
      target.set(pixels.subarray(index * imageBytes, (index + 1) * imageBytes), offset),
  };
}

export function subset({ labels, copyImage, nameOf }: Omit<Split, 'count'>, indices: Uint32Array): Split {
  return {
    count: indices.length,
    labels: labelsOf({ labels }, indices),
    copyImage: (index, target, offset) => copyImage(indices[index]!, target, offset),
    ...(nameOf && { nameOf: (index: number) => nameOf(indices[index]!) }),
  };
}

/** Sorts images by name if they have names; else the train split comes first. */
export function joinSplits({ train, test }: Pick<ImageSource, 'train' | 'test'>): Split {
  const at = (index: number): readonly [Split, number] =>
    index < train.count ? [train, index] : [test, index - train.count];
  const nameOf = (index: number) => at(index)[0].nameOf!(at(index)[1]);
  const hasNames = [train, test].every((split) => split.nameOf !== undefined || split.count === 0);
  const joined: Omit<Split, 'count'> = {
    labels: train.labels && test.labels && Uint8Array.from([...train.labels, ...test.labels]),
    copyImage: (index, target, offset) => {
      const [split, position] = at(index);
      split.copyImage(position, target, offset);
    },
    ...(hasNames && { nameOf }),
  };
  const indices = Uint32Array.from(Array(train.count + test.count).keys());
  if (hasNames) indices.sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  return subset(joined, indices);
}

/** Returns bytes [N, C, H, W]. */
export function gatherImages(
  split: Pick<Split, 'copyImage'>,
  indices: ArrayLike<number>,
  imageBytes: number,
  target = new Uint8Array(indices.length * imageBytes),
): Uint8Array {
  for (let position = 0; position < indices.length; position++)
    split.copyImage(indices[position]!, target, position * imageBytes);
  return target;
}

/** Returns the classes of images, or null without labels. */
export const labelsOf = ({ labels }: Pick<Split, 'labels'>, indices: ArrayLike<number>): Uint8Array | null =>
  labels && Uint8Array.from(indices, (index) => labels[index]!);

/** Returns what conditions may depend on, besides the images. */
export const labelingOf = (split: Pick<Split, 'labels' | 'describe'>, indices: ArrayLike<number>) => ({
  labels: labelsOf(split, indices),
  ...(split.describe && { descriptions: Array.from(indices, split.describe) }),
});

/** The labeling of images of which nothing is known. */
export const unlabeled = (count: number) => ({
  labels: new Array<null>(count).fill(null),
  descriptions: new Array<Description>(count).fill({}),
});

/** Returns up to `count` images as bytes [N, C, H, W]. */
export const firstImages = (split: Split, count: number, imageBytes: number): Uint8Array =>
  gatherImages(split, [...Array(Math.min(count, split.count)).keys()], imageBytes);

/** Draws images in turn from each class. A smaller count gives the first of them. */
export function drawAcrossClasses({ count: total, labels }: Pick<Split, 'count' | 'labels'>, count: number) {
  const classes = new Map<number, number[]>();
  for (const index of shuffledIndices(total, randomStream(0, 'shown images'))) {
    const label = labels?.[index] ?? 0;
    const members = classes.get(label);
    if (members) members.push(index);
    else classes.set(label, [index]);
  }
  const queues = [...classes].sort(([a], [b]) => a - b);
  const drawn: number[] = [];
  for (let round = 0; drawn.length < Math.min(count, total); round++)
    drawn.push(...queues.flatMap(([, members]) => members.slice(round, round + 1)));
  return drawn.slice(0, count);
}

/** Names of the classes of a data set: their indices, if it has no names. */
export const classNamesIn = ({ classes, classNames }: Pick<ImageSource, 'classes' | 'classNames'>): string[] =>
  Array.from({ length: classes ?? 0 }, (_, label) => classNames?.[label] ?? `${label}`);

export const classNameOf = ({ classNames }: Pick<ImageSource, 'classNames'>, label: number) =>
  classNames?.[label] ?? `class ${label}`;
