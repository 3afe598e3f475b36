import { rmSync } from 'node:fs';
import { mkdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { makeFolder, writeThrough } from '../files.node.js';
import { removeEntry, trimCache, unfinishedPath } from './cacheFolder.node.js';
import { type PackedFailure, PixelFile, type PixelSink, type PixelStore } from './pixelStore.node.js';

/** A form of the entries that others cannot read gets another number. */
export const ENTRY_VERSION = 2;

const entryIndex = z.object({
  version: z.literal(ENTRY_VERSION),
  key: z.string(),
  /** Images in the list that was packed, those left out included. */
  images: z.int().nonnegative(),
  leftOut: z.array(z.object({ index: z.int().nonnegative(), reason: z.string(), unreadable: z.boolean() })),
});

/** What is packed under a key: so many images of so many bytes each. */
export interface PackedShape {
  readonly key: string;
  readonly images: number;
  readonly imageBytes: number;
}

/** What is there under a key. */
export interface PackedEntry {
  readonly store: PixelStore;
  readonly leftOut: readonly PackedFailure[];
}

/**
 * Decoded images on disk, each list of them as a folder named by its key, with the images one after another in `pixels`, those that are
 * left out as holes, and what these are in `index.json`. An entry is written under another name and renamed when it is on the disk: it is
 * whole or not there, whoever else writes the same, and may be deleted at any time.
 */
export class PackedCache {
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
    const { key, imageBytes } = shape;
    const leftOut = await this.check(shape);
    if (leftOut === undefined) return undefined;
    try {
      const store = PixelFile.open(join(this.folder, key, 'pixels'), imageBytes);
      // When it was last used, for trimming; a cache that cannot be written can still be read.
      await utimes(join(this.folder, key, 'index.json'), new Date(), new Date()).catch(() => undefined);
      return { store, leftOut };
    } catch {
      return undefined;
    }
  }

  /** Begins an entry. Throws the system's error if the cache cannot be written. */
  async begin(shape: PackedShape): Promise<PixelSink> {
    await makeFolder(this.folder);
    const unfinished = unfinishedPath(this.folder, 'partial');
    await mkdir(unfinished);
    try {
      const file = PixelFile.create(join(unfinished, 'pixels'), shape.images, shape.imageBytes, join(this.folder, shape.key, 'pixels'));
      return new EntrySink(unfinished, file, (leftOut) => this.publish(unfinished, shape, leftOut));
    } catch (error) {
      await rm(unfinished, { recursive: true, force: true }).catch(() => undefined);
      throw error;
    }
  }

  private async publish(unfinished: string, shape: PackedShape, leftOut: readonly PackedFailure[]): Promise<void> {
    const { key, images } = shape;
    const index: z.infer<typeof entryIndex> = { version: ENTRY_VERSION, key, images, leftOut: [...leftOut] };
    await writeThrough(join(unfinished, 'index.json'), new TextEncoder().encode(JSON.stringify(index)));
    await this.replace(unfinished, shape, leftOut.length);
    await trimCache(this.folder, this.limit, key);
  }

  /**
   * Puts an entry in its place. Another process that packs the same may have been quicker, and then its entry stays, unless that is
   * damaged or lacks more images.
   */
  private async replace(unfinished: string, shape: PackedShape, leftOut: number): Promise<void> {
    for (let attempts = 5; ; attempts--) {
      const failure = await rename(unfinished, join(this.folder, shape.key)).catch((error: NodeJS.ErrnoException) => error);
      if (!failure) return;
      const other = await this.check(shape);
      if (other !== undefined && other.length <= leftOut) return;
      if (attempts === 0) throw failure;
      await removeEntry(this.folder, shape.key);
    }
  }

  /** What is left out of an entry that is there and whole. */
  private async check({ key, images, imageBytes }: PackedShape): Promise<readonly PackedFailure[] | undefined> {
    const folder = join(this.folder, key);
    try {
      const index = entryIndex.parse(JSON.parse(await readFile(join(folder, 'index.json'), 'utf8')));
      const { size } = await stat(join(folder, 'pixels'));
      return index.key === key && index.images === images && size === images * imageBytes ? index.leftOut : undefined;
    } catch {
      return undefined;
    }
  }
}

/** An entry under its unfinished name, which it loses when it is kept; what is not kept goes when the sink is closed. */
class EntrySink implements PixelSink {
  constructor(
    private readonly folder: string,
    private readonly file: PixelFile,
    private readonly publish: (leftOut: readonly PackedFailure[]) => Promise<void>,
  ) {}

  read(index: number, target: Uint8Array, offset: number): void {
    this.file.read(index, target, offset);
  }

  write(index: number, pixels: Uint8Array): void {
    this.file.write(index, pixels);
  }

  flush(): Promise<void> {
    return this.file.flush();
  }

  keep(leftOut: readonly PackedFailure[]): Promise<void> {
    return this.publish(leftOut);
  }

  close(): void {
    this.file.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
