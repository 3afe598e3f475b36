import { InputError } from '../errors.js';

/**
 * How an image becomes a square. `center` covers the square and crops both ends of the longer side. `stretch` ignores
 * the aspect ratio. `celeba`, for 178x218 faces, resizes to 64x78 and keeps rows 7 to 70 (other sizes in proportion).
 */
export type Crop = (typeof CROPS)[number];
export const CROPS = ['center', 'stretch', 'celeba'] as const;

/** A border around images. */
export interface Padding {
  /** Rows and columns without the border. */
  inner: number;
  /** Rows and columns on each side. */
  border: number;
  /** 0 (black) to 255. */
  value: number;
}

const MAX_SIZE = 1024;

/** 28x28 digits in the middle of 32x32. They stay light on dark, as published. */
export const DIGIT_PADDING: Padding = { inner: 28, border: 2, value: 0 };

/** How images are preprocessed. */
export interface DecodeOptions {
  /** Rows and columns. */
  size: number;
  /** 1 (grayscale) or 3 (RGB). */
  channels: number;
  /** Default: `center`. */
  crop?: Crop | undefined;
  /** Border that is added after resizing (default: none). */
  padding?: Padding | null | undefined;
}

export interface DecodingFailure {
  failure: string;
  /** The file system refused the file, which may pass. */
  unreadable: boolean;
}

/** Bytes [C, size, size]. */
export type Decoded = { pixels: Uint8Array } | DecodingFailure;

/** An image of the final size was prepared before, so it stays. */
export function preprocessingSteps(width: number, height: number, { size, crop = 'center', padding }: DecodeOptions) {
  const has = (expected: number) => width === expected && height === expected;
  if (has(size)) return { square: size, crop: 'stretch' as const, padding: undefined };
  const square = padding ? padding.inner : size;
  return { square, crop: has(square) ? ('stretch' as const) : crop, padding: padding ?? undefined };
}

/** Before pixels are repeated. */
export const paddedSize = ({ inner, border }: Padding) => inner + 2 * border;

export function requirePaddable(size: number, padding: Padding) {
  const padded = paddedSize(padding);
  if (size % padded === 0) return;
  const { inner, border } = padding;
  const problem = `images of ${inner}x${inner} are padded to ${padded}x${padded} (border ${border})`;
  throw new InputError(`size ${size}`, problem, `choose a multiple of ${padded}`);
}

/**
 * Writes an image [C, inner, inner] with its border to [channels, size, size]. Repeats pixels if `size` is a multiple
 * of the padded size, and a single channel for three.
 */
export function padImage(
  image: Uint8Array,
  padding: Padding,
  { size, channels }: Pick<DecodeOptions, 'size' | 'channels'>,
  target: Uint8Array,
): void {
  const { inner, border, value } = padding;
  const factor = size / paddedSize(padding);
  const [innerArea, area] = [inner * inner, size * size];
  const planes = image.length / innerArea;
  target.fill(value, 0, channels * area);
  for (let plane = 0; plane < planes; plane++) {
    for (let row = 0; row < inner; row++) {
      const start = plane * innerArea + row * inner;
      const line = image.subarray(start, start + inner);
      const repeated =
        factor === 1
          ? line
          : Uint8Array.from({ length: inner * factor }, (_, column) => line[Math.floor(column / factor)]!);
      for (let copy = 0; copy < factor; copy++)
        target.set(repeated, plane * area + ((border + row) * factor + copy) * size + border * factor);
    }
  }
  for (let start = planes * area; start < channels * area; start += planes * area)
    target.copyWithin(start, 0, planes * area);
}

export function requireDecodeOptions(given: unknown) {
  const options = (given ?? {}) as Partial<Record<keyof DecodeOptions, unknown>>;
  const { size, channels, crop = 'center', padding = null } = options;
  const reject = (key: string, expected: string) => {
    throw new InputError('preprocessing', `${key} must be ${expected}`, "pass the run's configuration");
  };
  if (!(Number.isInteger(size) && Number(size) >= 1 && Number(size) <= MAX_SIZE))
    reject('size', `a whole number from 1 to ${MAX_SIZE}`);
  if (channels !== 1 && channels !== 3) reject('channels', '1 (grayscale) or 3 (RGB)');
  if (!CROPS.some((name) => name === crop)) reject('crop', `one of ${CROPS.join(', ')}`);
  const { inner, border, value } = (padding ?? { inner: 1, border: 1, value: 0 }) as Partial<Padding>;
  if (![inner, border, value].every((each) => Number.isInteger(each) && each! >= 0 && each! <= MAX_SIZE))
    reject('padding', 'null, or whole numbers inner, border and value');
}
