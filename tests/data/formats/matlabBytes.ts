import { deflateSync } from 'node:zlib';
import { ByteWriter } from './byteWriter.js';

/** Types of data elements, by the names in MathWorks' document. */
export const MI = {
  int8: 1,
  uint8: 2,
  int16: 3,
  uint16: 4,
  int32: 5,
  uint32: 6,
  single: 7,
  double: 9,
  int64: 12,
  uint64: 13,
  matrix: 14,
  compressed: 15,
};
export const MX = {
  cell: 1,
  char: 4,
  double: 6,
  single: 7,
  int8: 8,
  uint8: 9,
  int16: 10,
  uint16: 11,
  int32: 12,
  uint32: 13,
  int64: 14,
  uint64: 15,
  opaque: 17,
};

/** The bytes that each type of number takes. */
const WIDTHS = {
  int8: 1,
  uint8: 1,
  int16: 2,
  uint16: 2,
  int32: 4,
  uint32: 4,
  single: 4,
  double: 8,
  int64: 8,
  uint64: 8,
} as const;
export type NumberType = keyof typeof WIDTHS;

/** A data element with a tag of 8 bytes; or, as MATLAB does with up to four bytes of data, of 4. */
export function element(type: number, data: Uint8Array, littleEndian = true, small = false): Uint8Array {
  const writer = new ByteWriter(littleEndian);
  if (small) writer.u32(65_536 * data.length + type);
  else writer.u32(type, data.length);
  writer.bytes(data);
  return type === MI.compressed ? writer.done() : writer.padTo(8).done();
}

export const numberBytes = (type: NumberType, values: readonly number[], littleEndian = true): Uint8Array =>
  new ByteWriter(littleEndian)
    .numbers(type === 'single' || type === 'double' ? 'float' : 'integer', WIDTHS[type], values)
    .done();

export interface MatrixParts {
  variable: string;
  sizes: readonly number[];
  mxClass: number;
  stored: NumberType;
  values: readonly number[] | Uint8Array;
  flags?: number;
  littleEndian?: boolean;
  /** Whether names and numbers of up to four bytes are small data elements. */
  small?: boolean;
}

/** An array as an element: flags and class, sizes, name, numbers. */
export function matrix({
  variable,
  sizes,
  mxClass,
  stored,
  values,
  flags = 0,
  littleEndian = true,
  small = false,
}: MatrixParts): Uint8Array {
  const name = new TextEncoder().encode(variable);
  const numbers = values instanceof Uint8Array ? values : numberBytes(stored, values, littleEndian);
  const fits = (data: Uint8Array) => small && data.length > 0 && data.length <= 4;
  const data = new ByteWriter(littleEndian)
    .bytes(element(MI.uint32, new ByteWriter(littleEndian).u32(256 * flags + mxClass, 0).done(), littleEndian))
    .bytes(element(MI.int32, new ByteWriter(littleEndian).u32(...sizes).done(), littleEndian))
    .bytes(element(MI.int8, name, littleEndian, fits(name)))
    .bytes(element(MI[stored], numbers, littleEndian, fits(numbers)));
  return element(MI.matrix, data.done(), littleEndian);
}

export const compressed = (inner: Uint8Array, littleEndian = true): Uint8Array =>
  element(MI.compressed, deflateSync(inner), littleEndian);

/** A file of level 5: 116 bytes of text, 8 of nothing, version and byte order, then the elements. */
export function matFile(elements: readonly Uint8Array[], littleEndian = true, version = 0x0100): Uint8Array {
  const writer = new ByteWriter(littleEndian)
    .text('MATLAB 5.0 MAT-file, Platform: GLNXA64'.padEnd(116))
    .bytes(new Uint8Array(8));
  // "MI" as a number of 16 bits: little-endian machines write it the other way round.
  writer.u16(version, 0x4d49);
  for (const each of elements) writer.bytes(each);
  return writer.done();
}
