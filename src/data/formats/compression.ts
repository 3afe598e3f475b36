/** Untrusted compressed data. The streams of the platform decompress it within a limit, and verify checksums. */
import { InputError, messageOf } from '../../errors.js';

/** The largest ratio of DEFLATE: two bits encode at most 258 bytes. */
const MAX_RATIO = 1032;
/**
 * Bytes that any file may inflate to, and the ratio allowed beyond them. Photographs hardly shrink. dSprites, white
 * shapes on black, has a ratio of 113.
 */
const FREE_BYTES = 64 * 2 ** 20;
const ALLOWED_RATIO = 128;

const inflationLimit = (compressed: number): number =>
  Math.min(MAX_RATIO * compressed, FREE_BYTES + ALLOWED_RATIO * compressed);

/** @throws {InputError} if `size` exceeds what `compressed` bytes may inflate to */
export function requireInflatable(size: number, compressed: number, name: string): void {
  const limit = inflationLimit(compressed);
  if (!(size <= limit))
    throw new InputError(name, `refusing to decompress: ${size} bytes exceed the limit of ${limit} for this file`);
}

/** Whether bytes have the signature of a gzip file. */
export const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

/**
 * @throws {InputError} if the file (RFC 1952) is corrupt or truncated, or its contents exceed the limit for its length
 */
export async function gunzip(bytes: Uint8Array, name: string): Promise<Uint8Array> {
  const contents = await decompressed(bytes, 'gzip', inflationLimit(bytes.length), name);
  requireInflatable(contents.length, bytes.length, name);
  return contents;
}

/**
 * Decompresses a zlib stream (RFC 1950) to exactly `size` bytes. @throws {InputError} as `gunzip` does, and for another
 * size
 */
export async function unzlib(bytes: Uint8Array, size: number, name: string): Promise<Uint8Array> {
  requireInflatable(size, bytes.length, name);
  const contents = await decompressed(bytes, 'deflate', size, name);
  if (contents.length === size) return contents;
  throw new InputError(
    name,
    `corrupt compressed data: expected ${size} bytes but got ${contents.length > size ? 'more' : contents.length}`,
  );
}

/** Returns at most `count` bytes of a zlib stream. @throws {InputError} if the data is corrupt */
export const unzlibStart = async (bytes: Uint8Array, count: number, name: string): Promise<Uint8Array> =>
  (await decompressed(bytes, 'deflate', count, name)).subarray(0, count);

async function decompressed(
  bytes: Uint8Array,
  format: 'gzip' | 'deflate',
  limit: number,
  name: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new DecompressionStream(format));
  const reader = (stream as ReadableStream<Uint8Array<ArrayBuffer>>).getReader();
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  try {
    for (let size = 0; size <= limit;) {
      const { value, done } = await reader.read();
      if (done) break;
      pieces.push(value);
      size += value.length;
    }
  } catch (error) {
    throw new InputError(name, `corrupt compressed data (${messageOf(error)})`, 'download the file again');
  }
  // Ends the decompression if there is more.
  await reader.cancel();
  return new Uint8Array(await new Blob(pieces).arrayBuffer());
}
