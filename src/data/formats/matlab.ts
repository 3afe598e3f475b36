/** MATLAB files of level 5. Source: MathWorks, "MAT-File Format". */
import { InputError, quoted } from '../../errors.js';
import { unzlib, unzlibStart } from './compression.js';
import { elementBytes, elementCount, type ElementKind, type Elements, elementsOf, viewOf } from './arrays.js';

/** And bytes per element in memory. Booleans have class uint8. */
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

/** By the type of the data element. */
const STORED: Record<number, ElementKind> = {
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
const [MATRIX, COMPRESSED] = [14, 15];
const FIRST_CLASS_WITHOUT_SIZES = 16;
const COMPLEX_FLAG = 0x0800;

const FILE_HEADER = 128;
const VERSION_5 = 0x0100;
const TAG = 8;
/** Enough for an array with 32 axes and a name of 63 letters. */
const MAX_HEADER = 512;
const NAMES_SHOWN = 5;

/** A numeric array of a MATLAB file. */
export interface MatlabArray {
  class: MatlabClass;
  /** Rows, columns and further axes. */
  sizes: readonly number[];
  /** Column-major, as stored: MATLAB writes small integers as bytes, whatever their class. */
  values: Elements;
}

/**
 * Reads variables from a MATLAB file (`save -v6` and `-v7`, of either byte order): arrays of real numbers, compressed
 * or not. A compressed array takes no more memory than its header declares.
 * @throws {InputError} if the bytes are no such file or lack a variable
 */
export async function decodeMatlab(
  bytes: Uint8Array,
  name: string,
  names: readonly string[],
): Promise<ReadonlyMap<string, MatlabArray>> {
  const file = new ElementReader(bytes, isLittleEndian(bytes, name), name);
  const arrays = new Map<string, MatlabArray>();
  const found: string[] = [];
  for (let offset = FILE_HEADER; offset < bytes.length;) {
    const tag = file.tagAt(offset);
    offset = tag.next;
    const entry = await readVariable(file, tag);
    if (entry === null) continue;
    found.push(entry.variable);
    if (!names.includes(entry.variable)) continue;
    if (arrays.has(entry.variable)) throw file.corrupt(`variable ${quoted(entry.variable)} twice`);
    arrays.set(entry.variable, readArray(await entry.data(), entry));
  }
  const missing = names.find((variable) => !arrays.has(variable));
  if (missing === undefined) return arrays;
  const others =
    found
      .slice(0, NAMES_SHOWN)
      .map((name) => quoted(name))
      .join(', ') || 'no variables';
  const more = found.length > NAMES_SHOWN ? ', ...' : '';
  throw new InputError(name, `variable ${missing} not found`, `the file has ${others}${more}`);
}

function isLittleEndian(bytes: Uint8Array, name: string) {
  const refusal = (problem: string) => new InputError(name, `not a MATLAB file of level 5: ${problem}`);
  if (bytes.length < FILE_HEADER) throw refusal(`${bytes.length} bytes are less than its header of ${FILE_HEADER}`);
  const letters = String.fromCharCode(...bytes.subarray(FILE_HEADER - 2, FILE_HEADER));
  if (letters !== 'IM' && letters !== 'MI') throw refusal('its header does not end in IM or MI');
  const littleEndian = letters === 'IM';
  const version = viewOf(bytes).getUint16(FILE_HEADER - 4, littleEndian);
  if (version === VERSION_5) return littleEndian;
  const found = version.toString(16);
  throw new InputError(name, `expected MATLAB version 0x100 but got 0x${found}`, 'save the file with -v7 or -v6');
}

type Tag = ReturnType<ElementReader['tagAt']>;

class ElementReader {
  constructor(
    private readonly bytes: Uint8Array,
    private readonly littleEndian: boolean,
    readonly name: string,
  ) {}

  of(bytes: Uint8Array) {
    return new ElementReader(bytes, this.littleEndian, this.name);
  }

  corrupt(problem: string, kind = 'corrupt') {
    return new InputError(this.name, `${kind} MATLAB file (${problem})`, 'download it again');
  }

  /**
   * Reads a type and size of 32 bits each, or 16 for up to 4 bytes of data. All but compressed elements are padded to 8
   * bytes.
   */
  tagAt(offset: number) {
    const { bytes, littleEndian } = this;
    if (offset + TAG > bytes.length)
      throw this.corrupt(`${bytes.length} bytes end inside the tag of a data element`, 'truncated');
    const view = viewOf(bytes);
    const word = view.getUint32(offset, littleEndian);
    const [smallSize, type] = [word >>> 16, word & 0xffff];
    if (smallSize > 4)
      throw this.corrupt(`a small data element of ${smallSize} bytes at byte ${offset}, their limit is 4`);
    if (smallSize > 0) return { type, start: offset + 4, size: smallSize, next: offset + TAG };
    const [start, size] = [offset + TAG, view.getUint32(offset + 4, littleEndian)];
    return { type, start, size, next: start + (type === COMPRESSED ? size : 8 * Math.ceil(size / 8)) };
  }

  dataOf({ start, size }: Tag) {
    if (start + size <= this.bytes.length) return this.bytes.subarray(start, start + size);
    throw this.corrupt(`a data element of ${size} bytes at byte ${start} of ${this.bytes.length}`, 'truncated');
  }

  elementsOf(tag: Tag, kind: ElementKind) {
    return elementsOf(this.dataOf(tag), kind, this.littleEndian);
  }

  /** Drops an incomplete word at the end. */
  wordsOf(tag: Tag, kind: 'u4' | 'i4') {
    return Array.from(this.elementsOf({ ...tag, size: tag.size - (tag.size % 4) }, kind), Number);
  }
}

type Variable = NonNullable<ReturnType<typeof readHeader>>;

async function readVariable(file: ElementReader, tag: Tag) {
  const bytes = file.dataOf(tag);
  if (tag.type === COMPRESSED) return readCompressed(file, bytes);
  if (tag.type !== MATRIX || tag.size === 0) return null;
  const data = file.of(bytes);
  return readHeader(data, () => data);
}

/** Inflates only the header until the data is needed. */
async function readCompressed(file: ElementReader, bytes: Uint8Array) {
  const start = await unzlibStart(bytes, MAX_HEADER, file.name);
  const tag = file.of(start).tagAt(0);
  if (tag.type !== MATRIX)
    throw file.corrupt(`a compressed element of type ${tag.type}, expected an array (${MATRIX})`);
  const header = readHeader(file.of(start.subarray(TAG)), async () => {
    const { sizes, elementsStart } = header!;
    // An element is stored in no more bytes than its class takes.
    const [, width] = CLASSES[numericClass(header!, file.name)];
    const limit = elementsStart + TAG + 8 * Math.ceil((elementCount(sizes) * width) / 8);
    if (!(tag.size <= limit))
      throw file.corrupt(`${tag.size} compressed bytes for an array of ${sizes.join(' x ')}, its limit is ${limit}`);
    return file.of((await unzlib(bytes, TAG + tag.size, file.name)).subarray(TAG));
  });
  return header;
}

/** Returns null for functions and objects. */
function readHeader(reader: ElementReader, data: () => ElementReader | Promise<ElementReader>) {
  const flags = reader.tagAt(0);
  const words = reader.wordsOf(flags, 'u4');
  if (words.length < 2) throw reader.corrupt(`an array with ${flags.size} bytes of flags, expected 8`);
  const classCode = words[0]! & 0xff;
  if (classCode >= FIRST_CLASS_WITHOUT_SIZES) return null;
  const dimensions = reader.tagAt(flags.next);
  const sizes = reader.wordsOf(dimensions, 'i4');
  if (sizes.length < 2 || sizes.some((size) => size < 0))
    throw reader.corrupt(`an array of sizes ${sizes.join(' x ') || 'none'}, expected two or more`);
  const label = reader.tagAt(dimensions.next);
  const variable = new TextDecoder().decode(reader.dataOf(label));
  const isComplex = (words[0]! & COMPLEX_FLAG) !== 0;
  return { variable, classCode, isComplex, sizes, elementsStart: label.next, data };
}

function numericClass({ classCode, isComplex, variable }: Variable, name: string): NumericClass {
  if (!isComplex && Object.hasOwn(CLASSES, classCode)) return classCode as NumericClass;
  throw new InputError(
    name,
    `variable ${quoted(variable)} is of class ${classCode}${isComplex ? ', complex' : ''}`,
    'expected an array of real numbers, of class 6 to 15',
  );
}

function readArray(reader: ElementReader, header: Variable): MatlabArray {
  const { sizes, elementsStart } = header;
  const [title] = CLASSES[numericClass(header, reader.name)];
  const variable = `variable ${quoted(header.variable)}`;
  const tag = reader.tagAt(elementsStart);
  const kind = STORED[tag.type];
  if (kind === undefined)
    throw new InputError(reader.name, `${variable} is stored as type ${tag.type}, which is not numeric`);
  const expected = elementCount(sizes) * elementBytes(kind);
  if (tag.size === expected) return { class: title, sizes, values: reader.elementsOf(tag, kind) };
  const array = `${variable} of ${sizes.join(' x ')}`;
  throw new InputError(reader.name, `${array}: expected ${expected} bytes but got ${tag.size}`);
}
