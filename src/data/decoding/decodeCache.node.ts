import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { InputError } from '../../errors.js';
import { makeFolder, partialPath, writeAndSync, writeFileAtomically } from '../../files/atomic.node.js';
import { markUsed, removeEntry, trimCache } from '../../files/cacheFolder.node.js';
import { readRegularFile, readTextFile } from '../../files/regularFile.node.js';
import { PixelFile } from './pixelFile.node.js';

export function defaultCacheFolder(environment = process.env) {
  if (environment.AGENET_CACHE) return environment.AGENET_CACHE;
  if (environment.XDG_CACHE_HOME) return join(environment.XDG_CACHE_HOME, 'agenet');
  return join(homedir(), '.cache', 'agenet');
}

const DEFAULT_GIGABYTES = 20;

/** In bytes. */
export function cacheLimit(environment = process.env) {
  const given = environment.AGENET_CACHE_LIMIT;
  const gigabytes = given ? Number(given) : DEFAULT_GIGABYTES;
  if (!(gigabytes >= 0))
    throw new InputError(`AGENET_CACHE_LIMIT="${given}"`, 'expected the maximum size of the cache in GB, e.g. 20');
  return gigabytes * 1e9;
}

export const CACHE_FORMAT_VERSION = 3;
/** Times of files are coarse, so a second change within this time may leave the time as it is. */
const SETTLED_MS = 100;
/** Verifying more bytes takes longer than waiting for `SETTLED_MS`. */
const MAX_QUICKLY_VERIFIED_BYTES = 2 ** 26;

export interface FailedImage {
  index: number;
  reason: string;
  unreadable: boolean;
}

interface EntryBody {
  version: typeof CACHE_FORMAT_VERSION;
  key: string;
  images: number;
  skipped: readonly FailedImage[];
  checksums: string;
  /** Stamp of the verified pixel file, or null if its last change was too recent to trust it. */
  stamp: string | null;
}

export interface EntryShape {
  key: string;
  images: number;
  imageBytes: number;
}

export interface UnfinishedEntry {
  pixels: PixelFile;
  publish: (skipped: readonly FailedImage[]) => Promise<void>;
  /** Deletes the entry unless it was published. */
  close: () => void;
}

/**
 * Decoded images on disk, with one entry per list of images. Several processes may write an entry, which is complete or
 * absent. Pixels are verified only if the times of their file have changed, because 100,000 images take seconds.
 */
export class DecodeCache {
  private readonly folder: string;

  /** @param limit bytes of all entries together */
  constructor(
    readonly path: string,
    private readonly limit: number,
  ) {
    this.folder = join(path, 'images');
  }

  /** Returns undefined if the entry is absent or corrupt. */
  async open({ key, images, imageBytes }: EntryShape) {
    const entry = join(this.folder, key);
    let pixels: PixelFile | undefined;
    try {
      const body = decodeIndex(await readTextFile(join(entry, 'index.json')));
      const checksums = await readRegularFile(join(entry, 'checksums'));
      if (body?.key !== key || body.images !== images) return undefined;
      if (sha256(checksums) !== body.checksums || checksums.length !== 4 * images) return undefined;
      const sums = new Uint32Array(checksums.buffer, checksums.byteOffset, images);
      pixels = PixelFile.open(join(entry, 'pixels'), imageBytes, sums);
      if (body.stamp !== pixels.state().stamp) await verify(entry, body, pixels);
      await markUsed(entry);
      return { pixels, skipped: body.skipped };
    } catch {
      pixels?.close();
      return undefined;
    }
  }

  async begin(shape: EntryShape): Promise<UnfinishedEntry> {
    await makeFolder(this.folder);
    const entry = join(this.folder, shape.key);
    const unfinished = partialPath(entry);
    await mkdir(unfinished);
    const remove = () => rmSync(unfinished, { recursive: true, force: true });
    try {
      const file = join(unfinished, 'pixels');
      const pixels = PixelFile.create(file, shape.images, shape.imageBytes, join(entry, 'pixels'));
      return {
        pixels,
        publish: (skipped) => this.publish(unfinished, shape, pixels, skipped),
        close: () => {
          pixels.close();
          remove();
        },
      };
    } catch (error) {
      remove();
      throw error;
    }
  }

  private async publish(unfinished: string, shape: EntryShape, pixels: PixelFile, skipped: readonly FailedImage[]) {
    const { key, images, imageBytes } = shape;
    if (images * imageBytes > MAX_QUICKLY_VERIFIED_BYTES) await pause(SETTLED_MS + 1);
    const sums = new Uint8Array(pixels.checksums.buffer);
    await writeAndSync(join(unfinished, 'checksums'), sums);
    const stamp = settledStamp(pixels);
    const body = { version: CACHE_FORMAT_VERSION, key, images, skipped, checksums: sha256(sums), stamp } as const;
    await writeAndSync(join(unfinished, 'index.json'), encodeIndex(body));
    await this.replace(unfinished, shape, skipped.length);
    await trimCache(this.folder, this.limit, (name) => /^[0-9a-f]{64}$/.test(name), key);
  }

  /** The entry of a faster process stays unless it is corrupt or has more skipped images. */
  private async replace(unfinished: string, shape: EntryShape, skipped: number) {
    const entry = join(this.folder, shape.key);
    for (let retries = 5; ; retries--) {
      const failure = await rename(unfinished, entry).catch((error: unknown) => error as Error);
      if (!failure) return;
      const other = await this.open(shape);
      other?.pixels.close();
      if (other !== undefined && other.skipped.length <= skipped) return;
      if (retries === 0) throw failure;
      await removeEntry(entry);
    }
  }
}

async function verify(entry: string, body: EntryBody, pixels: PixelFile) {
  const stamp = settledStamp(pixels);
  const skipped = new Set(body.skipped.map(({ index }) => index));
  if (!(await pixels.verify((index) => skipped.has(index)))) throw new Error('the pixels have changed');
  if (stamp === null) return;
  // After a failure, the next process verifies the pixels.
  await writeFileAtomically(join(entry, 'index.json'), encodeIndex({ ...body, stamp })).catch(() => undefined);
}

function settledStamp(pixels: PixelFile) {
  const { changed, stamp } = pixels.state();
  return Date.now() - changed > SETTLED_MS ? stamp : null;
}

const sha256 = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest('hex');

const encodeIndex = (body: EntryBody) =>
  new TextEncoder().encode(JSON.stringify({ body, digest: sha256(JSON.stringify(body)) }));

function decodeIndex(text: string): EntryBody | undefined {
  const { body, digest } = JSON.parse(text) as { body: EntryBody; digest: string };
  return sha256(JSON.stringify(body)) === digest && body.version === CACHE_FORMAT_VERSION ? body : undefined;
}
