import { pipeline } from 'node:stream/promises';
import { createDeflateRaw } from 'node:zlib';
import { type PartialFile, writeFileInPieces } from '../files/atomic.node.js';
import { crc32 } from './formats/compression.js';
import { bytesOf, npyPreamble, type NumpyArray } from './formats/npy.js';

/** An array for NumPy whose elements come in pieces, row-major. */
export interface PiecewiseArray {
  /** Shape of the whole array. */
  readonly shape: readonly number[];
  readonly type: '|u1' | '<f4';
  readonly pieces: AsyncIterable<NumpyArray['data']> | Iterable<NumpyArray['data']>;
}

/** Images and codes hardly compress: a higher level takes time and gains nothing. */
const LEVEL = 1;

/** Returns an array in memory as an array of one piece. */
export const inOnePiece = ({ shape, data }: NumpyArray): PiecewiseArray => ({
  shape,
  type: data instanceof Float32Array ? '<f4' : '|u1',
  pieces: [data],
});

/**
 * Writes arrays as an `.npz` archive, which `numpy.load` reads. The arrays are written piece by piece, so that an archive may exceed the
 * memory. The file is written completely or not at all, and its bytes depend on the arrays only.
 * @param signal aborts the writing, which then rejects with its reason and removes the file
 * @throws {InputError} if the file cannot be written
 */
export async function writeNpzFile(path: string, arrays: Readonly<Record<string, PiecewiseArray>>, signal?: AbortSignal): Promise<void> {
  await writeFileInPieces(
    path,
    async (file) => {
      const members: WrittenMember[] = [];
      for (const [name, array] of Object.entries(arrays)) members.push(await appendArray(file, `${name}.npy`, array, signal));
      await file.append(directoryOf(members, file.size));
    },
    signal,
  );
}

async function appendArray(file: PartialFile, path: string, array: PiecewiseArray, signal: AbortSignal | undefined): Promise<WrittenMember> {
  const member = { path, checksum: 0, compressedBytes: 0, size: 0, offset: file.size };
  await file.append(localHeader(member));
  const start = file.size;
  const source = measured(elementsOf(array, path), member);
  await pipeline(
    source,
    createDeflateRaw({ level: LEVEL }),
    async (compressed: AsyncIterable<Uint8Array>) => {
      for await (const bytes of compressed) await file.append(bytes);
    },
    ...(signal ? [{ signal }] : []),
    // A failed pipeline may not wait for the piece in progress, which still uses a model that the caller releases next.
  ).finally(() => source.return());
  member.compressedBytes = file.size - start;
  // The sizes are known only now.
  await file.replace(member.offset, localHeader(member));
  return member;
}

/** Yields the bytes of an .npy file. */
async function* elementsOf({ shape, type, pieces }: PiecewiseArray, path: string): AsyncGenerator<Uint8Array> {
  yield npyPreamble(shape, type);
  let missing = shape.reduce((product, size) => product * size, type === '<f4' ? 4 : 1);
  for await (const piece of pieces) {
    missing -= piece.byteLength;
    yield bytesOf(piece);
  }
  if (missing !== 0)
    throw new Error(`${path}: its pieces have ${missing > 0 ? `${missing} bytes too few` : `${-missing} bytes too many`} for shape [${shape.join(', ')}]`);
}

/** Passes bytes on, and adds up their number and checksum. */
async function* measured(pieces: AsyncIterable<Uint8Array>, into: { size: number; checksum: number }): AsyncGenerator<Uint8Array, void> {
  for await (const bytes of pieces) {
    into.size += bytes.length;
    into.checksum = crc32(bytes, into.checksum);
    yield bytes;
  }
}

/*
 * Records of a zip archive (PKWARE, "APPNOTE.TXT - .ZIP File Format Specification"). fflate writes no zip64 fields, which sizes and offsets from
 * 4 GiB on require. Python, NumPy and unzip read them.
 */

/** A deflated file of an archive. */
export interface WrittenMember {
  readonly path: string;
  readonly checksum: number;
  readonly compressedBytes: number;
  readonly size: number;
  /** Position of its local header. */
  readonly offset: number;
}

