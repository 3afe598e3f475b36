/** MATLAB files of level 5. Source: MathWorks, "MAT-File Format". */
import { InputError, quoted } from '../../errors.js';
import { unzlib, unzlibStart } from './compression.js';
import { elementBytes, type ElementKind, type Elements, elementsOf } from './arrays.js';

/** Classes of numeric arrays and the bytes per element in memory, by their code in a file. Booleans have class uint8. */
const CLASSES = {
  6: ['double', 8],
  7: ['single', 4],
  8: ['int8', 1],
  9: ['uint8', 1],
  10: ['int16', 2],
  11: ['uint16', 2],
  12: ['int32', 4],
  13: ['uint32', 4],
  14: ['int64', 8],
  15: ['uint64', 8],
} as const;
export type NumericClass = keyof typeof CLASSES;
export type MatlabClass = (typeof CLASSES)[NumericClass][0];

/** How elements are stored, by the type of their data element. */
const STORED: Readonly<Record<number, ElementKind>> = {
  1: 'i1',
  2: 'u1',
  3: 'i2',
  4: 'u2',
  5: 'i4',
  6: 'u4',
  7: 'f4',
  9: 'f8',
  12: 'i8',
  13: 'u8',
};
/** The types of data elements that structure a file. */
const [MATRIX, COMPRESSED] = [14, 15];
/** Functions and MATLAB's own objects have no sizes after their class. */
const FIRST_CLASS_WITHOUT_SIZES = 16;
const COMPLEX_FLAG = 0x0800;

const FILE_HEADER = 128;
const VERSION_5 = 0x0100;
const TAG = 8;
/** Bytes of an array's tag and header with 32 axes and a name of 63 letters. */
const MAX_HEADER = 512;
const NAMES_SHOWN = 5;

/** A numeric array of a MATLAB file. */
export interface MatlabArray {
  readonly class: MatlabClass;
  /** Rows, columns and further axes. */
  readonly sizes: readonly number[];
  /** Column-major. As stored: MATLAB writes doubles as bytes if all of them are small integers. */
  readonly values: Elements;
}

/** The header of a matrix element. */
interface MatrixHeader {
  readonly variable: string;
  readonly classCode: number;
  readonly isComplex: boolean;
  readonly sizes: readonly number[];
  /** Position of the elements. */
  readonly elementsStart: number;
}

/** A variable whose elements are not read yet. */
interface Variable {
  readonly header: MatrixHeader;
  /** Returns the data of its matrix element, and inflates it if it is compressed. */
  readonly data: () => Uint8Array | Promise<Uint8Array>;
}

/**
 * Reads the variables in `names` from a MATLAB file (`save -v6` and `-v7`, of either byte order): arrays of real numbers, compressed or not.
 * Other variables are skipped. A compressed array takes no more memory than its header declares, within the limit for its length.
 * @throws {InputError} that starts with `name` if the bytes are no such file, are corrupt or truncated, or lack a variable
 */
export async function decodeMatlab(
  bytes: Uint8Array,
  name: string,
  names: readonly string[],
): Promise<ReadonlyMap<string, MatlabArray>> {
  const littleEndian = readByteOrder(bytes, name);
  const arrays = new Map<string, MatlabArray>();
  const found: string[] = [];
  for (let offset = FILE_HEADER; offset < bytes.length;) {
    const tag = readTag(bytes, offset, littleEndian, name);
    offset = tag.next;
    const entry = await readVariable(bytes, tag, littleEndian, name);
    if (entry === null) continue;
    const { variable } = entry.header;
    found.push(variable);
    if (!names.includes(variable)) continue;
    if (arrays.has(variable)) throw corrupt(name, `variable ${quoted(variable)} twice`);
    arrays.set(variable, readMatrix(await entry.data(), entry.header, littleEndian, name));
  }
  const missing = names.find((variable) => !arrays.has(variable));
  if (missing === undefined) return arrays;
  const others = found.slice(0, NAMES_SHOWN).map(quoted).join(', ');
  throw new InputError(
    name,
    `variable ${missing} not found`,
    `the file has ${others || 'no variables'}${found.length > NAMES_SHOWN ? ', ...' : ''}`,
  );
}

const corrupt = (name: string, problem: string): InputError =>
  new InputError(name, `corrupt MATLAB file (${problem})`, 'download it again');

/** Returns whether the file is little-endian, by the two letters at the end of its header. */
function readByteOrder(bytes: Uint8Array, name: string): boolean {
  if (bytes.length < FILE_HEADER)
    throw new InputError(
      name,
      `not a MATLAB file of level 5: ${bytes.length} bytes are less than its header of ${FILE_HEADER}`,
    );
  const letters = String.fromCharCode(...bytes.subarray(FILE_HEADER - 2, FILE_HEADER));
  if (letters !== 'IM' && letters !== 'MI')
    throw new InputError(name, 'not a MATLAB file of level 5: its header does not end in IM or MI');
  const littleEndian = letters === 'IM';
  const version = new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint16(FILE_HEADER - 4, littleEndian);
  if (version !== VERSION_5)
    throw new InputError(
      name,
      `expected MATLAB version 0x100 but got 0x${version.toString(16)}`,
      'save the file with -v7 or -v6',
    );
  return littleEndian;
}

/** A data element's tag. */
interface MatlabTag {
  readonly type: number;
  /** Position and number of the bytes of its data. */
  readonly start: number;
  readonly size: number;
  /** Position of the next element. */
  readonly next: number;
}

/**
 * Reads the tag of the data element at `offset`: its type and size (32 bits each), or both in 32 bits if at most four bytes of data follow
 * ("small data elements"). Elements are padded to multiples of 8 bytes, except compressed ones.
 */
