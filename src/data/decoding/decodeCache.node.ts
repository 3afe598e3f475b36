import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { mkdir, rename, rm, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { makeFolder, writeFileAtomically, writeAndSync } from '../../files/atomic.node.js';
import { readRegularFile, readTextFile } from '../../files/regularFile.node.js';
import { removeEntry, trimCache, unfinishedPath } from './cacheFolder.node.js';
import { CheckedPixels } from './checkedPixels.node.js';
import { type FailedImage, PixelFile, type PixelSink, type PixelStore } from './pixelStore.node.js';

/** A form of the entries that others cannot read gets another number. */
export const CACHE_FORMAT_VERSION = 3;
/** A file that was changed less long ago may change again without another time: file systems count in steps. */
const SETTLED_MS = 100;
/** To verify more takes longer than to wait until the times of a new file are settled. */
const QUICKLY_VERIFIED_BYTES = 2 ** 26;

const entryBody = z.strictObject({
  version: z.literal(CACHE_FORMAT_VERSION),
  key: z.string(),
  /** Images in the list that was packed, those left out included. */
  images: z.int().nonnegative(),
  skipped: z.array(z.strictObject({ index: z.int().nonnegative(), reason: z.string(), unreadable: z.boolean() })),
  /** SHA-256 of the file of checksums. */
  checksums: z.string(),
  /** The state in which the pixels were last known to be right, or null if it had not settled. */
  stamp: z.string().nullable(),
});
type EntryBody = z.infer<typeof entryBody>;
/** With the SHA-256 of everything else. */
const entryIndex = z.strictObject({ body: entryBody, digest: z.string() });

/** What is packed under a key: so many images of so many bytes each. */
export interface PackedShape {
  readonly key: string;
  readonly images: number;
  readonly imageBytes: number;
}

/** What is there under a key. */
export interface PackedEntry {
  readonly store: PixelStore;
  readonly skipped: readonly FailedImage[];
}

/**
 * Decoded images on disk, each list of them as a folder named by its key: the images one after another in `pixels`, those that are left out
 * as holes; a CRC-32 of each in `checksums`; and what is left out in `index.json`, which also vouches for the other two. An entry is written
 * under another name and renamed when it is on the disk: it is whole or not there, whoever else writes the same, and may be deleted at any
 * time. An entry that was changed afterwards, however little, counts as not there.
 *
 * To read all pixels at each opening would take seconds for 100,000 images. They are read, and compared with their checksums, only if the
 * file's times are not those of the last time; otherwise each image is compared when it is needed.
 */
export class DecodeCache {
  private readonly folder: string;

  /** `limit` is the number of bytes that all entries may take together. */
  constructor(
    readonly path: string,
    private readonly limit: number,
  ) {
    this.folder = join(path, 'images');
  }

  /** The images of a key, or undefined if they are not there or damaged. */
  async open(shape: PackedShape): Promise<PackedEntry | undefined> {
    const entry = await this.openWhole(shape);
    // When it was last used, for trimming; a cache that cannot be written can still be read.
    if (entry) await utimes(this.fileOf(shape, 'index.json'), new Date(), new Date()).catch(() => undefined);
    return entry;
  }

  /** Begins an entry. Throws the system's error if the cache cannot be written. */
  async begin(shape: PackedShape): Promise<PixelSink> {
    await makeFolder(this.folder);
    const unfinished = unfinishedPath(this.folder, 'partial');
    await mkdir(unfinished);
    try {
      const file = PixelFile.create(join(unfinished, 'pixels'), shape.images, shape.imageBytes, this.fileOf(shape, 'pixels'));
      const pixels = new CheckedPixels(file, shape, new Uint32Array(shape.images), this.fileOf(shape, 'index.json'));
      return new EntrySink(unfinished, pixels, (skipped) => this.publish(unfinished, shape, pixels, skipped));
    } catch (error) {
      await rm(unfinished, { recursive: true, force: true }).catch(() => undefined);
      throw error;
    }
  }

  private fileOf({ key }: PackedShape, name: 'pixels' | 'checksums' | 'index.json'): string {
    return join(this.folder, key, name);
  }

  private async publish(unfinished: string, shape: PackedShape, pixels: CheckedPixels, skipped: readonly FailedImage[]): Promise<void> {
    const { key, images, imageBytes } = shape;
    if (images * imageBytes > QUICKLY_VERIFIED_BYTES) await pause(SETTLED_MS + 1);
    const checksums = bytesOf(pixels.checksums);
    await writeAndSync(join(unfinished, 'checksums'), checksums);
    const failures = skipped.map(({ index, reason, unreadable }) => ({ index, reason, unreadable }));
    const body = { version: CACHE_FORMAT_VERSION, key, images, skipped: failures, checksums: sha256(checksums), stamp: settledStamp(pixels) } as const;
    await writeAndSync(join(unfinished, 'index.json'), encodeIndex(body));
    await this.replace(unfinished, shape, skipped.length);
    await trimCache(this.folder, this.limit, key);
  }

  /**
   * Puts an entry in its place. Another process that packs the same may have been quicker, and then its entry stays, unless that is
   * damaged or lacks more images.
   */
  private async replace(unfinished: string, shape: PackedShape, skipped: number): Promise<void> {
    for (let attempts = 5; ; attempts--) {
      const failure = await rename(unfinished, join(this.folder, shape.key)).catch((error: NodeJS.ErrnoException) => error);
      if (!failure) return;
      const other = await this.openWhole(shape);
      other?.store.close();
      if (other !== undefined && other.skipped.length <= skipped) return;
      if (attempts === 0) throw failure;
      await removeEntry(this.folder, shape.key);
    }
  }

  /** An entry that is there, whole and unchanged. */
  private async openWhole(shape: PackedShape): Promise<PackedEntry | undefined> {
    const { key, images, imageBytes } = shape;
    let store: CheckedPixels | undefined;
    try {
      const body = decodeIndex(await readTextFile(this.fileOf(shape, 'index.json')));
      const checksums = await readRegularFile(this.fileOf(shape, 'checksums'));
      if (body?.key !== key || body.images !== images || checksums.length !== 4 * images || sha256(checksums) !== body.checksums) return undefined;
      const file = PixelFile.open(this.fileOf(shape, 'pixels'), images, imageBytes);
      store = new CheckedPixels(file, shape, wordsOf(checksums), this.fileOf(shape, 'index.json'));
      if (body.stamp !== store.state().stamp && !(await this.vouchAgain(shape, body, store))) {
        store.close();
        return undefined;
      }
      return { store, skipped: body.skipped };
    } catch {
      store?.close();
      return undefined;
    }
  }

  /** Verifies all pixels, and notes their state if they are right. */
  private async vouchAgain(shape: PackedShape, body: EntryBody, store: CheckedPixels): Promise<boolean> {
    const stamp = settledStamp(store);
    const skipped = new Set(body.skipped.map(({ index }) => index));
    if (!(await store.verify((index) => skipped.has(index)))) return false;
    // Without the note they are verified again.
    if (stamp !== null) await writeFileAtomically(this.fileOf(shape, 'index.json'), encodeIndex({ ...body, stamp })).catch(() => undefined);
    return true;
  }
}

function settledStamp(pixels: CheckedPixels): string | null {
  const { changed, stamp } = pixels.state();
  return Date.now() - changed > SETTLED_MS ? stamp : null;
}

const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex');

const encodeIndex = (body: EntryBody): Uint8Array => new TextEncoder().encode(JSON.stringify({ body, digest: sha256(JSON.stringify(body)) }));

/** Undefined for an index that was changed. Keys that are read come in the order in which they are written. */
function decodeIndex(text: string): EntryBody | undefined {
  const { body, digest } = entryIndex.parse(JSON.parse(text));
  return sha256(JSON.stringify(body)) === digest ? body : undefined;
}

/** Numbers of 32 bits as bytes, the least significant first on every machine. */
function bytesOf(words: Uint32Array): Uint8Array {
  const view = new DataView(new ArrayBuffer(4 * words.length));
  words.forEach((word, index) => view.setUint32(4 * index, word, true));
  return new Uint8Array(view.buffer);
}

function wordsOf(bytes: Uint8Array): Uint32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Uint32Array.from({ length: bytes.length / 4 }, (_, index) => view.getUint32(4 * index, true));
}

/** An entry under its unfinished name, which it loses when it is kept; what is not kept goes when the sink is closed. */
class EntrySink implements PixelSink {
  constructor(
    private readonly folder: string,
    private readonly pixels: CheckedPixels,
    private readonly publish: (skipped: readonly FailedImage[]) => Promise<void>,
  ) {}

  read(index: number, target: Uint8Array, offset: number): void {
    this.pixels.read(index, target, offset);
  }

  write(index: number, pixels: Uint8Array): void {
    this.pixels.write(index, pixels);
  }

  flush(): Promise<void> {
    return this.pixels.flush();
  }

  keep(skipped: readonly FailedImage[]): Promise<void> {
    return this.publish(skipped);
  }

  close(): void {
    this.pixels.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