/** The version that zip64 requires, method 8 (deflate), UTF-8 file names, and the first day of the format as a fixed date. */
const [VERSION, DEFLATED, UTF8, FIRST_DAY] = [45, 8, 0x0800, 0x0021];
/** Stands for a value that is in a zip64 field. */
const [ELSEWHERE_16, ELSEWHERE_32] = [0xffff, 0xffffffff];
const ZIP64_EXTRA = 1;

/** A little-endian integer. */
type Field = readonly [value: number, bytes: 2 | 4 | 8];

function record(...fields: readonly Field[]): Uint8Array {
  const bytes = new Uint8Array(fields.reduce((sum, [, width]) => sum + width, 0));
  const view = new DataView(bytes.buffer);
  let position = 0;
  for (const [value, width] of fields) {
    if (width === 8) view.setBigUint64(position, BigInt(value), true);
    else if (width === 4) view.setUint32(position, value, true);
    else view.setUint16(position, value, true);
    position += width;
  }
  return bytes;
}

const joined = (...parts: readonly Uint8Array[]): Uint8Array => {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let position = 0;
  for (const part of parts) {
    bytes.set(part, position);
    position += part.length;
  }
  return bytes;
};

/** Encodes a local header, always with a zip64 field: its length is then known before the sizes are. */
export function localHeader({ path, checksum, compressedBytes, size }: WrittenMember): Uint8Array {
  const name = new TextEncoder().encode(path);
  return joined(
    record([0x04034b50, 4], [VERSION, 2], [UTF8, 2], [DEFLATED, 2], [0, 2], [FIRST_DAY, 2], [checksum, 4], [ELSEWHERE_32, 4], [ELSEWHERE_32, 4]),
    record([name.length, 2], [20, 2]),
    name,
    record([ZIP64_EXTRA, 2], [16, 2], [size, 8], [compressedBytes, 8]),
  );
}

/** Encodes the directory of an archive and the records that end it. */
export function directoryOf(members: readonly WrittenMember[], offset: number): Uint8Array {
  const directory = joined(...members.map(directoryEntry));
  return joined(directory, ...endRecords(members.length, directory.length, offset));
}

function directoryEntry({ path, checksum, compressedBytes, size, offset }: WrittenMember): Uint8Array {
  const name = new TextEncoder().encode(path);
  const numbers = [size, compressedBytes, offset];
  const large = numbers.filter((value) => value >= ELSEWHERE_32);
  const [shownSize, shownCompressed, shownOffset] = numbers.map((value) => Math.min(value, ELSEWHERE_32)) as [number, number, number];
  const extra = large.length > 0 ? record([ZIP64_EXTRA, 2], [8 * large.length, 2], ...large.map((value): Field => [value, 8])) : new Uint8Array(0);
  return joined(
    record([0x02014b50, 4], [VERSION, 2], [VERSION, 2], [UTF8, 2], [DEFLATED, 2], [0, 2], [FIRST_DAY, 2], [checksum, 4], [shownCompressed, 4], [shownSize, 4]),
    record([name.length, 2], [extra.length, 2], [0, 2], [0, 2], [0, 2], [0, 4], [shownOffset, 4]),
    name,
    extra,
  );
}

function endRecords(count: number, bytes: number, offset: number): Uint8Array[] {
  const end = record(
    [0x06054b50, 4],
    [0, 2],
    [0, 2],
    [Math.min(count, ELSEWHERE_16), 2],
    [Math.min(count, ELSEWHERE_16), 2],
    [Math.min(bytes, ELSEWHERE_32), 4],
    [Math.min(offset, ELSEWHERE_32), 4],
    [0, 2],
  );
  if (count < ELSEWHERE_16 && bytes < ELSEWHERE_32 && offset < ELSEWHERE_32) return [end];
  const zip64End = record([0x06064b50, 4], [44, 8], [VERSION, 2], [VERSION, 2], [0, 4], [0, 4], [count, 8], [count, 8], [bytes, 8], [offset, 8]);
  const locator = record([0x07064b50, 4], [0, 4], [offset + bytes, 8], [1, 4]);
  return [zip64End, locator, end];
}
