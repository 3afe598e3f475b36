import { InputError } from '../errors.js';

/** A border around images. The size of an image is its inner size and the border on both sides, or a multiple of that: each pixel is repeated then. */
export interface Padding {
  /** Rows and columns of an image without the border. */
  readonly inner: number;
  /** Rows and columns of the border on each side. */
  readonly border: number;
  /** The value of the border's pixels, 0 (black) to 255. */
  readonly value: number;
}

/** Rows and columns of a padded image before pixels are repeated. */
export const paddedSize = ({ inner, border }: Padding): number => inner + 2 * border;

/** @throws {InputError} if images with this padding cannot have this size. */
export function requirePaddable(size: number, padding: Padding): void {
  const padded = paddedSize(padding);
  if (size % padded === 0) return;
  const { inner, border } = padding;
  throw new InputError(`size ${size}: images of ${inner}x${inner} are padded to ${padded}x${padded} (a border of ${border}), or to a multiple of that`);
}

/**
 * Puts an image into the middle of its border, and repeats each pixel if `size` is a multiple of the padded size.
 * @param image bytes [C, inner, inner]
 * @param target receives the bytes [channels, size, size]; a single channel of `image` is repeated
 */
export function padImage(
  image: Uint8Array,
  padding: Padding,
  { size, channels }: { readonly size: number; readonly channels: number },
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
      const repeated = factor === 1 ? line : Uint8Array.from({ length: inner * factor }, (_, column) => line[Math.floor(column / factor)]!);
      for (let copy = 0; copy < factor; copy++) target.set(repeated, plane * area + ((border + row) * factor + copy) * size + border * factor);
    }
  }
  for (let start = planes * area; start < channels * area; start += planes * area) target.copyWithin(start, 0, planes * area);
}
