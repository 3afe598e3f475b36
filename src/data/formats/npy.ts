import { InputError, quoted } from '../../errors.js';
import {
  elementBytes,
  elementCount,
  type ElementKind,
  type Elements,
  elementsOf,
  isElementKind,
  viewOf,
} from './arrays.js';

/** An array for NumPy: bytes or float32, row-major. */
export interface NumpyArray {
  shape: readonly number[];
  data: Uint8Array | Float32Array;
}

/** An array that NumPy saved. */
export interface DecodedNumpyArray {
  /** Empty for a scalar. */
  shape: readonly number[];
  /** In the file, of either byte order; b1 is boolean. */
  kind: ElementKind | 'b1';
  /** Row-major. Booleans are bytes of 0 and 1. */
  data: Elements;
}

const MAGIC = [0x93, ...new TextEncoder().encode('NUMPY')];
/** NumPy's own limits. */
const MAX_HEADER = 10_000;
const MAX_AXES = 64;

export const pythonTuple = (shape: readonly number[]) => `(${shape.join(', ')}${shape.length === 1 ? ',' : ''})`;

export const typeOf = (data: NumpyArray['data']): WrittenType => (data instanceof Float32Array ? '<f4' : '|u1');

/** Writes format 1.0. */
export function encodeNpy({ shape, data }: NumpyArray): Uint8Array {
  const preamble = npyPreamble(shape, typeOf(data));
  const bytes = new Uint8Array(preamble.length + data.byteLength);
  bytes.set(preamble);
  bytes.set(bytesOf(data), preamble.length);
  return bytes;
}

export const bytesOf = (data: NumpyArray['data']): Uint8Array =>
  new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

/** `<U5` is for texts of five characters. */
export type WrittenType = '|u1' | '<f4' | `<U${number}`;

/** Characters have 32 bits. */
export const writtenBytes = (type: WrittenType) =>
  type === '|u1' ? 1 : type === '<f4' ? 4 : 4 * Number(type.slice(2));

/** Returns the bytes before the elements, up to a multiple of 64. */
export function npyPreamble(shape: readonly number[], type: WrittenType): Uint8Array {
  const literal = `{'descr': '${type}', 'fortran_order': False, 'shape': ${pythonTuple(shape)}, }`;
  const fixed = MAGIC.length + 4;
  const length = Math.ceil((fixed + literal.length + 1) / 64) * 64 - fixed;
  const bytes = new Uint8Array(fixed + length);
  bytes.set([...MAGIC, 1, 0]);
  new DataView(bytes.buffer).setUint16(fixed - 2, length, true);
  bytes.set(new TextEncoder().encode(`${literal.padEnd(length - 1)}\n`), fixed);
  return bytes;
}

/**
 * Reads booleans, integers and floats of either byte order, row- or column-major, from an .npy file of format 1.0, 2.0
 * or 3.0.
 * @throws {InputError} if the bytes are no such file
 */
export function decodeNpy(bytes: Uint8Array, name: string): DecodedNumpyArray {
  const refusal: Refusal = (problem, remedy) => new InputError(name, problem, remedy);
  const { literal, start } = headerText(bytes, refusal);
  const { kind, littleEndian, fortranOrder, shape } = parseHeader(literal, refusal);
  if (shape.length > MAX_AXES)
    throw refusal(`expected at most ${MAX_AXES} axes, NumPy's limit, but got ${shape.length} axes`);
  const stored = bytes.subarray(start);
  const storedKind = kind === 'b1' ? 'u1' : kind;
  const width = elementBytes(storedKind);
  const expected = elementCount(shape) * width;
  if (stored.length !== expected)
    throw refusal(
      `an .npy file of shape ${pythonTuple(shape)} has ${expected} bytes after its header, this one has ${stored.length}`,
    );
  const data = elementsOf(fortranOrder ? rowMajor(stored, shape, width) : stored, storedKind, littleEndian);
  if (kind === 'b1' && stored.some((value) => value > 1))
    throw refusal('corrupt file: expected booleans of 0 and 1 but got other values');
  return { shape, kind, data };
}

