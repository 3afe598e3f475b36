import type { FileEntry } from '@zip.js/zip.js';
import { InputError, messageOf, quoted } from '../../errors.js';

/** Most commands read no archive. */
export const loadZip = () => import('@zip.js/zip.js');

/** Rejects archives that programs read differently, and files that share bytes. */
const READING = { strictness: 'strict', checkOverlappingEntry: true, checkCrc32: true, useWebWorkers: false } as const;

const METHODS: Record<number, string> = {
  9: 'Deflate64',
  12: 'bzip2',
  14: 'LZMA',
  93: 'Zstandard',
  95: 'xz',
};
const [STORED, DEFLATED] = [0, 8];

interface RandomAccess {
  size: number;
  readUint8Array: (offset: number, length: number) => Promise<Uint8Array>;
}

export type ZippedFile = Awaited<ReturnType<typeof openZip>>[number];

export async function openZip(source: Uint8Array | RandomAccess, name: string) {
  const { Reader, Uint8ArrayReader, ZipReader } = await loadZip();
  const reader =
    source instanceof Uint8Array ? new Uint8ArrayReader(source) : Object.assign(new Reader(source), source);
  const entries = await new ZipReader(reader, READING).getEntries().catch((error: unknown) => {
    throw corrupt(name, error);
  });
  return entries
    .filter((entry) => !entry.directory)
    .map((entry) => ({
      path: entry.filename,
      size: entry.uncompressedSize,
      crc32: entry.crc32 ?? 0,
      read: () => contentsOf(entry, `${name}: ${quoted(entry.filename)}`),
    }));
}

async function contentsOf(entry: FileEntry, name: string): Promise<Uint8Array> {
  const { encrypted, compressionMethod: method } = entry;
  if (encrypted) throw new InputError(name, 'is encrypted', 'pack it again without a password');
  if (method !== STORED && method !== DEFLATED) {
    const title = METHODS[method] ?? `method ${method}`;
    throw new InputError(name, `is compressed with ${title}`, 'pack it again with Deflate');
  }
  const { Uint8ArrayWriter } = await loadZip();
  return entry.getData(new Uint8ArrayWriter(), READING).catch((error: unknown) => {
    throw corrupt(name, error);
  });
}

const corrupt = (name: string, error: unknown) =>
  new InputError(name, `cannot read the zip archive (${messageOf(error)})`, 'download it again');
