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
import { PixelStore } from './pixelStore.node.js';

/** How images are decoded and cached. */
export interface DecodeCacheOptions {
  /** Reject data with images that cannot be decoded, instead of skipping them. */
  readonly strict?: boolean;
  /** Called after each image that was decoded or skipped; not called if all images are cached. */
  readonly onProgress?: (done: number, total: number, skipped: number) => void;
  /** Receives warnings of one line. */
  readonly onWarning?: (line: string) => void;
  /** Aborts the decoding, which then rejects with the signal's reason and leaves no files behind. */
  readonly signal?: AbortSignal;
  /** Folder of the cache (default: by AGENET_CACHE and XDG_CACHE_HOME). */
  readonly cacheFolder?: string;
  /** Size limit of the cache in bytes (default: by AGENET_CACHE_LIMIT). */
  readonly cacheLimit?: number;
}

export type DecodingOptions = DecodeCacheOptions & { readonly name: string };

export interface PendingImages {
  /** Rejects if decoding cannot continue. */
  readonly ensureDecoded: (indices: Iterable<number>) => Promise<void>;
  readonly isSkipped: (index: number) => boolean;
  readonly copyImage: (index: number, target: Uint8Array, offset: number) => void;
  /** Waits for all images, and returns the skipped ones in order. Rejects if all are, or one is under `strict`. */
  readonly finish: () => Promise<readonly FailedImage[]>;
  readonly close: () => void;
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
    new BackgroundDecoder(items, format, new PixelStore({ ...options, shape, cache }), options).images();
  let finished: Promise<readonly FailedImage[]> | undefined;
  const finish = async () => {
    const failures = await opened.finish();
    const skipped = nameFailures(failures, items);
    const [first] = skipped;
    if (skipped.length === items.length && !(options.strict && first)) {
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

/** Returns undefined if an unreadable file can be read now: permissions are not part of the key. */
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

/** Decodes images in the order of the list, but those for which a caller waits come first. */
class BackgroundDecoder {
  private readonly states: Uint8Array;
  private readonly inProgress = new Map<number, Promise<void>>();
  private readonly failures: FailedImage[] = [];
  private readonly running: Promise<readonly FailedImage[]>;
  private readonly stopping = new AbortController();
  private readonly stopped: Promise<void>;
  private done = 0;

  constructor(
    private readonly items: readonly ImageItem[],
    private readonly format: DecodeOptions,
    private readonly store: PixelStore,
    private readonly options: DecodingOptions,
  ) {
    this.states = new Uint8Array(items.length);
    this.stopped = once(this.stopping.signal, 'abort').then(() => this.stopping.signal.throwIfAborted());
    // Calls of `finish` and `ensureDecoded` report the error.
    this.stopped.catch(() => undefined);
    this.running = this.run();
    this.running.catch((reason: unknown) => this.stopping.abort(reason));
  }

  images(): PendingImages {
    const { states, store, options } = this;
    return {
      ensureDecoded: (indices) => this.ensureDecoded(indices),
      finish: () => this.running,
      isSkipped: (index) => states[index] === SKIPPED,
      copyImage: (index, target, offset) => {
        if (states[index] !== DECODED) throw new Error(`${options.name}: image ${index} is not decoded`);
        store.read(index, target, offset);
      },
      close: () => {
        this.stopping.abort(new Error(`${options.name}: the images were closed while they were decoded`));
        store.close();
      },
    };
  }

  private async ensureDecoded(indices: Iterable<number>) {
    const missing = Array.from(indices).filter((index) => this.states[index] === PENDING);
    if (missing.length === 0) return;
    const decoding = mapConcurrently(missing, CONCURRENT_DECODINGS, (index) => this.decode(index));
    await Promise.race([decoding, this.stopped]);
  }

  private async run() {
    const { items, store, failures, options } = this;
    const { strict, signal } = options;
    const decodeNext = async (_: ImageItem, index: number) => {
      if (!strict || failures.length === 0) await this.decode(index);
    };
    await mapConcurrently(items, CONCURRENT_DECODINGS, decodeNext, signal);
    signal?.throwIfAborted();
    failures.sort((a, b) => a.index - b.index);
    if (strict) reportSkipped(nameFailures(failures, items), items.length, options);
    if (failures.length < items.length) await store.publish(failures);
    return failures;
  }

  private async decode(index: number) {
    if (this.states[index] !== PENDING) return;
    const decoding = this.inProgress.get(index) ?? this.decodeNow(index).finally(() => this.inProgress.delete(index));
    this.inProgress.set(index, decoding);
    await decoding;
  }

  private async decodeNow(index: number) {
    const { items, failures } = this;
    const { signal } = this.stopping;
    signal.throwIfAborted();
    const result = await items[index]!.decode(this.format);
    signal.throwIfAborted();
    const isDecoded = 'pixels' in result;
    if (isDecoded) await this.store.write(index, result.pixels);
    else failures.push({ index, reason: result.failure, unreadable: result.unreadable });
    this.states[index] = isDecoded ? DECODED : SKIPPED;
    this.options.onProgress?.(++this.done, items.length, failures.length);
  }
}
