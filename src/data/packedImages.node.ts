import { createHash } from 'node:crypto';
import { InputError } from '../errors.js';
import { DECODER } from '../images/decode.node.js';
import type { DecodeOptions } from '../images/index.js';
import { cacheLimit, defaultCacheFolder } from './cacheFolder.node.js';
import { forEachConcurrently } from './concurrency.js';
import { Decoding, DECODINGS_AT_A_TIME } from './decoding.node.js';
import type { ImageItem, LeftOut } from './imageItem.js';
import { ENTRY_VERSION, PackedCache, type PackedShape } from './packedCache.node.js';
import { PixelRooms } from './pixelRooms.node.js';
import type { PackedFailure } from './pixelStore.node.js';
import type { ImagesInDecoding } from './splitInDecoding.js';

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

/** A list of images that is open. */
export interface OpenedImages extends ImagesInDecoding {
  /** Waits until all are decoded or left out, and says which were left out, in the list's order. */
  readonly finish: () => Promise<readonly PackedFailure[]>;
  /** Ends the decoding, and gives the files back; images cannot be copied any more. */
  readonly close: () => void;
}

/**
 * A list of images, called `name` in messages: what was decoded of the same before, or else decoding begins. `finish` warns of images that
 * cannot be decoded, and throws InputError if all are such, if one is under `strict`, or if there is no room for the pixels.
 */
export async function openImages(name: string, items: readonly ImageItem[], format: DecodeOptions, options: PackOptions = {}): Promise<OpenedImages> {
  const { signal, strict = false, onProgress, onWarning, temporaryFolder } = options;
  const shape: PackedShape = { key: packingKey(items, format), images: items.length, imageBytes: imageBytesOf(format) };
  const cache = new PackedCache(options.cacheFolder ?? defaultCacheFolder(), options.cacheLimit ?? cacheLimit());
  signal?.throwIfAborted();
  const begin = () => {
    const rooms = new PixelRooms({ name, shape, cache, temporaryFolder, onWarning });
    const refuse = strict ? (failure: PackedFailure) => refusalOf(name, describeFailure(items, failure)) : undefined;
    return new Decoding({ items, format, rooms, refuse, onProgress, signal });
  };
  const opened = (await openCached(cache, items, format, shape)) ?? begin();
  let finished: Promise<readonly PackedFailure[]> | undefined;
  const finish = async () => {
    const failures = await opened.finish();
    const leftOut = failures.map((failure) => describeFailure(items, failure));
    const [first] = leftOut;
    if (leftOut.length === items.length && !(strict && first)) {
      throw new InputError(`${name}: none of its ${items.length} images can be decoded${first ? `, such as ${first.name} (${first.reason})` : ''}`);
    }
    reportLeftOut(name, leftOut, items.length, options);
    return failures;
  };
  return {
    need: (indices) => opened.need(indices),
    finish: () => (finished ??= finish()),
    isLeftOut: (index) => opened.isLeftOut(index),
    copyImage: (index, target, offset) => opened.copyImage(index, target, offset),
    close: () => opened.close(),
  };
}

/** Warns of what is left out of data, or refuses it under `strict`: names the first ones and counts the others. */
export function reportLeftOut(name: string, leftOut: readonly LeftOut[], total: number, { strict, onWarning }: PackOptions): void {
  const [first] = leftOut;
  if (first === undefined) return;
  if (strict) throw refusalOf(name, first);
  const shown = leftOut.slice(0, 3).map((each) => `${each.name} (${each.reason})`);
  const others = leftOut.length > shown.length ? ` and ${leftOut.length - shown.length} more` : '';
  onWarning?.(`${name}: ${leftOut.length} of ${total} images left out: ${shown.join(', ')}${others}`);
}

const refusalOf = (name: string, first: LeftOut): InputError =>
  new InputError(`${name}: ${first.name} cannot be used (${first.reason}), and nothing may be left out`);

const imageBytesOf = ({ size, channels }: DecodeOptions): number => channels * size ** 2;

const describeFailure = (items: readonly ImageItem[], { index, reason }: PackedFailure): LeftOut => ({ name: items[index]!.name, reason });

/** Changes with whatever may change the pixels: the images, their files' sizes and times, how they are decoded, and by what. */
function packingKey(items: readonly ImageItem[], { size, channels, crop = 'center', padding }: DecodeOptions): string {
  const border = padding ? [padding.inner, padding.border, padding.value] : null;
  const hash = createHash('sha256').update(JSON.stringify([ENTRY_VERSION, DECODER, size, channels, crop, border]));
  for (const { name, fingerprint } of items) hash.update(`${JSON.stringify([name, fingerprint])}\n`);
  return hash.digest('hex');
}

/** What was decoded before, unless a file that could not be read then can be now: reading rights are no part of the key. */
async function openCached(cache: PackedCache, items: readonly ImageItem[], format: DecodeOptions, shape: PackedShape): Promise<OpenedImages | undefined> {
  const entry = await cache.open(shape);
  if (entry === undefined) return undefined;
  const { store, leftOut } = entry;
  const unreadable = leftOut.filter((each) => each.unreadable);
  let readable = 0;
  await forEachConcurrently(unreadable.length, DECODINGS_AT_A_TIME, async (position) => {
    if ('pixels' in (await items[unreadable[position]!.index]!.decode(format))) readable++;
  });
  if (readable > 0) {
    store.close();
    return undefined;
  }
  const indices = new Set(leftOut.map(({ index }) => index));
  return {
    need: () => Promise.resolve(),
    finish: () => Promise.resolve(leftOut),
    isLeftOut: (index) => indices.has(index),
    copyImage: (index, target, offset) => store.read(index, target, offset),
    close: () => store.close(),
  };
}
