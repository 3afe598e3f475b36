import { InputError } from '../../errors.js';
import { crc32 } from './checksums.js';
import { inflateExactly, inflateStart } from './inflate.js';

const [MAGIC, MAGIC_TOO, DEFLATE] = [0x1f, 0x8b, 8];
const FIXED_HEADER = 10;
const TRAILER = 8;
const FLAG = { headerChecksum: 2, extra: 4, fileName: 8, comment: 16, reserved: 0xe0 } as const;

/** Whether bytes begin as gzip files do. */
export const isGzip = (bytes: Uint8Array): boolean => bytes[0] === MAGIC && bytes[1] === MAGIC_TOO;

/**
 * What a gzip file of one member holds (RFC 1952). `sizeOf` tells from its first `startBytes` bytes how long it must be; it inflates
 * within the bounds of inflateExactly. Throws InputError, which begins with `name`, for damaged or cut files and for other lengths.
 */
export function gunzip(bytes: Uint8Array, name: string, startBytes: number, sizeOf: (start: Uint8Array) => number): Uint8Array {
  const header = headerLength(bytes, name);
  if (bytes.length < header + TRAILER) throw new InputError(`${name}: a gzip file cut short, it ends inside its header or trailer`);
  const deflated = bytes.subarray(header, bytes.length - TRAILER);
  const contents = inflateExactly(deflated, sizeOf(inflateStart(deflated, startBytes, name)), name);
  const trailer = new DataView(bytes.buffer, bytes.byteOffset + bytes.length - TRAILER, TRAILER);
  if (trailer.getUint32(4, true) !== contents.length % 2 ** 32)
    throw new InputError(`${name}: a gzip file of ${trailer.getUint32(4, true)} bytes, by what it holds it should be ${contents.length} bytes`);
  if (trailer.getUint32(0, true) !== crc32(contents)) throw new InputError(`${name}: a damaged gzip file, its checksum is another, get it again`);
  return contents;
}

/** Where the compressed data begin, beyond the end if the header is cut short. */
function headerLength(bytes: Uint8Array, name: string): number {
  const [, , method, flags = 0] = bytes;
  if (method !== undefined && (method !== DEFLATE || (flags & FLAG.reserved) !== 0))
    throw new InputError(`${name}: a gzip file of compression method ${method} and flags ${flags}, only method ${DEFLATE} (deflate) can be read`);
  let end = FIXED_HEADER;
  if (flags & FLAG.extra) end += 2 + (bytes[end] ?? 0) + 256 * (bytes[end + 1] ?? 0);
  for (const text of [FLAG.fileName, FLAG.comment]) if (flags & text) end = endOfText(bytes, end);
  return flags & FLAG.headerChecksum ? end + 2 : end;
}

/** The place after the zero byte that ends a text. */
function endOfText(bytes: Uint8Array, start: number): number {
  const zero = bytes.indexOf(0, start);
  return zero < 0 ? bytes.length + 1 : zero + 1;
}
