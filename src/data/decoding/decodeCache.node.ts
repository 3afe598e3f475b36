import { createHash, randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { mkdir, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { InputError } from '../../errors.js';
import { makeFolder, writeAndSync, writeFileAtomically } from '../../files/atomic.node.js';
import { readRegularFile, readTextFile } from '../../files/regularFile.node.js';
import { PixelFile } from './pixelFile.node.js';

const GIGABYTE = 1e9;
const DEFAULT_LIMIT = 20;
/** An unfinished entry without a write for this long belongs to a process that was killed. */
const ABANDONED_AFTER_MS = 3_600_000;
const ENTRY_NAME = /^[0-9a-f]{64}$/;
const UNFINISHED_NAME = /^\.(partial|removed)-/;

type Environment = Readonly<Record<string, string | undefined>>;

/** Returns the cache folder: AGENET_CACHE, or a folder in the user's cache. */
export function defaultCacheFolder(environment: Environment = process.env): string {
  if (environment.AGENET_CACHE) return environment.AGENET_CACHE;
  if (environment.XDG_CACHE_HOME) return join(environment.XDG_CACHE_HOME, 'agenet');
  return join(homedir(), '.cache', 'agenet');
}

/** Returns the size limit of the cache in bytes: AGENET_CACHE_LIMIT in GB, or 20 GB. @throws {InputError} if it is not such a number */
export function cacheLimit(environment: Environment = process.env): number {
  const given = environment.AGENET_CACHE_LIMIT;
  const gigabytes = given === undefined || given === '' ? DEFAULT_LIMIT : Number(given);
  if (!(gigabytes >= 0))
    throw new InputError(`AGENET_CACHE_LIMIT="${given}"`, 'expected the maximum size of the cache in GB, e.g. 20');
  return gigabytes * GIGABYTE;
}

/** Version of the entries on disk. It is part of the cache key. */
export const CACHE_FORMAT_VERSION = 3;
/** A file that changed more recently may change again without a new time, because file systems count time in steps. */
const SETTLED_MS = 100;
/** Verifying more bytes takes longer than waiting until the times of a new file have settled. */
const MAX_QUICKLY_VERIFIED_BYTES = 2 ** 26;

interface EntryBody {
  readonly version: typeof CACHE_FORMAT_VERSION;
  readonly key: string;
  /** Number of images, including skipped ones. */
  readonly images: number;
  readonly skipped: readonly { readonly index: number; readonly reason: string; readonly unreadable: boolean }[];
  /** SHA-256 of the file of checksums. */
  readonly checksums: string;
  /** State of the pixels when they were last verified, or null if it had not settled. */
  readonly stamp: string | null;
}

/** The key and the size of a cache entry. */
export interface EntryShape {
  readonly key: string;
  readonly images: number;
  readonly imageBytes: number;
}

/** An image that could not be decoded. */
export type FailedImage = Readonly<EntryBody['skipped'][number]>;

/** A complete cache entry. */
type CacheEntry = Pick<EntryBody, 'skipped'> & { readonly pixels: PixelFile };

/** A cache entry that is being written. */
export interface UnfinishedEntry {
  readonly pixels: PixelFile;
  /** Moves the entry to its place in the cache. */
  readonly publish: (skipped: readonly FailedImage[]) => Promise<void>;
  /** Closes the pixels, and deletes the entry unless it was published. */
  readonly close: () => void;
}

/**
 * Decoded images on disk. Each list of images is a folder named by its key: `pixels` has the images one after another, with holes for skipped
 * ones; `checksums` has a CRC-32 per image, in the byte order of the machine; `index.json` has the skipped images and the SHA-256 of the checksums. An entry is written under
 * another name and renamed when it is on disk, so it is complete or absent even if several processes write it. It may be deleted at any time.
 * An entry with any change counts as absent.
 *
 * Reading all pixels whenever an entry is opened would take seconds for 100,000 images. They are compared with their checksums only if the
 * file's times have changed since the last time. Otherwise each image is compared when it is read.
 */
export class DecodeCache {
  private readonly folder: string;

  /** @param limit number of bytes of all entries together */
  constructor(
    readonly path: string,
    private readonly limit: number,
  ) {
    this.folder = join(path, 'images');
  }

  /** Returns an entry, or undefined if it is absent or corrupt. */
  async open(shape: EntryShape): Promise<CacheEntry | undefined> {
    const entry = await this.openWhole(shape);
    // The time of the last use, for trimming. A cache that cannot be written can still be read.
    if (entry) await utimes(this.fileOf(shape, 'index.json'), new Date(), new Date()).catch(() => undefined);
    return entry;
  }

  /** Starts a new entry. @throws the system's error if the cache cannot be written */
  async begin(shape: EntryShape): Promise<UnfinishedEntry> {
    await makeFolder(this.folder);
    const unfinished = unfinishedPath(this.folder, 'partial');
    await mkdir(unfinished);
    try {
      const pixels = PixelFile.create(
        join(unfinished, 'pixels'),
        shape.images,
        shape.imageBytes,
        this.fileOf(shape, 'pixels'),
      );
      return {
        pixels,
        publish: (skipped) => this.publish(unfinished, shape, pixels, skipped),
        close: () => {
          pixels.close();
          rmSync(unfinished, { recursive: true, force: true });
        },
      };
    } catch (error) {
      await rm(unfinished, { recursive: true, force: true }).catch(() => undefined);
      throw error;
    }
  }

  private fileOf({ key }: EntryShape, name: 'pixels' | 'checksums' | 'index.json'): string {
    return join(this.folder, key, name);
  }

  private async publish(
    unfinished: string,
    shape: EntryShape,
    pixels: PixelFile,
    skipped: readonly FailedImage[],
  ): Promise<void> {
    const { key, images, imageBytes } = shape;
    if (images * imageBytes > MAX_QUICKLY_VERIFIED_BYTES) await pause(SETTLED_MS + 1);
    const checksums = new Uint8Array(pixels.checksums.buffer);
    await writeAndSync(join(unfinished, 'checksums'), checksums);
    const failures = skipped.map(({ index, reason, unreadable }) => ({ index, reason, unreadable }));
    const body = {
      version: CACHE_FORMAT_VERSION,
      key,
      images,
      skipped: failures,
      checksums: sha256(checksums),
      stamp: settledStamp(pixels),
    } as const;
    await writeAndSync(join(unfinished, 'index.json'), encodeIndex(body));
    await this.replace(unfinished, shape, skipped.length);
    await trimCache(this.folder, this.limit, key);
  }

  /** Moves an entry to its place. The entry of a faster process stays unless it is corrupt or has more skipped images. */
  private async replace(unfinished: string, shape: EntryShape, skipped: number): Promise<void> {
    for (let attempts = 5; ; attempts--) {
      const failure = await rename(unfinished, join(this.folder, shape.key)).catch(
        (error: NodeJS.ErrnoException) => error,
      );
      if (!failure) return;
      const other = await this.openWhole(shape);
      other?.pixels.close();
      if (other !== undefined && other.skipped.length <= skipped) return;
      if (attempts === 0) throw failure;
      await removeEntry(this.folder, shape.key);
    }
  }

  /** Opens an entry that is complete and unchanged. */
  private async openWhole(shape: EntryShape): Promise<CacheEntry | undefined> {
    const { key, images, imageBytes } = shape;
    let pixels: PixelFile | undefined;
    try {
      const body = decodeIndex(await readTextFile(this.fileOf(shape, 'index.json')));
      const checksums = await readRegularFile(this.fileOf(shape, 'checksums'));
      if (
        body?.key !== key ||
        body.images !== images ||
        checksums.length !== 4 * images ||
        sha256(checksums) !== body.checksums
      )
        return undefined;
      pixels = PixelFile.open(
        this.fileOf(shape, 'pixels'),
        imageBytes,
        new Uint32Array(checksums.buffer, checksums.byteOffset, images),
      );
      if (body.stamp !== pixels.state().stamp && !(await this.verify(shape, body, pixels))) {
        pixels.close();
        return undefined;
      }
      return { pixels, skipped: body.skipped };
    } catch {
      pixels?.close();
      return undefined;
    }
  }

  /** Verifies all pixels, and records their state if they are right. */
  private async verify(shape: EntryShape, body: EntryBody, pixels: PixelFile): Promise<boolean> {
    const stamp = settledStamp(pixels);
    const skipped = new Set(body.skipped.map(({ index }) => index));
    if (!(await pixels.verify((index) => skipped.has(index)))) return false;
    // Without the record they are verified again.
    if (stamp !== null)
      await writeFileAtomically(this.fileOf(shape, 'index.json'), encodeIndex({ ...body, stamp })).catch(
        () => undefined,
      );
    return true;
  }
}

function settledStamp(pixels: PixelFile): string | null {
  const { changed, stamp } = pixels.state();
  return Date.now() - changed > SETTLED_MS ? stamp : null;
}

const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex');

const encodeIndex = (body: EntryBody): Uint8Array =>
  new TextEncoder().encode(JSON.stringify({ body, digest: sha256(JSON.stringify(body)) }));

/** Decodes an index, or returns undefined if it was changed or has another version. Keys are parsed in the order in which they were written. */
function decodeIndex(text: string): EntryBody | undefined {
  const { body, digest } = JSON.parse(text) as { readonly body: EntryBody; readonly digest: string };
  return sha256(JSON.stringify(body)) === digest && body.version === CACHE_FORMAT_VERSION ? body : undefined;
}

/** Returns a new name for an entry that is being written or removed. */
const unfinishedPath = (folder: string, purpose: 'partial' | 'removed'): string =>
  join(folder, `.${purpose}-${randomUUID()}`);

/** Renames an entry, then deletes it: no process sees half of it. Returns whether it is gone. */
async function removeEntry(folder: string, name: string): Promise<boolean> {
  const aside = unfinishedPath(folder, 'removed');
  try {
    await rename(join(folder, name), aside);
    await rm(aside, { recursive: true, force: true });
    return true;
  } catch {
    // Another process was faster, or has it open on a system that forbids this.
    return false;
  }
}

/**
 * Removes unfinished entries of killed processes, and the least recently used entries until the others have at most `limit` bytes. The entry
 * `keep` stays. Failures are ignored.
 */
async function trimCache(folder: string, limit: number, keep: string): Promise<void> {
  const names = await readdir(folder).catch(() => [] as string[]);
  await Promise.all(names.filter((name) => UNFINISHED_NAME.test(name)).map((name) => removeAbandoned(folder, name)));
  const entries = await Promise.all(
    names.filter((name) => ENTRY_NAME.test(name)).map((name) => describeEntry(folder, name)),
  );
  let total = entries.reduce((sum, { bytes }) => sum + bytes, 0);
  for (const { name, bytes } of entries.filter((entry) => entry.name !== keep).sort((a, b) => a.lastUse - b.lastUse)) {
    if (total <= limit) return;
    if (await removeEntry(folder, name)) total -= bytes;
  }
}

/** The time of the index is set whenever an entry is opened. */
async function describeEntry(folder: string, name: string): Promise<{ name: string; bytes: number; lastUse: number }> {
  const [pixels, checksums, index] = await Promise.all(
    ['pixels', 'checksums', 'index.json'].map((file) => stat(join(folder, name, file)).catch(() => undefined)),
  );
  return {
    name,
    bytes: (pixels?.size ?? 0) + (checksums?.size ?? 0) + (index?.size ?? 0),
    lastUse: index?.mtimeMs ?? 0,
  };
}

async function removeAbandoned(folder: string, name: string): Promise<void> {
  const found = await Promise.all(
    [join(folder, name), join(folder, name, 'pixels')].map((path) => stat(path).catch(() => undefined)),
  );
  const lastWritten = Math.max(...found.map((each) => each?.mtimeMs ?? 0));
  if (Date.now() - lastWritten > ABANDONED_AFTER_MS)
    await rm(join(folder, name), { recursive: true, force: true }).catch(() => undefined);
}
