import { InputError } from '../../errors.js';

/** The types of data elements that structure a MATLAB file; the others are numbers. */
export const MATRIX = 14;
export const COMPRESSED = 15;

/** A data element's tag: what follows it, and where. */
export interface MatlabTag {
  readonly type: number;
  /** Where its data begin, and how many bytes they are. */
  readonly start: number;
  readonly size: number;
  /** Where the next element begins. */
  readonly next: number;
}

/**
 * Reads the tag of the data element at `offset`: its type and size (32 bits each), or both in 32 bits where at most four bytes of data
 * follow at once ("small data elements"). Elements are padded to multiples of 8 bytes, compressed ones are not. Throws InputError,
 * which begins with `name`, if the bytes end inside the tag.
 */
export function readTag(bytes: Uint8Array, offset: number, littleEndian: boolean, name: string): MatlabTag {
  if (offset + 8 > bytes.length) throw new InputError(`${name}: a MATLAB file cut short, ${bytes.length} bytes end inside the tag of a data element`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const word = view.getUint32(offset, littleEndian);
  const [smallSize, type] = [word >>> 16, word & 0xffff];
  if (smallSize > 4) throw new InputError(`${name}: a damaged MATLAB file, a small data element of ${smallSize} bytes at byte ${offset}, they have up to 4`);
  if (smallSize > 0) return { type, start: offset + 4, size: smallSize, next: offset + 8 };
  const [start, size] = [offset + 8, view.getUint32(offset + 4, littleEndian)];
  return { type, start, size, next: start + (type === COMPRESSED ? size : 8 * Math.ceil(size / 8)) };
}

/** The data of an element. Throws InputError, which begins with `name`, if the bytes end inside them. */
export function dataOf(bytes: Uint8Array, { start, size }: MatlabTag, name: string): Uint8Array {
  if (start + size > bytes.length)
    throw new InputError(`${name}: a MATLAB file cut short, a data element of ${size} bytes begins at byte ${start} of ${bytes.length}`);
  return bytes.subarray(start, start + size);
}
