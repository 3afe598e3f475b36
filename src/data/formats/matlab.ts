import { InputError } from '../../errors.js';
import { COMPRESSED, dataOf, MATRIX, type MatlabTag, readTag } from './matlabElement.js';
import { largestMatrix, LONGEST_HEADER, type MatlabArray, type MatrixHeader, readMatrix, readMatrixHeader } from './matlabMatrix.js';
import { quoted } from './quoted.js';
import { zlibContents, zlibStart } from './zlibStream.js';

const FILE_HEADER = 128;
const VERSION_5 = 0x0100;
const TAG = 8;
const NAMES_SHOWN = 5;

/** A variable whose numbers have not been read, or inflated, yet. */
interface Variable {
  readonly header: MatrixHeader;
  /** The data of its matrix element. */
  readonly data: () => Uint8Array;
}

/**
 * Reads the variables named in `wanted` from a MATLAB file of level 5 (`save -v6` and `-v7`, of either byte order): arrays of real
 * numbers, compressed or not. The others are stepped over. Source: MathWorks, "MAT-File Format". Throws InputError, which begins with
 * `name`, if the bytes are no such file, are damaged or cut short, or lack a variable. A compressed array takes no more memory than
 * its header says, and not that if so few bytes cannot hold it.
 */
export function decodeMatlab(bytes: Uint8Array, name: string, wanted: readonly string[]): ReadonlyMap<string, MatlabArray> {
  const littleEndian = byteOrder(bytes, name);
  const arrays = new Map<string, MatlabArray>();
  const found: string[] = [];
  for (let offset = FILE_HEADER; offset < bytes.length;) {
    const tag = readTag(bytes, offset, littleEndian, name);
    offset = tag.next;
    const entry = readVariable(bytes, tag, littleEndian, name);
    if (entry === null) continue;
    const { variable } = entry.header;
    found.push(variable);
    if (!wanted.includes(variable)) continue;
    if (arrays.has(variable)) throw new InputError(`${name}: a damaged MATLAB file, it holds variable ${quoted(variable)} twice`);
    arrays.set(variable, readMatrix(entry.data(), entry.header, littleEndian, name));
  }
  const missing = wanted.find((variable) => !arrays.has(variable));
  if (missing === undefined) return arrays;
  const others = found.slice(0, NAMES_SHOWN).map(quoted).join(', ');
  throw new InputError(`${name}: a MATLAB file without variable ${missing}, it holds ${others || 'none'}${found.length > NAMES_SHOWN ? ', ...' : ''}`);
}

/** Whether the file is little-endian, by the two letters at the end of its header. */
function byteOrder(bytes: Uint8Array, name: string): boolean {
  if (bytes.length < FILE_HEADER)
    throw new InputError(`${name}: not a MATLAB file of level 5, ${bytes.length} bytes are less than its header of ${FILE_HEADER}`);
  const letters = String.fromCharCode(...bytes.subarray(FILE_HEADER - 2, FILE_HEADER));
  if (letters !== 'IM' && letters !== 'MI') throw new InputError(`${name}: not a MATLAB file of level 5, its header does not end in the letters IM or MI`);
  const littleEndian = letters === 'IM';
  const version = new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint16(FILE_HEADER - 4, littleEndian);
  if (version !== VERSION_5)
    throw new InputError(`${name}: a MATLAB file of version 0x${version.toString(16)}, only 0x100 can be read, which "save -v7" and "save -v6" write`);
  return littleEndian;
}

/** The variable in an element, or null if there is none. */
function readVariable(bytes: Uint8Array, tag: MatlabTag, littleEndian: boolean, name: string): Variable | null {
  const data = dataOf(bytes, tag, name);
  if (tag.type === COMPRESSED) return readCompressed(data, littleEndian, name);
  const header = tag.type === MATRIX && tag.size > 0 ? readMatrixHeader(data, littleEndian, name) : null;
  return header && { header, data: () => data };
}

/** The variable in a compressed element, which is inflated up to its numbers, and to its end only when they are asked for. */
function readCompressed(data: Uint8Array, littleEndian: boolean, name: string): Variable | null {
  const start = zlibStart(data, LONGEST_HEADER, name);
  const tag = readTag(start, 0, littleEndian, name);
  if (tag.type !== MATRIX) throw new InputError(`${name}: a damaged MATLAB file, a compressed element of type ${tag.type}, it should be an array (${MATRIX})`);
  const header = readMatrixHeader(start.subarray(TAG), littleEndian, name);
  if (header === null) return null;
  return {
    header,
    data: () => {
      const most = largestMatrix(header, name);
      if (!(tag.size <= most))
        throw new InputError(
          `${name}: a damaged MATLAB file, ${tag.size} compressed bytes for an array of ${header.sizes.join(' x ')}, which has at most ${most}`,
        );
      return zlibContents(data, TAG + tag.size, name).subarray(TAG);
    },
  };
}
