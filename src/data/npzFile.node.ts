import { pipeline } from 'node:stream/promises';
import { createDeflateRaw } from 'node:zlib';
import { type PartialFile, writeFileInPieces } from '../files/partialFile.node.js';
import { crc32 } from './formats/checksums.js';
import { bytesOf, npyPreamble, type NumpyArray } from './formats/encodeNumpy.js';
import { directoryOf, localHeader, type WrittenMember } from './formats/zipRecords.js';

/** An array for NumPy whose elements come in pieces, row-major. */
export interface PiecewiseArray {
  /** Of the whole array. */
  readonly shape: readonly number[];
  readonly type: '|u1' | '<f4';
  readonly pieces: AsyncIterable<NumpyArray['data']> | Iterable<NumpyArray['data']>;
}

/** Images and codes are noise to a compressor: more effort takes time and gains nothing. */
const LEVEL = 1;

/** An array that is in memory as one piece. */
export const inOnePiece = ({ shape, data }: NumpyArray): PiecewiseArray => ({
  shape,
  type: data instanceof Float32Array ? '<f4' : '|u1',
  pieces: [data],
});

/**
 * Writes arrays as an `.npz` archive, which `numpy.load` reads, one after another and piece by piece, so that an archive may be larger than
 * memory. The file is written whole or not at all, and its bytes follow from the arrays alone.
 * @param signal ends the writing early; it then rejects with its reason and leaves nothing behind
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
    // Nothing promises that a failed pipeline waits for the piece in progress, whose model the caller frees next.
  ).finally(() => source.return());
  member.compressedBytes = file.size - start;
  // Only now are the sizes known.
  await file.replace(member.offset, localHeader(member));
  return member;
}

/** The bytes of an .npy file. */
async function* elementsOf({ shape, type, pieces }: PiecewiseArray, path: string): AsyncGenerator<Uint8Array> {
  yield npyPreamble(shape, type);
  let missing = shape.reduce((product, size) => product * size, type === '<f4' ? 4 : 1);
  for await (const piece of pieces) {
    missing -= piece.byteLength;
    yield bytesOf(piece);
  }
  if (missing !== 0)
    throw new Error(`${path}: its pieces have ${missing > 0 ? `${missing} bytes too few` : `${-missing} bytes too many`} for [${shape.join(', ')}]`);
}

/** Bytes that pass by, with their number and checksum entered. */
async function* measured(pieces: AsyncIterable<Uint8Array>, into: { size: number; checksum: number }): AsyncGenerator<Uint8Array, void> {
  for await (const bytes of pieces) {
    into.size += bytes.length;
    into.checksum = crc32(bytes, into.checksum);
    yield bytes;
  }
}
