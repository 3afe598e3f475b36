import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { createHash } from 'node:crypto';
import { describeSystemError } from '../../files/atomic.node.js';
import { readRange } from '../../files/regularFile.node.js';
import { decodeImage, resizePixels } from '../../images/decode.node.js';
import type { LabeledImages } from '../formats/arrays.js';
import type { ImageItem, SkippedImage } from '../source.js';

/** Enough for a file system that answers over a network. */
const CONCURRENT_CALLS = 64;
/** The end of a file identifies its content: a PNG file has its checksum there. */
const TAIL_BYTES = 65_536;

export const fileStates = (paths: readonly string[]) =>
  mapConcurrently(paths, CONCURRENT_CALLS, async (path) => {
    try {
      const found = await stat(path, { bigint: true });
      if (!found.isFile()) return { reason: 'it is not a file' };
      return { size: Number(found.size), fingerprint: `${found.size} bytes, changed ${found.mtimeNs}` };
    } catch (error) {
      return { reason: describeSystemError(error) };
    }
  });

export async function fileItems(root: string, names: readonly string[]) {
  const paths = names.map((name) => join(root, name));
  const [items, skipped]: [ImageItem[], SkippedImage[]] = [[], []];
  for (const [index, state] of (await fileStates(paths)).entries()) {
    const [name, path] = [names[index]!, paths[index]!];
    if (state.reason !== undefined) skipped.push({ name, reason: state.reason });
    else
      items.push({
        name,
        label: null,
        fingerprint: state.fingerprint,
        contentKey: async (isSampled) => `${state.size}${isSampled ? ` ${await checksumOfEnd(path, state.size)}` : ''}`,
        decode: (options) => decodeImage(path, options),
      });
  }
  return { items, skipped };
}

async function checksumOfEnd(path: string, size: number) {
  const length = Math.min(size, TAIL_BYTES);
  return crc32(await readRange(path, size - length, length).catch(() => new Uint8Array()));
}

/** Returns the items `name/0`, `name/1` and so on. */
export function arrayItems(images: LabeledImages, name: string, fingerprint: string): ImageItem[] {
  const { count, channels, height, width, pixels, labels } = images;
  const bytes = channels * height * width;
  return Array.from({ length: count }, (_, index) => {
    const pixelsOf = () => pixels.subarray(index * bytes, (index + 1) * bytes);
    return {
      name: `${name}/${index}`,
      label: labels?.[index] ?? null,
      fingerprint,
      contentKey: () => `${channels}x${height}x${width} ${crc32(pixelsOf())}`,
      decode: (options) => resizePixels(pixelsOf(), [channels, height, width], options),
    };
  });
}

/** Maps up to `limit` items at a time. Rejects after the calls in progress. */
export async function mapConcurrently<T, R>(
  items: readonly T[],
  limit: number,
  action: (item: T, index: number) => Promise<R> | R,
  signal?: AbortSignal,
): Promise<R[]> {
  const results = new Array<R>(items.length);
  let next = 0;
  const work = async () => {
    try {
      while (next < items.length) {
        signal?.throwIfAborted();
        const index = next++;
        const result = action(items[index]!, index);
        // Awaiting 100,000 results that are there takes longer than most of them.
        results[index] = result instanceof Promise ? await result : result;
      }
    } catch (error) {
      next = items.length;
      throw error;
    }
  };
  const outcomes = await Promise.allSettled(Array.from({ length: Math.min(limit, items.length) }, work));
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed) throw failed.reason;
  return results;
}

/** Reading 100,000 files would take minutes. */
const DIGEST_SAMPLE = 1000;

/** Covers the names, sizes and splits of all images, and the content of a sample. */
export async function digestItems(items: readonly ImageItem[], isTest?: (item: ImageItem) => boolean) {
  const stride = Math.max(1, Math.ceil(items.length / DIGEST_SAMPLE));
  const lines = await mapConcurrently(items, CONCURRENT_CALLS, (item, index) => {
    const lineOf = (content: string) => JSON.stringify([item.name, isTest?.(item) ?? null, content]);
    const content = item.contentKey(index % stride === 0);
    return typeof content === 'string' ? lineOf(content) : content.then(lineOf);
  });
  return { count: items.length, sha256: createHash('sha256').update(lines.join('\n')).digest('hex') };
}
