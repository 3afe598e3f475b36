/** Element types of files: unsigned and signed integers and floats, with their number of bytes. */
export type ElementKind = 'u1' | 'i1' | 'u2' | 'i2' | 'u4' | 'i4' | 'u8' | 'i8' | 'f4' | 'f8';

/** Elements of one type. Integers of 8 bytes are bigints because numbers have only 53 bits. */
export type Elements =
  Uint8Array | Int8Array | Uint16Array | Int16Array | Uint32Array | Int32Array | BigUint64Array | BigInt64Array | Float32Array | Float64Array;

interface ElementArray {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBuffer): Elements;
}

const ARRAYS: Readonly<Record<ElementKind, ElementArray>> = {
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
};

const HOST_IS_LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** Whether a text is a supported element type. */
export const isElementKind = (text: string): text is ElementKind => Object.hasOwn(ARRAYS, text);

/** Returns the number of bytes per element. */
export const elementBytes = (kind: ElementKind): number => ARRAYS[kind].BYTES_PER_ELEMENT;

/** Reads bytes as elements of a type. Unsigned bytes are returned without a copy. */
export function elementsOf(bytes: Uint8Array, kind: ElementKind, littleEndian: boolean): Elements {
  if (kind === 'u1') return bytes;
  // A typed array must start at a multiple of its element size, an array of a file may start anywhere.
  const copy = new Uint8Array(bytes);
  const size = elementBytes(kind);
  if (littleEndian !== HOST_IS_LITTLE_ENDIAN) for (let start = 0; start < copy.length; start += size) copy.subarray(start, start + size).reverse();
  return new ARRAYS[kind](copy.buffer);
}
