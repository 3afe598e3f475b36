import { InputError } from '../../errors.js';
import { elementBytes, type ElementKind, type Elements, elementsOf } from './elements.js';
import { parseNpyHeader, pythonTuple } from './npyHeader.js';

/** An array as NumPy saved it. */
export interface DecodedNumpyArray {
  /** The size of each axis; none for a single number. */
  readonly shape: readonly number[];
  /** What the elements were saved as, of either byte order; b1 are truth values. */
  readonly kind: ElementKind | 'b1';
  /** Row-major, the last axis fastest. Truth values are bytes of 0 and 1. */
  readonly data: Elements;
}

const MAGIC = [0x93, ...new TextEncoder().encode('NUMPY')];
/** NumPy's own limits. */
const LONGEST_HEADER = 10_000;
const MOST_AXES = 64;

/**
 * Reads an .npy file of format 1.0, 2.0 or 3.0: truth values, integers and floats of either byte order, row- or column-major. Source:
 * https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html. Throws InputError, which begins with `name`, if the bytes
 * are no such file, are longer or shorter than its header says, or hold other types.
 */
export function decodeNpy(bytes: Uint8Array, name: string): DecodedNumpyArray {
  const { literal, start } = headerText(bytes, name);
  const { kind, littleEndian, fortranOrder, shape } = parseNpyHeader(literal, name);
  if (shape.length > MOST_AXES) throw new InputError(`${name}: an array of ${shape.length} axes, NumPy has at most ${MOST_AXES}`);
  const stored = bytes.subarray(start);
  const storedKind = kind === 'b1' ? 'u1' : kind;
  const width = elementBytes(storedKind);
  const expected = shape.reduce((product, size) => product * size, width);
  if (stored.length !== expected)
    throw new InputError(`${name}: an .npy file of shape ${pythonTuple(shape)} should have ${expected} bytes after its header, it has ${stored.length}`);
  const data = elementsOf(fortranOrder ? rowMajor(stored, shape, width) : stored, storedKind, littleEndian);
  if (kind === 'b1' && stored.some((value) => value > 1)) throw new InputError(`${name}: truth values other than 0 and 1, the file is damaged`);
  return { shape, kind, data };
}

/** The Python literal in the header, and where the elements begin. */
function headerText(bytes: Uint8Array, name: string): { readonly literal: string; readonly start: number } {
  if (!MAGIC.every((byte, place) => bytes[place] === byte)) throw new InputError(`${name}: not an .npy file, it does not begin with \\x93NUMPY`);
  const [major, minor] = bytes.subarray(MAGIC.length);
  const [lengthAt, longLength] = [MAGIC.length + 2, major !== 1];
  const textAt = lengthAt + (longLength ? 4 : 2);
  if (bytes.length < textAt) throw new InputError(`${name}: an .npy file cut short, ${bytes.length} bytes end before its header`);
  if (!(major! >= 1 && major! <= 3) || minor !== 0) throw new InputError(`${name}: an .npy file of format ${major}.${minor}, only 1.0, 2.0 and 3.0 are known`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const length = longLength ? view.getUint32(lengthAt, true) : view.getUint16(lengthAt, true);
  if (length > LONGEST_HEADER) throw new InputError(`${name}: a header of ${length} bytes, NumPy writes at most ${LONGEST_HEADER}`);
  if (bytes.length < textAt + length) throw new InputError(`${name}: an .npy file cut short, ${bytes.length} bytes end inside its header of ${length}`);
  return { literal: new TextDecoder().decode(bytes.subarray(textAt, textAt + length)), start: textAt + length };
}

/** Elements of `width` bytes whose first axis is the fastest, rearranged so that the last is. */
function rowMajor(stored: Uint8Array, shape: readonly number[], width: number): Uint8Array {
  const arranged = new Uint8Array(stored.length);
  const index = shape.map(() => 0);
  const strides = shape.map((_, axis) => shape.slice(0, axis).reduce((product, size) => product * size, width));
  let source = 0;
  for (let target = 0; target < arranged.length; target += width) {
    for (let byte = 0; byte < width; byte++) arranged[target + byte] = stored[source + byte]!;
    // Counts the index up in the order of the target, and the source along with it.
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      source += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      source -= index[axis]! * strides[axis]!;
      index[axis] = 0;
    }
  }
  return arranged;
}
