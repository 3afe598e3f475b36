import type { Padding } from './padding.js';

/**
 * How an image of any shape becomes a square: `center` covers the square and cuts off what is too long, on both sides alike; `none`
 * squeezes the whole image into it; `celeba` is the usual preparation of CelebA's 178x218 faces: 64 wide and 78 high, then rows 7 to 70
 * (in other sizes the same in proportion).
 */
export type Crop = 'center' | 'stretch' | 'celeba';
export const CROPS: readonly Crop[] = ['center', 'stretch', 'celeba'];

/** How images are preprocessed: those that a run is trained on, and all that are given to its model later. */
export interface DecodeOptions {
  /** Rows and columns. */
  readonly size: number;
  /** 1 (grayscale) or 3 (RGB). */
  readonly channels: number;
  /** Default: `center`. */
  readonly crop?: Crop | undefined;
  /** The border that images get after they were resized. Default: none. */
  readonly padding?: Padding | null | undefined;
}

/** Why an image could not be decoded. */
export interface DecodingFailure {
  /** One line. */
  readonly failure: string;
  /** Whether the file could not even be read, which may pass without the file changing. */
  readonly unreadable: boolean;
}

/** The bytes [C, size, size] of an image, or why there are none. */
export type Decoded = { readonly pixels: Uint8Array } | DecodingFailure;

/** Endings of the files that are taken for images. */
const ENDINGS: ReadonlySet<string> = new Set(['png', 'jpg', 'jpeg', 'jpe', 'jfif', 'webp', 'gif', 'tif', 'tiff', 'avif']);
export const IMAGE_KINDS = 'PNG, JPEG, WebP, GIF, TIFF or AVIF';

/** Whether a file's name ends as an image's does, in letters of either case. */
export function hasImageExtension(name: string): boolean {
  const dot = name.lastIndexOf('.');
  return dot > 0 && ENDINGS.has(name.slice(dot + 1).toLowerCase());
}

/** How the formats begin: hexadecimal, a dot for any digit. */
const BEGINNINGS = [
  /^89504e470d0a1a0a/, // PNG
  /^ffd8ff/, // JPEG
  /^52494646.{8}57454250/, // WebP: RIFF, a length, WEBP
  /^474946383[79]61/, // GIF87a, GIF89a
  /^(49492a00|4d4d002a|49492b00|4d4d002b)/, // TIFF and its form for large files, in either byte order
  /^.{8}66747970(61766966|61766973|6d696631|6d736631)/, // AVIF: a length, ftyp, then avif, avis, mif1 or msf1
];

/** Whether bytes begin as an image in one of the formats does, whatever the file is called. */
export function hasImageSignature(bytes: Uint8Array): boolean {
  const beginning = Array.from(bytes.subarray(0, 12), (byte) => byte.toString(16).padStart(2, '0')).join('');
  return BEGINNINGS.some((pattern) => pattern.test(beginning));
}
