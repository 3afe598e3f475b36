import { InputError } from '../../errors.js';
import { adler32 } from './checksums.js';
import { inflateExactly, inflateStart } from './inflate.js';

const HEADER = 2;
const TRAILER = 4;

/** The compressed part of a zlib stream (RFC 1950) that fills `bytes`. Throws InputError, which begins with `name`, if it is none. */
function deflatedPart(bytes: Uint8Array, name: string): Uint8Array {
  const [method = 0, flags = 0] = bytes;
  const presetDictionary = 0x20;
  if (bytes.length < HEADER + TRAILER || (method & 15) !== 8 || (256 * method + flags) % 31 !== 0 || (flags & presetDictionary) !== 0)
    throw new InputError(`${name}: ${bytes.length} bytes of compressed data that are no zlib stream, the file is damaged`);
  return bytes.subarray(HEADER, bytes.length - TRAILER);
}

/** The first `count` bytes, or fewer if there are no more, of what a zlib stream holds. Throws InputError, which begins with `name`. */
export const zlibStart = (bytes: Uint8Array, count: number, name: string): Uint8Array => inflateStart(deflatedPart(bytes, name), count, name);

/** What a zlib stream holds, `size` bytes, within the bounds of inflateExactly. Throws InputError, which begins with `name`. */
export function zlibContents(bytes: Uint8Array, size: number, name: string): Uint8Array {
  const contents = inflateExactly(deflatedPart(bytes, name), size, name);
  const checksum = new DataView(bytes.buffer, bytes.byteOffset + bytes.length - TRAILER, TRAILER).getUint32(0);
  if (checksum !== adler32(contents)) throw new InputError(`${name}: damaged compressed data, their checksum is another, get the file again`);
  return contents;
}
