/** Numbers as files store them: unsigned and signed integers and floats, by the bytes that one takes. */
export type ElementKind = 'u1' | 'i1' | 'u2' | 'i2' | 'u4' | 'i4' | 'u8' | 'i8' | 'f4' | 'f8';

/** Numbers of one kind. Integers of 8 bytes are bigints, since numbers hold no more than 53 bits. */
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

/** Whether a text names a kind that can be read. */
export const isElementKind = (text: string): text is ElementKind => Object.hasOwn(ARRAYS, text);

/** How many bytes one number takes. */
export const elementBytes = (kind: ElementKind): number => ARRAYS[kind].BYTES_PER_ELEMENT;

/** Bytes as numbers of a kind; there must be a whole number of them. Unsigned bytes stay where they are, all others are copied. */
export function elementsOf(bytes: Uint8Array, kind: ElementKind, littleEndian: boolean): Elements {
  if (kind === 'u1') return bytes;
  // Typed arrays begin at multiples of their elements' size, files' arrays anywhere.
  const copy = new Uint8Array(bytes);
  const size = elementBytes(kind);
  if (littleEndian !== HOST_IS_LITTLE_ENDIAN) for (let start = 0; start < copy.length; start += size) copy.subarray(start, start + size).reverse();
  return new ARRAYS[kind](copy.buffer);
}
