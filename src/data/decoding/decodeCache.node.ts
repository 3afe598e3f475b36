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

const GIGABYTE = 1e9;
const DEFAULT_LIMIT = 20;
const ENTRY_NAME = /^[0-9a-f]{64}$/;

type Environment = Readonly<Record<string, string | undefined>>;

/** AGENET_CACHE, or a folder in the user's cache. */
export function defaultCacheFolder(environment: Environment = process.env): string {
  if (environment.AGENET_CACHE) return environment.AGENET_CACHE;
  if (environment.XDG_CACHE_HOME) return join(environment.XDG_CACHE_HOME, 'agenet');
  return join(homedir(), '.cache', 'agenet');
}

/** In bytes: AGENET_CACHE_LIMIT in GB, or 20 GB. @throws {InputError} if it is not such a number */
export function cacheLimit(environment: Environment = process.env): number {
  const given = environment.AGENET_CACHE_LIMIT;
  const gigabytes = given === undefined || given === '' ? DEFAULT_LIMIT : Number(given);
  if (!(gigabytes >= 0))
    throw new InputError(`AGENET_CACHE_LIMIT="${given}"`, 'expected the maximum size of the cache in GB, e.g. 20');
  return gigabytes * GIGABYTE;
}

/** Part of the cache key. */
export const CACHE_FORMAT_VERSION = 3;
/** A younger file may change again without a new time, because file systems count time in steps. */
const SETTLED_MS = 100;
/** Verifying more bytes takes longer than waiting until the times of a file settle. */
const MAX_QUICKLY_VERIFIED_BYTES = 2 ** 26;

interface EntryBody {
  readonly version: typeof CACHE_FORMAT_VERSION;
  readonly key: string;
  readonly images: number;
  readonly skipped: readonly { readonly index: number; readonly reason: string; readonly unreadable: boolean }[];
  readonly checksums: string;
  /** State of the verified pixels, or null if it had not settled. */
  readonly stamp: string | null;
}

export interface EntryShape {
  readonly key: string;
  readonly images: number;
  readonly imageBytes: number;
}

export type FailedImage = Readonly<EntryBody['skipped'][number]>;

type CacheEntry = Pick<EntryBody, 'skipped'> & { readonly pixels: PixelFile };

export interface UnfinishedEntry {
  readonly pixels: PixelFile;
  readonly publish: (skipped: readonly FailedImage[]) => Promise<void>;
  /** Also deletes an unpublished entry. */
  readonly close: () => void;
}

/**
 * Decoded images on disk. Each list of images has a folder: `pixels` with holes for skipped images, `checksums` with a
 * CRC-32 per image, and `index.json`. An entry is complete or absent even if several processes write it, and may be
 * deleted at any time. An entry with any change counts as absent.
 * Verifying 100,000 images takes seconds, so it happens only if the times of the file have changed. Otherwise each
 * image is checked when it is read.
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
  async open({ key, images, imageBytes }: EntryShape): Promise<CacheEntry | undefined> {
    const entry = join(this.folder, key);
    let pixels: PixelFile | undefined;
    try {
      const body = decodeIndex(await readTextFile(join(entry, 'index.json')));
      const checksums = await readRegularFile(join(entry, 'checksums'));
      const isRight = body?.key === key && body.images === images && sha256(checksums) === body.checksums;
      if (!isRight || checksums.length !== 4 * images) return undefined;
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

  /** @throws the system's error if the cache cannot be written */
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
    const body: EntryBody = {
      version: CACHE_FORMAT_VERSION,
      key,
      images,
      skipped: skipped.map(({ index, reason, unreadable }) => ({ index, reason, unreadable })),
      checksums: sha256(checksums),
      stamp: settledStamp(pixels),
    };
    await writeAndSync(join(unfinished, 'index.json'), encodeIndex(body));
    await this.replace(unfinished, shape, skipped.length);
    await trimCache(this.folder, this.limit, (name) => ENTRY_NAME.test(name), key);
  }

  /** The entry of a faster process stays unless it is corrupt or has more skipped images. */
  private async replace(unfinished: string, shape: EntryShape, skipped: number): Promise<void> {
    const entry = join(this.folder, shape.key);
    for (let attempts = 5; ; attempts--) {
      const failure = await rename(unfinished, entry).catch((error: unknown) => error as Error);
      if (!failure) return;
      const other = await this.open(shape);
      other?.pixels.close();
      if (other !== undefined && other.skipped.length <= skipped) return;
      if (attempts === 0) throw failure;
      await removeEntry(entry);
    }
  }
}

/** Records the state of the verified pixels. @throws if an image differs */
async function verify(entry: string, body: EntryBody, pixels: PixelFile): Promise<void> {
  const stamp = settledStamp(pixels);
  const skipped = new Set(body.skipped.map(({ index }) => index));
  if (!(await pixels.verify((index) => skipped.has(index)))) throw new Error('the pixels have changed');
  if (stamp === null) return;
  // Failures only repeat the verification.
  await writeFileAtomically(join(entry, 'index.json'), encodeIndex({ ...body, stamp })).catch(() => undefined);
}

function settledStamp(pixels: PixelFile): string | null {
  const { changed, stamp } = pixels.state();
  return Date.now() - changed > SETTLED_MS ? stamp : null;
}

const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex');

const encodeIndex = (body: EntryBody): Uint8Array =>
  new TextEncoder().encode(JSON.stringify({ body, digest: sha256(JSON.stringify(body)) }));

function decodeIndex(text: string): EntryBody | undefined {
  const { body, digest } = JSON.parse(text) as { readonly body: EntryBody; readonly digest: string };
  return sha256(JSON.stringify(body)) === digest && body.version === CACHE_FORMAT_VERSION ? body : undefined;
}
