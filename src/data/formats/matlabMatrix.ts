import { InputError } from '../../errors.js';
import { elementBytes, type ElementKind, type Elements, elementsOf } from './elements.js';
import { dataOf, readTag } from './matlabElement.js';
import { quoted } from './quoted.js';

/** The classes of numbers, and the bytes that one takes in memory, by their code in a file. Truth values are of class uint8. */
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
type NumberClass = keyof typeof CLASSES;
export type MatlabClass = (typeof CLASSES)[NumberClass][0];

/** How numbers are stored, by the type of their data element. */
const STORED: Readonly<Record<number, ElementKind>> = { 1: 'i1', 2: 'u1', 3: 'i2', 4: 'u2', 5: 'i4', 6: 'u4', 7: 'f4', 9: 'f8', 12: 'i8', 13: 'u8' };

/** Functions and MATLAB's own objects: no sizes follow their class. */
const FIRST_WITHOUT_SIZES = 16;
const COMPLEX = 0x0800;

/** An array of numbers that a MATLAB file holds. */
export interface MatlabArray {
  readonly class: MatlabClass;
  /** Rows, columns and further axes. */
  readonly sizes: readonly number[];
  /** Column-major, the first axis fastest. As stored: MATLAB writes doubles as bytes where all of them are small whole numbers. */
  readonly values: Elements;
}

/** What a matrix element says before its numbers. */
export interface MatrixHeader {
  readonly variable: string;
  readonly classCode: number;
  readonly complex: boolean;
  readonly sizes: readonly number[];
  /** Where its numbers begin. */
  readonly numbersStart: number;
}

/** As many bytes as the header of an array has, with 32 axes and a name of 63 letters, and the tag before it. */
export const LONGEST_HEADER = 512;

/**
 * Reads flags, sizes and name from the beginning of a matrix element's data; null for functions and objects, which are no arrays.
 * Throws InputError, which begins with `name`, if they are damaged or cut short.
 */
export function readMatrixHeader(data: Uint8Array, littleEndian: boolean, name: string): MatrixHeader | null {
  const flags = readTag(data, 0, littleEndian, name);
  const words = elementsOf(wholeWords(dataOf(data, flags, name)), 'u4', littleEndian);
  if (words.length < 2) throw new InputError(`${name}: a damaged MATLAB file, an array with ${flags.size} bytes of flags, it should have 8`);
  const word = Number(words[0]);
  const classCode = word & 0xff;
  if (classCode >= FIRST_WITHOUT_SIZES) return null;
  const dimensions = readTag(data, flags.next, littleEndian, name);
  const sizes = Array.from(elementsOf(wholeWords(dataOf(data, dimensions, name)), 'i4', littleEndian), Number);
  if (sizes.length < 2 || sizes.some((size) => size < 0))
    throw new InputError(`${name}: a damaged MATLAB file, an array of sizes ${sizes.join(' x ') || 'none'}, there should be two or more, none negative`);
  const label = readTag(data, dimensions.next, littleEndian, name);
  const variable = new TextDecoder().decode(dataOf(data, label, name));
  return { variable, classCode, complex: (word & COMPLEX) !== 0, sizes, numbersStart: label.next };
}

const wholeWords = (bytes: Uint8Array): Uint8Array => bytes.subarray(0, bytes.length - (bytes.length % 4));

const numberOf = (sizes: readonly number[]): number => sizes.reduce((product, size) => product * size, 1);

/** The class of an array of real numbers. Throws InputError, which begins with `name`, for text, cells, structures and complex numbers. */
function numberClass({ classCode, complex, variable }: MatrixHeader, name: string): NumberClass {
  if (!complex && Object.hasOwn(CLASSES, classCode)) return classCode as NumberClass;
  const known = `of class ${Object.keys(CLASSES)[0]} to ${Object.keys(CLASSES).at(-1)}`;
  throw new InputError(
    `${name}: variable ${quoted(variable)} is of class ${classCode}${complex ? ', complex' : ''}, only arrays of real numbers, ${known}, can be read`,
  );
}

/**
 * The most bytes that the data of an array of real numbers can be by its header: MATLAB stores a number in no more bytes than its class
 * takes. What a compressed array inflates to is held to this. Throws InputError, which begins with `name`, for other arrays.
 */
export function largestMatrix(header: MatrixHeader, name: string): number {
  const [, bytes] = CLASSES[numberClass(header, name)];
  return header.numbersStart + 8 + 8 * Math.ceil((numberOf(header.sizes) * bytes) / 8);
}

/** Reads an array of real numbers from a matrix element's data. Throws InputError, which begins with `name`, if it holds others, too few or too many. */
export function readMatrix(data: Uint8Array, header: MatrixHeader, littleEndian: boolean, name: string): MatlabArray {
  const { sizes, numbersStart } = header;
  const [title] = CLASSES[numberClass(header, name)];
  const variable = quoted(header.variable);
  const tag = readTag(data, numbersStart, littleEndian, name);
  const kind = STORED[tag.type];
  if (kind === undefined) throw new InputError(`${name}: variable ${variable} is stored as type ${tag.type}, which is no type of numbers`);
  const expected = numberOf(sizes) * elementBytes(kind);
  if (tag.size !== expected) throw new InputError(`${name}: variable ${variable} of ${sizes.join(' x ')} should have ${expected} bytes, it has ${tag.size}`);
  return { class: title, sizes, values: elementsOf(dataOf(data, tag, name), kind, littleEndian) };
}
