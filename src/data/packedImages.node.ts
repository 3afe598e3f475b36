import { createHash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { InputError } from '../errors.js';
import { writingFailure } from '../files.node.js';
import { DECODER } from '../images/decode.node.js';
import type { DecodeOptions } from '../images/index.js';
import { cacheLimit, defaultCacheFolder } from './cacheFolder.node.js';
import { forEachConcurrently } from './concurrency.js';
import type { ImageItem, LeftOut } from './imageItem.js';
import { ENTRY_VERSION, PackedCache, type PackedShape } from './packedCache.node.js';
import { MemorySink, type PackedFailure, type PackedPixels, type PixelSink, TemporarySink } from './pixelFile.node.js';

/** Twice as many decodings under way as cores: libvips has one to begin when another ends, also where reading the files takes time. */
const DECODINGS_AT_A_TIME = Math.max(8, 2 * availableParallelism());
/** Decoded images that wait to be written, in bytes and in number. */
const BLOCK_BYTES = 32 * 2 ** 20;
const BLOCK_IMAGES = 512;
/** Without any disk to write to, images up to this size together are kept in memory. */
const LARGEST_IN_MEMORY = 512 * 2 ** 20;

/** How images are packed, and what is told meanwhile. */
export interface PackOptions {
  /** Refuse data with images that cannot be decoded, instead of leaving these out. */
  readonly strict?: boolean;
  /** After each image that was decoded or left out; not called where all were decoded before. */
  readonly onProgress?: (done: number, total: number, leftOut: number) => void;
  /** Something that the user should know, in one line. */
  readonly onWarning?: (line: string) => void;
  /** Stops the decoding, which then rejects with the signal's reason and leaves nothing behind. */
  readonly signal?: AbortSignal;
  /** Where decoded images are kept; as AGENET_CACHE and XDG_CACHE_HOME say if it is not given. */
  readonly cacheFolder?: string;
  /** Bytes that the cache may take; as AGENET_CACHE_LIMIT says if it is not given. */
  readonly cacheLimit?: number;
  /** Where images are kept if the cache cannot be written; the system's folder if it is not given. */
  readonly temporaryFolder?: string;
}

/** Decoded images of one shape. */
export interface PackedImages {
  readonly count: number;
  readonly imageBytes: number;
  /** The items that the images were decoded from, in the same order. */
  readonly items: readonly ImageItem[];
  readonly leftOut: readonly LeftOut[];
  /** Copies the bytes [C, size, size] of an image to `target` at `offset`. Throws InputError if they are no longer there. */
  readonly copyImage: (index: number, target: Uint8Array, offset: number) => void;
  /** Gives the file back; images cannot be copied any more. */
  readonly close: () => void;
}

/**
 * Decodes a list of images, called `name` in messages, or opens what was decoded of the same before. Images that cannot be decoded are
 * left out and warned of. Throws InputError if none is left, if one is left out under `strict`, or if there is no room for the pixels.
 */
export async function packImages(name: string, items: readonly ImageItem[], format: DecodeOptions, options: PackOptions = {}): Promise<PackedImages> {
  const shape: PackedShape = { key: packingKey(items, format), images: items.length, imageBytes: format.channels * format.size ** 2 };
  const cacheFolder = options.cacheFolder ?? defaultCacheFolder();
  const cache = new PackedCache(cacheFolder, options.cacheLimit ?? cacheLimit());
  const job: PackingJob = { name, items, format, shape, options };
  const { store, leftOut } = (await openCached(cache, job)) ?? (await packAnew(cache, cacheFolder, job));
  try {
    const failures = leftOut.map(({ index, reason }): LeftOut => ({ name: items[index]!.name, reason }));
    reportLeftOut(name, failures, items.length, options);
    return {
      count: items.length - leftOut.length,
      imageBytes: shape.imageBytes,
      items: without(items, leftOut),
      leftOut: failures,
      copyImage: (index, target, offset) => store.read(index * shape.imageBytes, target, offset, shape.imageBytes),
      close: () => store.close(),
    };
  } catch (error) {
    store.close();
    throw error;
  }
}

/** Warns of what is left out of data, or refuses it under `strict`: names the first ones and counts the others. */
export function reportLeftOut(name: string, leftOut: readonly LeftOut[], total: number, { strict, onWarning }: PackOptions): void {
  const [first] = leftOut;
  if (first === undefined) return;
  if (strict) throw new InputError(`${name}: ${first.name} cannot be used (${first.reason}), and nothing may be left out`);
  const shown = leftOut.slice(0, 3).map((each) => `${each.name} (${each.reason})`);
  const others = leftOut.length > shown.length ? ` and ${leftOut.length - shown.length} more` : '';
  onWarning?.(`${name}: ${leftOut.length} of ${total} images left out: ${shown.join(', ')}${others}`);
}

/** Changes with whatever may change the pixels: the images, their files' sizes and times, how they are decoded, and by what. */
function packingKey(items: readonly ImageItem[], { size, channels, crop = 'center' }: DecodeOptions): string {
  const hash = createHash('sha256').update(JSON.stringify([ENTRY_VERSION, DECODER, size, channels, crop]));
  for (const { name, fingerprint } of items) hash.update(`${JSON.stringify([name, fingerprint])}\n`);
  return hash.digest('hex');
}

interface PackingJob {
  readonly name: string;
  readonly items: readonly ImageItem[];
  readonly format: DecodeOptions;
  readonly shape: PackedShape;
  readonly options: PackOptions;
}

/** What was decoded before, unless a file that could not be read then can be now: reading rights are no part of the key. */
async function openCached(cache: PackedCache, { items, format, shape, options: { signal } }: PackingJob): Promise<PackedPixels | undefined> {
  signal?.throwIfAborted();
  const entry = await cache.open(shape);
  const unreadable = entry?.leftOut.filter((each) => each.unreadable) ?? [];
  let readable = 0;
  await forEachConcurrently(unreadable.length, DECODINGS_AT_A_TIME, async (position) => {
    if ('pixels' in (await items[unreadable[position]!.index]!.decode(format))) readable++;
  });
  if (readable === 0) return entry;
  entry?.store.close();
  return undefined;
}

/** There is no room for the pixels where they were written. */
class NoRoomError extends Error {}

/** Decodes into the cache, or if that cannot be written into a temporary file, or if that cannot either and they are few, into memory. */
async function packAnew(cache: PackedCache, cacheFolder: string, job: PackingJob): Promise<PackedPixels> {
  const bytes = job.shape.images * job.shape.imageBytes;
  const needed = `${Math.ceil(bytes / 1e6)} MB`;
  const advice = `set AGENET_CACHE to a folder with room for ${needed}`;
  try {
    return await pack(() => cache.begin(job.shape), job);
  } catch (error) {
    if (!(error instanceof NoRoomError)) throw error;
    job.options.onWarning?.(
      `${cacheFolder}: decoded images cannot be kept there (${writingFailure(error.cause)}), so they are decoded anew each time; ${advice}`,
    );
  }
  try {
    return await pack(() => TemporarySink.begin(job.options.temporaryFolder), job);
  } catch (error) {
    if (!(error instanceof NoRoomError)) throw error;
    if (bytes < LARGEST_IN_MEMORY) return pack(() => Promise.resolve(new MemorySink(bytes)), job);
    throw new InputError(
      `${job.name}: ${needed} of decoded images fit neither into the cache ${cacheFolder} nor into the temporary folder (${writingFailure(error.cause)}); ${advice}`,
    );
  }
}

/**
 * Decodes everything into a sink, block by block in the items' order, so that memory holds two blocks however many there are: one is
 * written while the next is decoded.
 */
async function pack(begin: () => Promise<PixelSink>, job: PackingJob): Promise<PackedPixels> {
  const { name, items, shape, options } = job;
  const leftOut: PackedFailure[] = [];
  const sink = await toSink(begin);
  let writing = Promise.resolve();
  try {
    const blockImages = Math.min(BLOCK_IMAGES, Math.max(DECODINGS_AT_A_TIME, Math.floor(BLOCK_BYTES / shape.imageBytes)));
    for (let start = 0; start < items.length; start += blockImages) {
      const block = await decodeBlock(job, start, Math.min(blockImages, items.length - start), leftOut);
      await writing;
      writing = toSink(() => sink.write(block));
      // Awaited in its turn; a rejection before that is not unhandled.
      writing.catch(() => undefined);
    }
    await writing;
    if (leftOut.length === items.length) {
      const [first] = leftOut;
      throw new InputError(
        `${name}: none of its ${items.length} images can be decoded${first ? `, such as ${items[first.index]!.name} (${first.reason})` : ''}`,
      );
    }
    options.signal?.throwIfAborted();
    return await toSink(() => sink.finish(leftOut));
  } catch (error) {
    await writing.catch(() => undefined);
    await sink.discard();
    throw error;
  }
}

async function toSink<T>(action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (cause) {
    throw new NoRoomError('no room for decoded images', { cause });
  }
}

/** The pixels of the items from `start` on, one after another; those that have none are added to `leftOut`. */
async function decodeBlock({ name, items, format, shape, options }: PackingJob, start: number, count: number, leftOut: PackedFailure[]): Promise<Uint8Array> {
  const decoded = new Array<Uint8Array | PackedFailure>(count);
  let done = start;
  let failed = leftOut.length;
  const decodeItem = async (place: number) => {
    const index = start + place;
    const result = await items[index]!.decode(format);
    decoded[place] = 'pixels' in result ? result.pixels : { index, reason: result.failure, unreadable: result.unreadable };
    if ('failure' in result) failed++;
    options.onProgress?.(++done, items.length, failed);
  };
  await forEachConcurrently(count, DECODINGS_AT_A_TIME, decodeItem, options.signal);
  const images = decoded.filter((each) => each instanceof Uint8Array);
  leftOut.push(...decoded.filter((each): each is PackedFailure => !(each instanceof Uint8Array)));
  if (options.strict)
    reportLeftOut(
      name,
      leftOut.map(({ index, reason }) => ({ name: items[index]!.name, reason })),
      items.length,
      options,
    );
  const block = new Uint8Array(images.length * shape.imageBytes);
  for (const [place, pixels] of images.entries()) block.set(pixels, place * shape.imageBytes);
  return block;
}

function without(items: readonly ImageItem[], leftOut: readonly PackedFailure[]): readonly ImageItem[] {
  const indices = new Set(leftOut.map(({ index }) => index));
  return items.filter((_, index) => !indices.has(index));
}
