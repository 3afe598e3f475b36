/** Compressed data of untrusted files: fflate inflates, within a limit on the output. fflate verifies no checksums, so they are verified here. */
import { gunzipSync, inflateSync, Unzlib, unzlibSync } from 'fflate';
import { InputError } from '../../errors.js';

/** The largest ratio of DEFLATE: two bits stand for at most 258 bytes. */
const MAX_RATIO = 1032;
/**
 * Bytes that any file may inflate to, and the ratio that is allowed beyond them. Photographs hardly shrink. The simplest published drawings,
 * the white shapes on black of dSprites, have a ratio of 113.
 */
const FREE_BYTES = 64 * 2 ** 20;
const ALLOWED_RATIO = 128;

/** Returns the number of bytes that `compressed` bytes may inflate to. */
const inflationLimit = (compressed: number): number => Math.min(MAX_RATIO * compressed, FREE_BYTES + ALLOWED_RATIO * compressed);

/** @throws {InputError} that starts with `name` if `size` exceeds what `compressed` bytes may inflate to */
export function requireInflatable(size: number, compressed: number, name: string): void {
  const limit = inflationLimit(compressed);
  if (!(size <= limit)) throw new InputError(`${name}: refusing to decompress: ${size} bytes exceed the limit of ${limit} for this file`);
}

/**
 * Inflates DEFLATE data to exactly `size` bytes. No memory is taken if `size` exceeds the limit for data of this length.
 * @throws {InputError} that starts with `name` if the data is corrupt, truncated, of another size or above the limit
 */
export const inflate = (bytes: Uint8Array, size: number, name: string): Uint8Array => inflateWith(inflateSync, bytes, size, name);

function inflateWith(decompress: typeof inflateSync, bytes: Uint8Array, size: number, name: string): Uint8Array {
  requireInflatable(size, bytes.length, name);
  let contents: Uint8Array;
  try {
    // One byte more than expected shows whether there is more. fflate drops everything beyond the buffer.
    contents = decompress(bytes, { out: new Uint8Array(size + 1) });
  } catch (error) {
    throw corrupt(error, name);
  }
  if (contents.length === size) return contents;
  throw new InputError(`${name}: corrupt compressed data: expected ${size} bytes but got ${contents.length > size ? 'more' : contents.length}`);
}

const corrupt = (error: unknown, name: string): InputError =>
  new InputError(`${name}: corrupt compressed data (${error instanceof Error ? error.message : String(error)}); download the file again`);

/** Whether bytes have the signature of a gzip file. */
export const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

/**
 * Inflates a gzip file of one member (RFC 1952), which ends in the checksum and the size of its contents.
 * @throws {InputError} as `inflate` does, and if the checksum differs
 */
export function gunzip(bytes: Uint8Array, name: string): Uint8Array {
  if (bytes.length < 18) throw new InputError(`${name}: truncated gzip file; download it again`);
  const trailer = new DataView(bytes.buffer, bytes.byteOffset + bytes.length - 8, 8);
  const contents = inflateWith(gunzipSync, bytes, trailer.getUint32(4, true), name);
  if (trailer.getUint32(0, true) !== crc32(contents)) throw new InputError(`${name}: corrupt gzip file (checksum mismatch); download it again`);
  return contents;
}

/**
 * Inflates a zlib stream (RFC 1950) to exactly `size` bytes.
 * @throws {InputError} as `inflate` does, and if the checksum differs
 */
export function unzlib(bytes: Uint8Array, size: number, name: string): Uint8Array {
  const contents = inflateWith(unzlibSync, bytes, size, name);
  const checksum = new DataView(bytes.buffer, bytes.byteOffset + bytes.length - 4, 4).getUint32(0);
  if (checksum !== adler32(contents)) throw new InputError(`${name}: corrupt compressed data (checksum mismatch); download the file again`);
  return contents;
}

/** Compressed bytes per step, which inflate to half a mebibyte at most. */
const STEP = 512;
/** A stored block gives nothing until all of it was pushed. */
const MAX_BLOCK = 2 * 65_536;

/**
 * Inflates the first `count` bytes of a zlib stream, or all if there are fewer.
 * @throws {InputError} that starts with `name` if the data is corrupt
 */
export function unzlibStart(bytes: Uint8Array, count: number, name: string): Uint8Array {
  const start = new Uint8Array(count);
  let length = 0;
  const stream = new Unzlib((piece) => {
    const fitting = piece.subarray(0, count - length);
    start.set(fitting, length);
    length += fitting.length;
  });
  try {
    for (let at = 0; at < Math.min(bytes.length, MAX_BLOCK) && length < count; at += STEP)
      stream.push(bytes.subarray(at, at + STEP), at + STEP >= bytes.length);
  } catch (error) {
    throw corrupt(error, name);
  }
  return start.subarray(0, length);
}

/** Remainders of all bytes by the reflected polynomial of CRC-32, 0xedb88320 (RFC 1952, section 8). */
const REMAINDERS = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit++) remainder = remainder & 1 ? 0xedb88320 ^ (remainder >>> 1) : remainder >>> 1;
  return remainder;
});

/**
 * Returns the CRC-32 of gzip and zip as an unsigned 32-bit integer.
 * @param previous the CRC-32 of the bytes before these, if they come in pieces
 */
export function crc32(bytes: Uint8Array, previous = 0): number {
  let crc = previous ^ 0xffffffff;
  for (const byte of bytes) crc = REMAINDERS[(crc ^ byte) & 0xff]! ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

/** Returns the Adler-32 of zlib (RFC 1950, section 8) as an unsigned 32-bit integer. */
export function adler32(bytes: Uint8Array): number {
  const modulus = 65_521;
  // The number of bytes after which the sum of sums could exceed 32 bits.
  const run = 5552;
  let [sum, sumOfSums] = [1, 0];
  for (let start = 0; start < bytes.length; start += run) {
    const end = Math.min(start + run, bytes.length);
    for (let index = start; index < end; index++) sumOfSums += sum += bytes[index]!;
    sum %= modulus;
    sumOfSums %= modulus;
  }
  return ((sumOfSums << 16) | sum) >>> 0;
}
