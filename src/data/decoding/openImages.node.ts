import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { availableParallelism, endianness } from 'node:os';
import { InputError, setting, text } from '../../errors.js';
import { decoderVersion } from '../../images/decode.node.js';
import type { DecodeOptions } from '../../images/preprocessing.js';
import type { ImageItem, SkippedImage } from '../source.js';
import {
  CACHE_FORMAT_VERSION,
  cacheLimit,
  DecodeCache,
  defaultCacheFolder,
  type EntryShape,
  type FailedImage,
} from './decodeCache.node.js';
import { mapConcurrently } from './imageItems.node.js';
import { createPixelStore, type PixelStore } from './pixelStore.node.js';

/** How images are decoded and cached. */
export interface DecodeCacheOptions {
  /** Reject data with images that cannot be decoded, instead of skipping them. */
  strict?: boolean;
  /** Called after each image that was decoded or skipped; not called if all images are cached. */
  onProgress?: (done: number, total: number, skipped: number) => void;
  /** Receives warnings of one line. */
  onWarning?: (line: string) => void;
  /** Aborts the decoding, which then rejects with the signal's reason and leaves no files behind. */
  signal?: AbortSignal;
  /** Folder of the cache (default: by AGENET_CACHE and XDG_CACHE_HOME). */
  cacheFolder?: string;
  /** Size limit of the cache in bytes (default: by AGENET_CACHE_LIMIT). */
  cacheLimit?: number;
}

export type DecodingOptions = DecodeCacheOptions & { name: string };

export interface PendingImages {
  /** Waits until these images are decoded or skipped. Rejects if decoding cannot continue. */
  ensureDecoded: (indices: Iterable<number>) => Promise<void>;
  isSkipped: (index: number) => boolean;
  copyImage: (index: number, target: Uint8Array, offset: number) => void;
  /** Waits for all images. Returns the skipped ones in order. Rejects if all are skipped, or any with `strict`. */
  finish: () => Promise<readonly FailedImage[]>;
  close: () => void;
}

export async function openImages(
  items: readonly ImageItem[],
  format: DecodeOptions,
  options: DecodingOptions,
): Promise<PendingImages> {
  const shape = {
    key: cacheKey(items, format),
    images: items.length,
    imageBytes: format.channels * format.size ** 2,
  };
  const cache = new DecodeCache(options.cacheFolder ?? defaultCacheFolder(), options.cacheLimit ?? cacheLimit());
  options.signal?.throwIfAborted();
  const opened =
    (await openCached(cache, items, format, shape)) ??
    decodeInBackground(items, format, createPixelStore({ ...options, shape, cache }), options);
  let finished: Promise<readonly FailedImage[]> | undefined;
  const finish = async () => {
    const failures = await opened.finish();
    const skipped = nameFailures(failures, items);
    const [first] = skipped;
    if (skipped.length === items.length && !options.strict) {
      const example = first ? `; ${first.name}: ${first.reason}` : '';
      throw new InputError(options.name, `none of its ${items.length} images can be decoded${example}`);
    }
    reportSkipped(skipped, items.length, options);
    return failures;
  };
  return { ...opened, finish: () => (finished ??= finish()) };
}

export const nameFailures = (failures: readonly FailedImage[], items: readonly ImageItem[]): SkippedImage[] =>
  failures.map(({ index, reason }) => ({ name: items[index]!.name, reason }));

export function reportSkipped(skipped: readonly SkippedImage[], total: number, options: DecodingOptions) {
  const { name, strict, onWarning } = options;
  const [first] = skipped;
  if (first === undefined) return;
  if (strict)
    throw new InputError(
      name,
      `${first.name} cannot be decoded (${first.reason})`,
      text`${setting('strict')} does not allow skipped images`,
    );
  const shown = skipped.slice(0, 3).map((each) => `${each.name} (${each.reason})`);
  const others = skipped.length > shown.length ? ` and ${skipped.length - shown.length} more` : '';
  onWarning?.(`${name}: skipped ${skipped.length} of ${total} images: ${shown.join(', ')}${others}`);
}

