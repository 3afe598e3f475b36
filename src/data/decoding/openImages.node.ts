import { createHash } from 'node:crypto';
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
import { forEachConcurrently } from './imageItems.node.js';
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

/** Images that may not be decoded yet, by their positions in a list. */
export interface PendingImages {
  /** Waits until these images are decoded or skipped. Rejects if decoding cannot continue. */
  readonly ensureDecoded: (indices: Iterable<number>) => Promise<void>;
  readonly isSkipped: (index: number) => boolean;
  /** Copies bytes [C, size, size]. @throws {InputError} if they can no longer be read */
  readonly copyImage: (index: number, target: Uint8Array, offset: number) => void;
  /** Waits for all images, and returns the skipped ones in order. */
  readonly finish: () => Promise<readonly FailedImage[]>;
  readonly close: () => void;
}

/**
 * Opens a list of images from the cache, or starts to decode it in the background.
 * @param name names the images in messages
 * @returns images whose `finish` warns of skipped ones, and rejects if all are, if one is under `strict`, or if the
 * pixels cannot be stored
 */
export async function openImages(
  name: string,
  items: readonly ImageItem[],
  format: DecodeOptions,
  options: DecodeCacheOptions = {},
): Promise<PendingImages> {
  const { signal, strict = false, onWarning } = options;
  const shape: EntryShape = {
    key: cacheKey(items, format),
    images: items.length,
    imageBytes: format.channels * format.size ** 2,
  };
  const cache = new DecodeCache(options.cacheFolder ?? defaultCacheFolder(), options.cacheLimit ?? cacheLimit());
  signal?.throwIfAborted();
  const opened =
    (await openCached(cache, items, format, shape)) ??
    new BackgroundDecoder(name, items, format, new PixelStore({ name, shape, cache, onWarning }), options).images();
  let finished: Promise<readonly FailedImage[]> | undefined;
  const finish = async () => {
    const failures = await opened.finish();
    const skipped = failures.map((failure) => describeFailure(items, failure));
    const [first] = skipped;
    const example = first ? `; ${first.name}: ${first.reason}` : '';
    if (skipped.length === items.length && !(strict && first))
      throw new InputError(name, `none of its ${items.length} images can be decoded${example}`);
    reportSkipped(name, skipped, items.length, options);
    return failures;
  };
  return { ...opened, finish: () => (finished ??= finish()) };
}

/** @throws {InputError} under `strict` if an image was skipped */
export function reportSkipped(
  name: string,
  skipped: readonly SkippedImage[],
  total: number,
  { strict, onWarning }: DecodeCacheOptions,
): void {
  const [first] = skipped;
  if (first === undefined) return;
  if (strict) throw refusal(name, first);
  const shown = skipped.slice(0, 3).map((each) => `${each.name} (${each.reason})`);
  const others = skipped.length > shown.length ? ` and ${skipped.length - shown.length} more` : '';
  onWarning?.(`${name}: skipped ${skipped.length} of ${total} images: ${shown.join(', ')}${others}`);
}

const refusal = (name: string, first: SkippedImage): InputError =>
  new InputError(
    name,
    `${first.name} cannot be decoded (${first.reason})`,
    text`${setting('strict')} does not allow skipped images`,
  );

const describeFailure = (items: readonly ImageItem[], { index, reason }: FailedImage): SkippedImage => ({
  name: items[index]!.name,
  reason,
});

/** Changes with everything that may change the pixels. */
function cacheKey(items: readonly ImageItem[], { size, channels, crop = 'center', padding }: DecodeOptions): string {
  const border = padding ? [padding.inner, padding.border, padding.value] : null;
  const hash = createHash('sha256').update(
    JSON.stringify([CACHE_FORMAT_VERSION, decoderVersion(), endianness(), size, channels, crop, border]),
  );
  for (const { name, fingerprint } of items) hash.update(`${JSON.stringify([name, fingerprint])}\n`);
  return hash.digest('hex');
}

