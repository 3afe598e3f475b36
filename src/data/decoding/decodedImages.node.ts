import { createHash } from 'node:crypto';
import { InputError } from '../../errors.js';
import { DECODER } from '../../images/decode.node.js';
import type { DecodeOptions } from '../../images/decoding.js';
import { cacheLimit, defaultCacheFolder } from './cacheFolder.node.js';
import { forEachConcurrently } from './concurrency.js';
import { BackgroundDecoder, DECODINGS_AT_A_TIME } from './backgroundDecoder.node.js';
import type { ImageItem, SkippedImage } from './imageItem.js';
import { CACHE_FORMAT_VERSION, DecodeCache, type PackedShape } from './decodeCache.node.js';
import { TieredPixelStore } from './tieredPixelStore.node.js';
import type { FailedImage } from './pixelStore.node.js';
import type { PendingImages } from './streamingSplit.js';

/** How images are packed, and what is told meanwhile. */
export interface DecodeCacheOptions {
  /** Refuse data with images that cannot be decoded, instead of leaving these out. */
  readonly strict?: boolean;
  /** After each image that was decoded or left out; not called where all were decoded before. */
  readonly onProgress?: (done: number, total: number, skipped: number) => void;
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

/** A list of images that is open. */
export interface OpenedImages extends PendingImages {
  /** Waits until all are decoded or left out, and says which were left out, in the list's order. */
  readonly finish: () => Promise<readonly FailedImage[]>;
  /** Ends the decoding, and gives the files back; images cannot be copied any more. */
  readonly close: () => void;
}

/**
 * A list of images, called `name` in messages: what was decoded of the same before, or else decoding begins. `finish` warns of images that
 * cannot be decoded, and throws InputError if all are such, if one is under `strict`, or if there is no room for the pixels.
 */
export async function openImages(name: string, items: readonly ImageItem[], format: DecodeOptions, options: DecodeCacheOptions = {}): Promise<OpenedImages> {
  const { signal, strict = false, onProgress, onWarning, temporaryFolder } = options;
  const shape: PackedShape = { key: cacheKey(items, format), images: items.length, imageBytes: imageBytesOf(format) };
  const cache = new DecodeCache(options.cacheFolder ?? defaultCacheFolder(), options.cacheLimit ?? cacheLimit());
  signal?.throwIfAborted();
  const begin = () => {
    const rooms = new TieredPixelStore({ name, shape, cache, temporaryFolder, onWarning });
    const refuse = strict ? (failure: FailedImage) => refusalOf(name, describeFailure(items, failure)) : undefined;
    return new BackgroundDecoder({ items, format, rooms, refuse, onProgress, signal });
  };
  const opened = (await openCached(cache, items, format, shape)) ?? begin();
  let finished: Promise<readonly FailedImage[]> | undefined;
  const finish = async () => {
    const failures = await opened.finish();
    const skipped = failures.map((failure) => describeFailure(items, failure));
    const [first] = skipped;
    if (skipped.length === items.length && !(strict && first)) {
      throw new InputError(`${name}: none of its ${items.length} images can be decoded${first ? `, such as ${first.name} (${first.reason})` : ''}`);
    }
    reportLeftOut(name, skipped, items.length, options);
    return failures;
  };
  return {
    ensureDecoded: (indices) => opened.ensureDecoded(indices),
    finish: () => (finished ??= finish()),
    isSkipped: (index) => opened.isSkipped(index),
    copyImage: (index, target, offset) => opened.copyImage(index, target, offset),
    close: () => opened.close(),
  };
}

/** Warns of what is left out of data, or refuses it under `strict`: names the first ones and counts the others. */
export function reportLeftOut(name: string, skipped: readonly SkippedImage[], total: number, { strict, onWarning }: DecodeCacheOptions): void {
  const [first] = skipped;
  if (first === undefined) return;
  if (strict) throw refusalOf(name, first);
  const shown = skipped.slice(0, 3).map((each) => `${each.name} (${each.reason})`);
  const others = skipped.length > shown.length ? ` and ${skipped.length - shown.length} more` : '';
  onWarning?.(`${name}: ${skipped.length} of ${total} images left out: ${shown.join(', ')}${others}`);
}

const refusalOf = (name: string, first: SkippedImage): InputError =>
  new InputError(`${name}: ${first.name} cannot be used (${first.reason}), and nothing may be left out`);

const imageBytesOf = ({ size, channels }: DecodeOptions): number => channels * size ** 2;

const describeFailure = (items: readonly ImageItem[], { index, reason }: FailedImage): SkippedImage => ({ name: items[index]!.name, reason });

/** Changes with whatever may change the pixels: the images, their files' sizes and times, how they are decoded, and by what. */
function cacheKey(items: readonly ImageItem[], { size, channels, crop = 'center', padding }: DecodeOptions): string {
  const border = padding ? [padding.inner, padding.border, padding.value] : null;
  const hash = createHash('sha256').update(JSON.stringify([CACHE_FORMAT_VERSION, DECODER, size, channels, crop, border]));
  for (const { name, fingerprint } of items) hash.update(`${JSON.stringify([name, fingerprint])}\n`);
  return hash.digest('hex');
}

/** What was decoded before, unless a file that could not be read then can be now: reading rights are no part of the key. */
async function openCached(cache: DecodeCache, items: readonly ImageItem[], format: DecodeOptions, shape: PackedShape): Promise<OpenedImages | undefined> {
  const entry = await cache.open(shape);
  if (entry === undefined) return undefined;
  const { store, skipped } = entry;
  const unreadable = skipped.filter((each) => each.unreadable);
  let readable = 0;
  await forEachConcurrently(unreadable.length, DECODINGS_AT_A_TIME, async (position) => {
    if ('pixels' in (await items[unreadable[position]!.index]!.decode(format))) readable++;
  });
  if (readable > 0) {
    store.close();
    return undefined;
  }
  const indices = new Set(skipped.map(({ index }) => index));
  return {
    ensureDecoded: () => Promise.resolve(),
    finish: () => Promise.resolve(skipped),
    isSkipped: (index) => indices.has(index),
    copyImage: (index, target, offset) => store.read(index, target, offset),
    close: () => store.close(),
  };
}