function cacheKey(items: readonly ImageItem[], { size, channels, crop = 'center', padding }: DecodeOptions) {
  const border = padding ? [padding.inner, padding.border, padding.value] : null;
  const hash = createHash('sha256').update(
    JSON.stringify([CACHE_FORMAT_VERSION, decoderVersion(), endianness(), size, channels, crop, border]),
  );
  for (const { name, fingerprint } of items) hash.update(`${JSON.stringify([name, fingerprint])}\n`);
  return hash.digest('hex');
}

/** Ignores an entry if a file that was unreadable can be read now. The key does not cover permissions. */
async function openCached(
  cache: DecodeCache,
  items: readonly ImageItem[],
  format: DecodeOptions,
  shape: EntryShape,
): Promise<PendingImages | undefined> {
  const entry = await cache.open(shape);
  if (entry === undefined) return undefined;
  const { pixels, skipped } = entry;
  const unreadable = skipped.filter((each) => each.unreadable);
  const readable = await mapConcurrently(
    unreadable,
    CONCURRENT_DECODINGS,
    async ({ index }) => 'pixels' in (await items[index]!.decode(format)),
  );
  if (readable.includes(true)) {
    pixels.close();
    return undefined;
  }
  const indices = new Set(skipped.map(({ index }) => index));
  return {
    ensureDecoded: () => Promise.resolve(),
    finish: () => Promise.resolve(skipped),
    isSkipped: (index) => indices.has(index),
    copyImage: (index, target, offset) => pixels.read(index, target, offset),
    close: () => pixels.close(),
  };
}

/** Keeps libvips busy while files are read. */
const CONCURRENT_DECODINGS = Math.max(8, 2 * availableParallelism());

const [PENDING, DECODED, SKIPPED] = [0, 1, 2];

/** Decodes images in order, but first the images that a caller waits for. */
function decodeInBackground(
  items: readonly ImageItem[],
  format: DecodeOptions,
  store: PixelStore,
  options: DecodingOptions,
): PendingImages {
  const { name, strict, signal, onProgress } = options;
  const states = new Uint8Array(items.length);
  const inProgress = new Map<number, Promise<void>>();
  const failures: FailedImage[] = [];
  let done = 0;
  const stopping = new AbortController();
  // Rejects when decoding stops. `finish` and `ensureDecoded` report the error.
  const stopped = once(stopping.signal, 'abort').then(() => stopping.signal.throwIfAborted());
  stopped.catch(() => undefined);
  const decodeNow = async (index: number) => {
    stopping.signal.throwIfAborted();
    const result = await items[index]!.decode(format);
    stopping.signal.throwIfAborted();
    if ('pixels' in result) await store.write(index, result.pixels);
    else failures.push({ index, reason: result.failure, unreadable: result.unreadable });
    states[index] = 'pixels' in result ? DECODED : SKIPPED;
    onProgress?.(++done, items.length, failures.length);
  };
  const decode = async (index: number) => {
    if (states[index] !== PENDING) return;
    const decoding = inProgress.get(index) ?? decodeNow(index).finally(() => inProgress.delete(index));
    inProgress.set(index, decoding);
    await decoding;
  };
  const decodeAll = async () => {
    const decodeNext = async (_: ImageItem, index: number) => {
      if (!strict || failures.length === 0) await decode(index);
    };
    await mapConcurrently(items, CONCURRENT_DECODINGS, decodeNext, signal);
    signal?.throwIfAborted();
    failures.sort((a, b) => a.index - b.index);
    if (strict) reportSkipped(nameFailures(failures, items), items.length, options);
    if (failures.length < items.length) await store.publish(failures);
    return failures;
  };
  const running = decodeAll();
  running.catch((reason: unknown) => stopping.abort(reason));
  return {
    finish: () => running,
    ensureDecoded: async (indices) => {
      const missing = Array.from(indices).filter((index) => states[index] === PENDING);
      if (missing.length > 0) await Promise.race([mapConcurrently(missing, CONCURRENT_DECODINGS, decode), stopped]);
    },
    isSkipped: (index) => states[index] === SKIPPED,
    copyImage: (index, target, offset) => {
      if (states[index] !== DECODED) throw new Error(`${name}: image ${index} is not decoded`);
      store.read(index, target, offset);
    },
    close: () => {
      stopping.abort(new Error(`${name}: the images were closed while they were decoded`));
      store.close();
    },
  };
}