/** Decodes again if an unreadable file can be read now: permissions are not part of the key. */
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
  let readable = 0;
  await forEachConcurrently(unreadable.length, CONCURRENT_DECODINGS, async (position) => {
    if ('pixels' in (await items[unreadable[position]!.index]!.decode(format))) readable++;
  });
  if (readable > 0) {
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

/** libvips always has an image to start with, even if reading the files takes time. */
const CONCURRENT_DECODINGS = Math.max(8, 2 * availableParallelism());

const [PENDING, DECODED, SKIPPED] = [0, 1, 2];

/** Decodes each image once, in the order of the list, but images for which a caller waits come first. */
class BackgroundDecoder {
  private readonly states: Uint8Array;
  private readonly inProgress = new Map<number, Promise<void>>();
  private readonly failures: FailedImage[] = [];
  private readonly running: Promise<readonly FailedImage[]>;
  private done = 0;
  private failure: { readonly reason: unknown } | undefined;
  private readonly failed: Promise<never>;
  private reject!: (reason: unknown) => void;

  constructor(
    private readonly name: string,
    private readonly items: readonly ImageItem[],
    private readonly format: DecodeOptions,
    private readonly store: PixelStore,
    private readonly options: DecodeCacheOptions,
  ) {
    this.states = new Uint8Array(items.length);
    this.failed = new Promise((_, reject) => (this.reject = reject));
    // `finish` reports the error, and so do pending calls of `ensureDecoded`.
    this.failed.catch(() => undefined);
    this.running = this.run();
    this.running.catch((reason: unknown) => this.stop(reason));
  }

  images(): PendingImages {
    const { states, store, name } = this;
    return {
      ensureDecoded: (indices) => this.ensureDecoded(indices),
      finish: () => this.running,
      isSkipped: (index) => states[index] === SKIPPED,
      copyImage: (index, target, offset) => {
        if (states[index] !== DECODED) throw new Error(`${name}: image ${index} is not decoded`);
        store.read(index, target, offset);
      },
      close: () => {
        this.stop(new Error(`${name}: the images were closed while they were decoded`));
        store.close();
      },
    };
  }

  private async ensureDecoded(indices: Iterable<number>): Promise<void> {
    const missing = Array.from(indices).filter((index) => this.states[index] === PENDING);
    if (missing.length === 0) return;
    const decoding = forEachConcurrently(missing.length, CONCURRENT_DECODINGS, (at) => this.decode(missing[at]!));
    await Promise.race([decoding, this.failed]);
  }

  private async run(): Promise<readonly FailedImage[]> {
    const { name, items, store, failures } = this;
    const { strict, signal } = this.options;
    await forEachConcurrently(
      items.length,
      CONCURRENT_DECODINGS,
      async (index) => {
        if (!strict || failures.length === 0) await this.decode(index);
      },
      signal,
    );
    signal?.throwIfAborted();
    failures.sort((a, b) => a.index - b.index);
    const [first] = failures;
    if (strict && first) throw refusal(name, describeFailure(items, first));
    if (failures.length < items.length) await store.publish(failures);
    return failures;
  }

  private async decode(index: number): Promise<void> {
    if (this.states[index] !== PENDING) return;
    const decoding = this.inProgress.get(index) ?? this.decodeNow(index).finally(() => this.inProgress.delete(index));
    this.inProgress.set(index, decoding);
    await decoding;
  }

  private async decodeNow(index: number): Promise<void> {
    const { items, failures } = this;
    this.throwIfFailed();
    const result = await items[index]!.decode(this.format);
    this.throwIfFailed();
    const isDecoded = 'pixels' in result;
    if (isDecoded) await this.store.write(index, result.pixels);
    else failures.push({ index, reason: result.failure, unreadable: result.unreadable });
    this.states[index] = isDecoded ? DECODED : SKIPPED;
    this.options.onProgress?.(++this.done, items.length, failures.length);
  }

  private throwIfFailed(): void {
    if (this.failure) throw this.failure.reason;
  }

  private stop(reason: unknown): void {
    this.failure ??= { reason };
    this.reject(reason);
  }
}
