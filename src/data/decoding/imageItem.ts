import type { Decoded, DecodeOptions } from '../../images/decoding.js';

/** An image that is not decoded yet: a file, or one of an array of images in another size than is wanted. */
export interface ImageItem {
  /** What messages call it, and what decides whether it is trained on or tested on: its path from the data set's folder, or its number. */
  readonly name: string;
  /** Its class, or null where it has none. */
  readonly label: number | null;
  /** A text that differs whenever the pixels may: they are decoded anew where it is not the one that they were decoded under. */
  readonly fingerprint: string;
  /** Never rejects: an image that cannot be had gives a failure. */
  decode(options: DecodeOptions): Promise<Decoded>;
}

/** An image, or a folder of them, that is not part of the data, and why. */
export interface SkippedImage {
  readonly name: string;
  /** One line. */
  readonly reason: string;
}
