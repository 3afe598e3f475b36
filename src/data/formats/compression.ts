import { InputError, messageOf } from '../../errors.js';

/** DEFLATE encodes at most 258 bytes in two bits. */
const MAX_RATIO = 1032;
/** For any file; beyond, the ratio counts. dSprites, white shapes on black, has 113. */
const FREE_BYTES = 64 * 2 ** 20;
const ALLOWED_RATIO = 128;

const inflationLimit = (compressed: number) =>
  Math.min(MAX_RATIO * compressed, FREE_BYTES + ALLOWED_RATIO * compressed);

export function requireInflatable(size: number, compressed: number, name: string) {
  const limit = inflationLimit(compressed);
  if (!(size <= limit))
    throw new InputError(name, `refusing to decompress: ${size} bytes exceed the limit of ${limit} for this file`);
}

/** Decompresses a gzip file (RFC 1952); returns other bytes unchanged. */
export async function gunzip(bytes: Uint8Array, name: string): Promise<Uint8Array> {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  const contents = await decompressed(bytes, 'gzip', inflationLimit(bytes.length), name);
  requireInflatable(contents.length, bytes.length, name);
  return contents;
}

/** Decompresses a zlib stream (RFC 1950) of `size` bytes. */
export async function unzlib(bytes: Uint8Array, size: number, name: string): Promise<Uint8Array> {
  requireInflatable(size, bytes.length, name);
  const contents = await decompressed(bytes, 'deflate', size, name);
  if (contents.length === size) return contents;
  const found = contents.length > size ? 'more' : contents.length;
  throw new InputError(name, `corrupt compressed data: expected ${size} bytes but got ${found}`);
}

/** Returns at most `count` bytes of a zlib stream. */
export const unzlibStart = async (bytes: Uint8Array, count: number, name: string): Promise<Uint8Array> =>
  (await decompressed(bytes, 'deflate', count, name)).subarray(0, count);

/** Stops after the piece that exceeds the limit. */
async function decompressed(bytes: Uint8Array, format: 'gzip' | 'deflate', limit: number, name: string) {
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
  await reader.cancel();
  return new Uint8Array(await new Blob(pieces).arrayBuffer());
}