function readTag(bytes: Uint8Array, offset: number, littleEndian: boolean, name: string): MatlabTag {
  if (offset + TAG > bytes.length) throw truncated(name, `${bytes.length} bytes end inside the tag of a data element`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const word = view.getUint32(offset, littleEndian);
  const [smallSize, type] = [word >>> 16, word & 0xffff];
  if (smallSize > 4)
    throw corrupt(name, `a small data element of ${smallSize} bytes at byte ${offset}, their limit is 4`);
  if (smallSize > 0) return { type, start: offset + 4, size: smallSize, next: offset + TAG };
  const [start, size] = [offset + TAG, view.getUint32(offset + 4, littleEndian)];
  return { type, start, size, next: start + (type === COMPRESSED ? size : 8 * Math.ceil(size / 8)) };
}

const truncated = (name: string, problem: string): InputError =>
  new InputError(name, `truncated MATLAB file (${problem})`, 'download it again');

function dataOf(bytes: Uint8Array, { start, size }: MatlabTag, name: string): Uint8Array {
  if (start + size > bytes.length)
    throw truncated(name, `a data element of ${size} bytes at byte ${start} of ${bytes.length}`);
  return bytes.subarray(start, start + size);
}

/** Reads the variable in an element, or null if there is none. */
async function readVariable(
  bytes: Uint8Array,
  tag: MatlabTag,
  littleEndian: boolean,
  name: string,
): Promise<Variable | null> {
  const data = dataOf(bytes, tag, name);
  if (tag.type === COMPRESSED) return readCompressed(data, littleEndian, name);
  const header = tag.type === MATRIX && tag.size > 0 ? readHeader(data, littleEndian, name) : null;
  return header && { header, data: () => data };
}

/** Reads the header of the variable in a compressed element. Only the variables that are needed are inflated to their end. */
async function readCompressed(data: Uint8Array, littleEndian: boolean, name: string): Promise<Variable | null> {
  const start = await unzlibStart(data, MAX_HEADER, name);
  const tag = readTag(start, 0, littleEndian, name);
  if (tag.type !== MATRIX)
    throw corrupt(name, `a compressed element of type ${tag.type}, expected an array (${MATRIX})`);
  const header = readHeader(start.subarray(TAG), littleEndian, name);
  if (header === null) return null;
  return {
    header,
    data: async () => {
      const limit = maxMatrixBytes(header, name);
      if (!(tag.size <= limit))
        throw corrupt(
          name,
          `${tag.size} compressed bytes for an array of ${header.sizes.join(' x ')}, its limit is ${limit}`,
        );
      return (await unzlib(data, TAG + tag.size, name)).subarray(TAG);
    },
  };
}

/** Reads flags, sizes and name of a matrix element. Returns null for functions and objects, which are not arrays. */
function readHeader(data: Uint8Array, littleEndian: boolean, name: string): MatrixHeader | null {
  const flags = readTag(data, 0, littleEndian, name);
  const words = elementsOf(wholeWords(dataOf(data, flags, name)), 'u4', littleEndian);
  if (words.length < 2) throw corrupt(name, `an array with ${flags.size} bytes of flags, expected 8`);
  const word = Number(words[0]);
  const classCode = word & 0xff;
  if (classCode >= FIRST_CLASS_WITHOUT_SIZES) return null;
  const dimensions = readTag(data, flags.next, littleEndian, name);
  const sizes = Array.from(elementsOf(wholeWords(dataOf(data, dimensions, name)), 'i4', littleEndian), Number);
  if (sizes.length < 2 || sizes.some((size) => size < 0))
    throw corrupt(name, `an array of sizes ${sizes.join(' x ') || 'none'}, expected two or more`);
  const label = readTag(data, dimensions.next, littleEndian, name);
  const variable = new TextDecoder().decode(dataOf(data, label, name));
  return { variable, classCode, isComplex: (word & COMPLEX_FLAG) !== 0, sizes, elementsStart: label.next };
}

const wholeWords = (bytes: Uint8Array): Uint8Array => bytes.subarray(0, bytes.length - (bytes.length % 4));

const elementCount = (sizes: readonly number[]): number => sizes.reduce((product, size) => product * size, 1);

function numericClass({ classCode, isComplex, variable }: MatrixHeader, name: string): NumericClass {
  if (!isComplex && Object.hasOwn(CLASSES, classCode)) return classCode as NumericClass;
  throw new InputError(
    name,
    `variable ${quoted(variable)} is of class ${classCode}${isComplex ? ', complex' : ''}`,
    'expected an array of real numbers, of class 6 to 15',
  );
}

/** Returns the limit on the bytes of an array's data by its header: MATLAB stores an element in no more bytes than its class takes. */
function maxMatrixBytes(header: MatrixHeader, name: string): number {
  const [, bytes] = CLASSES[numericClass(header, name)];
  return header.elementsStart + TAG + 8 * Math.ceil((elementCount(header.sizes) * bytes) / 8);
}

function readMatrix(data: Uint8Array, header: MatrixHeader, littleEndian: boolean, name: string): MatlabArray {
  const { sizes, elementsStart } = header;
  const [title] = CLASSES[numericClass(header, name)];
  const variable = quoted(header.variable);
  const tag = readTag(data, elementsStart, littleEndian, name);
  const kind = STORED[tag.type];
  if (kind === undefined)
    throw new InputError(name, `variable ${variable} is stored as type ${tag.type}, which is not numeric`);
  const expected = elementCount(sizes) * elementBytes(kind);
  if (tag.size !== expected)
    throw new InputError(
      name,
      `variable ${variable} of ${sizes.join(' x ')}: expected ${expected} bytes but got ${tag.size}`,
    );
  return { class: title, sizes, values: elementsOf(dataOf(data, tag, name), kind, littleEndian) };
}
