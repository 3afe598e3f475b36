import type { Crop } from '../images/decoding.js';
import type { Padding } from '../images/padding.js';
import type { SkippedImage } from './decoding/imageItem.js';

/** How images are wanted. */
export interface ImageFormat {
  /** Rows and columns of an image. */
  readonly size: number;
  /** 1 (grey) or 3 (RGB). */
  readonly channels: number;
  /** How images of another shape become squares; as is usual for the data where it is not given. */
  readonly crop?: Crop;
  /** The border that images get after they were resized, or null for none; as the data declare it if it is not given. */
  readonly padding?: Padding | null | undefined;
}

/** Images of one part of a data set, as bytes [C, H, W] each, with a label each if the data have any. */
export interface Split {
  readonly count: number;
  /** Class numbers, one an image, or null. */
  readonly labels: Uint8Array | null;
  /** Copies the bytes of an image to `target` at `offset`. */
  readonly copyImage: (index: number, target: Uint8Array, offset: number) => void;
  /** Waits until images can be copied, where that is not so from the beginning. */
  readonly prepare?: (indices: Iterable<number>) => Promise<void>;
  /** What an image is called, such as its path below the data's folder, where images have names. */
  readonly nameOf?: (index: number) => string;
}

/** A data set: images of one size, in a part to train on and a part to test on. */
export interface ImageSource {
  /** What the user called it: `mnist`. */
  readonly name: string;
  /** Rows and columns. */
  readonly size: readonly [height: number, width: number];
  readonly channels: number;
  readonly train: Split;
  readonly test: Split;
  /** How many classes the labels distinguish, or null without labels. */
  readonly classes: number | null;
  /** What the classes are called, by number, where the data say it. */
  readonly classNames?: readonly string[];
  /** Where images may still be decoded, and the parts count those that cannot be: waits until all are done, and has the parts without these. */
  readonly finishDecoding?: () => Promise<Pick<ImageSource, 'train' | 'test' | 'skipped'>>;
  /** Images that are not in either part because they could not be read, as far as is known. */
  readonly skipped?: readonly SkippedImage[];
  /** Gives back the files that the images are read from, where there are any; images cannot be copied any more. */
  readonly close?: () => void;
}

/** A source of which every image is decoded, without those that cannot be. */
export const awaitDecoding = async (source: ImageSource): Promise<ImageSource> => ({ ...source, ...(await source.finishDecoding?.()) });

/** A split whose images lie one after another in memory, `imageBytes` each. */
export function splitInMemory(pixels: Uint8Array, imageBytes: number, labels: Uint8Array | null): Split {
  return {
    count: pixels.length / imageBytes,
    labels,
    copyImage: (index, target, offset) => target.set(pixels.subarray(index * imageBytes, (index + 1) * imageBytes), offset),
  };
}

/** The images of a split at `indices`, as a split of its own. */
export function subset({ labels, copyImage, nameOf }: Omit<Split, 'count'>, indices: Uint32Array): Split {
  return {
    count: indices.length,
    labels: labels && Uint8Array.from(indices, (index) => labels[index]!),
    copyImage: (index, target, offset) => copyImage(indices[index]!, target, offset),
    ...(nameOf ? { nameOf: (index: number) => nameOf(indices[index]!) } : {}),
  };
}

/** The bytes of the images at `indices`, one after another. */
export function gatherImages(split: Split, indices: ArrayLike<number>, imageBytes: number, target = new Uint8Array(indices.length * imageBytes)): Uint8Array {
  for (let position = 0; position < indices.length; position++) split.copyImage(indices[position]!, target, position * imageBytes);
  return target;
}

/** The first `count` images of a split, or all if there are fewer. */
export const firstImages = (split: Split, count: number, imageBytes: number): Uint8Array =>
  gatherImages(
    split,
    Array.from({ length: Math.min(count, split.count) }, (_, index) => index),
    imageBytes,
  );
