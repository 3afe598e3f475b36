import { type FileHandle, mkdir, open, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { makeFolder, writeThrough } from '../files.node.js';
import { removeEntry, trimCache, unfinishedPath } from './cacheFolder.node.js';
import { type PackedFailure, type PackedPixels, PixelFile, type PixelSink, writeWhole } from './pixelFile.node.js';

/** A form of the entries that others cannot read gets another number. */
export const ENTRY_VERSION = 1;

const entryIndex = z.object({
  version: z.literal(ENTRY_VERSION),
  key: z.string(),
  /** Images in the list that was packed, those left out included. */
  images: z.int().nonnegative(),
  leftOut: z.array(z.object({ index: z.int().nonnegative(), reason: z.string(), unreadable: z.boolean() })),
});

/** What is packed under a key: so many images of so many bytes each, fewer those left out. */
export interface PackedShape {
  readonly key: string;
  readonly images: number;
  readonly imageBytes: number;
}

/**
 * Decoded images on disk, each list of them as a folder named by its key, with the images one after another in `pixels` and what was left
 * out in `index.json`. An entry is written under another name and renamed when it is on the disk: it is whole or not there, whoever else
 * writes the same, and may be deleted at any time.
 */
export class PackedCache {
  private readonly folder: string;

  /** `limit` is the number of bytes that all entries may take together. */
  constructor(
    folder: string,
    private readonly limit: number,
  ) {
    this.folder = join(folder, 'images');
  }

  /** The images of a key, or undefined if they are not there or damaged. */
  async open({ key, images, imageBytes }: PackedShape): Promise<PackedPixels | undefined> {
    const folder = join(this.folder, key);
    try {
      const index = entryIndex.parse(JSON.parse(await readFile(join(folder, 'index.json'), 'utf8')));
      const { size } = await stat(join(folder, 'pixels'));
      if (index.key !== key || index.images !== images || size !== (images - index.leftOut.length) * imageBytes) return undefined;
      const store = PixelFile.open(join(folder, 'pixels'));
      // When it was last used, for trimming; a cache that cannot be written can still be read.
      await utimes(join(folder, 'index.json'), new Date(), new Date()).catch(() => undefined);
      return { store, leftOut: index.leftOut };
    } catch {
      return undefined;
    }
  }

  /** Begins an entry. Throws the system's error if the cache cannot be written. */
  async begin(shape: PackedShape): Promise<PixelSink> {
    await makeFolder(this.folder);
    const unfinished = unfinishedPath(this.folder, 'partial');
    await mkdir(unfinished);
    const pixels = await open(join(unfinished, 'pixels'), 'wx');
    return new EntrySink(unfinished, pixels, (leftOut) => this.publish(unfinished, shape, leftOut));
  }

  private async publish(unfinished: string, shape: PackedShape, leftOut: readonly PackedFailure[]): Promise<PackedPixels> {
    const { key, images } = shape;
    const index: z.infer<typeof entryIndex> = { version: ENTRY_VERSION, key, images, leftOut: [...leftOut] };
    await writeThrough(join(unfinished, 'index.json'), new TextEncoder().encode(JSON.stringify(index)));
    const published = await this.replace(unfinished, shape, leftOut.length);
    await trimCache(this.folder, this.limit, key);
    return published;
  }

  /**
   * Puts an entry in its place. Another process that packs the same may have been quicker, and then its entry is taken, unless that is
   * damaged or lacks more images.
   */
  private async replace(unfinished: string, shape: PackedShape, leftOut: number): Promise<PackedPixels> {
    for (let attempts = 5; ; attempts--) {
      const failure = await rename(unfinished, join(this.folder, shape.key)).catch((error: NodeJS.ErrnoException) => error);
      const entry = await this.open(shape);
      if (entry !== undefined && (!failure || entry.leftOut.length <= leftOut)) {
        await rm(unfinished, { recursive: true, force: true });
        return entry;
      }
      entry?.store.close();
      if (attempts === 0) throw failure ?? new Error('the entry that was just written is gone');
      await removeEntry(this.folder, shape.key);
    }
  }
}

/** Writes an entry under its unfinished name. */
class EntrySink implements PixelSink {
  private position = 0;

  constructor(
    private readonly folder: string,
    private readonly pixels: FileHandle,
    private readonly publish: (leftOut: readonly PackedFailure[]) => Promise<PackedPixels>,
  ) {}

  async write(pixels: Uint8Array): Promise<void> {
    await writeWhole(this.pixels, pixels, this.position);
    // Else all of it would have to reach the disk at the end, when nothing is left to decode meanwhile.
    await this.pixels.datasync();
    this.position += pixels.length;
  }

  async finish(leftOut: readonly PackedFailure[]): Promise<PackedPixels> {
    await this.pixels.sync();
    await this.pixels.close();
    return this.publish(leftOut);
  }

  async discard(): Promise<void> {
    await this.pixels.close().catch(() => undefined);
    await rm(this.folder, { recursive: true, force: true }).catch(() => undefined);
  }
}
