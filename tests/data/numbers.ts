/** Images that are known by their bytes, and the caches that they are decoded into. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { ImageItem } from '../../src/data/source.js';
import type { DecodeOptions } from '../../src/images/preprocessing.js';
import { type DecodeCacheOptions, openImages, type PendingImages } from '../../src/data/decoding/openImages.node.js';

export const FORMAT: DecodeOptions = { size: 2, channels: 1 };

/**
 * Images of 2x2 whose bytes are their numbers; counts how often each was decoded. Even an asynchronous decoding takes
 * various times.
 */
export class Numbers {
  decodings = 0;
  readonly items: readonly ImageItem[];

  constructor(
    count: number,
    failures: Record<number, string> = {},
    options: { version?: string; unreadable?: boolean } = {},
  ) {
    const { version = '1', unreadable = false } = options;
    this.items = Array.from({ length: count }, (_, index) => ({
      name: `image-${index}`,
      label: null,
      fingerprint: version,
      contentKey: () => '4',
      decode: async () => {
        this.decodings++;
        await new Promise((resolve) =>
          index % 3 === 0 ? setImmediate(resolve) : queueMicrotask(() => resolve(undefined)),
        );
        const failure = failures[index];
        return failure === undefined ? { pixels: new Uint8Array(4).fill(index) } : { failure, unreadable };
      },
    }));
  }
}

/** The first byte of each image that is not skipped. */
export const firstBytes = ({ isSkipped, copyImage }: PendingImages, count: number): number[] => {
  const target = new Uint8Array(6);
  return Array.from({ length: count }, (_, index) => index)
    .filter((index) => !isSkipped(index))
    .map((index) => {
      copyImage(index, target, 1);
      expect([target[0], target[5], new Set(target.subarray(1, 5)).size]).toEqual([0, 0, 1]);
      return target[1]!;
    });
};
export const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index % 256);

/** Opens images and waits until all are decoded. */
export async function openWhole(numbers: Numbers, options: DecodeCacheOptions, format = FORMAT) {
  const opened = await openImages(numbers.items, format, { name: 'numbers', ...options });
  try {
    return { ...opened, skipped: await opened.finish() };
  } catch (error) {
    opened.close();
    throw error;
  }
}

/** Decodes into a cache of its own, and returns the warnings. */
export async function pack(numbers: Numbers, cacheFolder: string, options: DecodeCacheOptions = {}) {
  const warnings: string[] = [];
  const opened = await openWhole(numbers, { cacheFolder, onWarning: (line) => warnings.push(line), ...options });
  const bytes = firstBytes(opened, numbers.items.length);
  opened.close();
  return { skipped: opened.skipped, bytes, warnings };
}

export const entriesOf = (cacheFolder: string): string[] => readdirSync(join(cacheFolder, 'images')).sort();
export const fileOf = (cacheFolder: string, file: string): string =>
  join(cacheFolder, 'images', entriesOf(cacheFolder)[0]!, file);
