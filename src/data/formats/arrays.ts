import { InputError } from '../../errors.js';
import { channelsFirst } from '../../images/raster.js';

const ARRAYS = {
  u1: Uint8Array,
  i1: Int8Array,
  u2: Uint16Array,
  i2: Int16Array,
  u4: Uint32Array,
  i4: Int32Array,
  u8: BigUint64Array,
  i8: BigInt64Array,
  f4: Float32Array,
  f8: Float64Array,
} as const;

/** `u` for unsigned, `i` for signed integers and `f` for floats, with the bytes per element. */
export type ElementKind = keyof typeof ARRAYS;

/** Integers of 8 bytes are bigints because numbers have only 53 bits. */
export type Elements = (typeof ARRAYS)[ElementKind]['prototype'];

const HOST_IS_LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

export const isElementKind = (text: string): text is ElementKind => Object.hasOwn(ARRAYS, text);

export const elementBytes = (kind: ElementKind) => ARRAYS[kind].BYTES_PER_ELEMENT;

/** Copies elements of several bytes: typed arrays must be aligned, and arrays in files are not. */
export function elementsOf(bytes: Uint8Array, kind: ElementKind, littleEndian: boolean): Elements {
  if (kind === 'u1') return bytes;
  const copy = new Uint8Array(bytes);
  const size = elementBytes(kind);
  if (littleEndian !== HOST_IS_LITTLE_ENDIAN)
    for (let start = 0; start < copy.length; start += size) copy.subarray(start, start + size).reverse();
  return new ARRAYS[kind](copy.buffer);
}

export const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);

export const elementCount = (sizes: readonly number[]) => sizes.reduce((product, size) => product * size, 1);

/** Images as they are stored in a data set, before preprocessing. */
export interface LabeledImages {
  count: number;
  /** 1 (grayscale) or 3 (RGB). */
  channels: number;
  height: number;
  width: number;
  /** Bytes [count, C, H, W]. */
  pixels: Uint8Array;
  /** Class indices from 0, one per image, or null. */
  labels: Uint8Array | null;
}

type ImageLayout = Omit<LabeledImages, 'pixels' | 'labels'>;

export function imageLayout(sizes: readonly number[], name: string): ImageLayout {
  const [count = 0, height = 0, width = 0, channels = 1] = sizes;
  const found = sizes.length === 0 ? 'a single value' : `an array of ${sizes.join(' x ')}`;
  if (sizes.length < 3 || sizes.length > 4 || (channels !== 1 && channels !== 3))
    throw new InputError(
      name,
      `expected images [N, H, W] (grayscale) or [N, H, W, C] of 1 or 3 channels but got ${found}`,
    );
  if (sizes.includes(0)) throw new InputError(name, `expected at least one pixel but got ${found}`);
  return { count, height, width, channels };
}

/** Converts bytes [N, H, W, C] to [N, C, H, W]. */
export function channelPlanes(interleaved: Uint8Array, { channels, height, width }: ImageLayout): Uint8Array {
  if (channels === 1) return interleaved;
  const planes = new Uint8Array(interleaved.length);
  const bytes = channels * height * width;
  for (let start = 0; start < planes.length; start += bytes)
    planes.set(channelsFirst({ height, width, channels, data: interleaved.subarray(start, start + bytes) }), start);
  return planes;
}

/** @throws {InputError} unless all labels are integers from `min` to `max` */
export function classNumbers(labels: Elements, min: number, max: number, name: string): Uint8Array {
  return Uint8Array.from<number | bigint>(labels, (element, index) => {
    const label = Number(element);
    if (!Number.isInteger(label) || label < min || label > max)
      throw new InputError(name, `image ${index}: expected a label from ${min} to ${max} but got ${label}`);
    return label;
  });
}