type Refusal = (problem: string, remedy?: string) => InputError;

function headerText(bytes: Uint8Array, refusal: Refusal) {
  if (!MAGIC.every((byte, at) => bytes[at] === byte))
    throw refusal('not an .npy file: it does not start with \x93NUMPY');
  const [major, minor] = bytes.subarray(MAGIC.length);
  const [lengthAt, isLong] = [MAGIC.length + 2, major !== 1];
  const textAt = lengthAt + (isLong ? 4 : 2);
  if (bytes.length < textAt) throw refusal(`truncated .npy file: ${bytes.length} bytes end before its header`);
  if (!(major! >= 1 && major! <= 3) || minor !== 0)
    throw refusal(`expected .npy format 1.0, 2.0 or 3.0 but got ${major}.${minor}`);
  const view = viewOf(bytes);
  const length = isLong ? view.getUint32(lengthAt, true) : view.getUint16(lengthAt, true);
  if (length > MAX_HEADER)
    throw refusal(`expected a header of at most ${MAX_HEADER} bytes, NumPy's limit, but got ${length}`);
  if (bytes.length < textAt + length)
    throw refusal(`truncated .npy file: ${bytes.length} bytes end inside its header of ${length}`);
  return { literal: new TextDecoder().decode(bytes.subarray(textAt, textAt + length)), start: textAt + length };
}

/** Entries of the header in any order. Python 2 wrote an L after long integers. */
const ENTRIES = [
  /(['"])descr\1\s*:\s*(['"])(?<descr>[^'"\\]*)\2/,
  /(['"])fortran_order\1\s*:\s*(?<order>True|False)\b/,
  /(['"])shape\1\s*:\s*\((?<shape>[^()]*)\)/,
];

function parseHeader(literal: string, refusal: Refusal) {
  const found = ENTRIES.map((entry) => entry.exec(literal));
  const { descr, order, shape } = Object.assign({}, ...found.map((entry) => entry?.groups)) as Record<string, string>;
  const others = found.reduce((text, entry) => text.replace(entry?.[0] ?? '', ''), literal).trim();
  const sizes = parseTuple(shape ?? '1');
  if (descr === undefined || order === undefined || sizes === undefined || !/^\{(?:\s*,){2,3}\s*\}$/.test(others))
    throw refusal(
      `its header is ${quoted(literal.trim())}`,
      "expected {'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), } with a plain type",
    );
  const [, byteOrder, type = ''] = /^([<>|])([a-z]\d)$/.exec(descr) ?? [];
  if ((type !== 'b1' && !isElementKind(type)) || (byteOrder === '|' && !type.endsWith('1')))
    throw refusal(
      `unknown element type ${quoted(descr)}`,
      'expected b1, an integer (u1, i2, ...) or a float (f4, f8) after <, > or |',
    );
  const kind: DecodedNumpyArray['kind'] = type;
  return { kind, littleEndian: byteOrder !== '>', fortranOrder: order === 'True', shape: sizes };
}

/** Returns undefined for other texts: in Python, (2) is a number. */
function parseTuple(text: string) {
  const parts = text.split(',').map((part) => part.trim());
  if (parts.at(-1) === '') parts.pop();
  else if (parts.length === 1) return undefined;
  const sizes = parts.map((part) => (/^\d+L?$/.test(part) ? Number.parseInt(part, 10) : NaN));
  return sizes.every(Number.isSafeInteger) ? sizes : undefined;
}

function rowMajor(stored: Uint8Array, shape: readonly number[], width: number) {
  const arranged = new Uint8Array(stored.length);
  const index = shape.map(() => 0);
  const strides = shape.map((_, axis) => width * elementCount(shape.slice(0, axis)));
  let source = 0;
  for (let target = 0; target < arranged.length; target += width) {
    for (let byte = 0; byte < width; byte++) arranged[target + byte] = stored[source + byte]!;
    // Increments the index in row-major order, and moves the source along.
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      source += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      source -= index[axis]! * strides[axis]!;
      index[axis] = 0;
    }
  }
  return arranged;
}
