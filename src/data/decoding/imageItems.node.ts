import type { BigIntStats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { createHash } from 'node:crypto';
import { describeSystemError } from '../../files/atomic.node.js';
import { readRange } from '../../files/regularFile.node.js';
import { decodeImage, resizePixels } from '../../images/decode.node.js';
import type { LabeledImages } from '../formats/arrays.js';
import type { DataDigest, ImageItem, SkippedImage } from '../source.js';

/** Enough for a file system that answers over a network. */
const CONCURRENT_CALLS = 64;

/** The end of a file identifies its content: a PNG file has its checksum there. */
const TAIL_BYTES = 65_536;

/** The fingerprint changes when the file does. A reason says why a path is no readable file. */
export type FileState = { readonly size: number; readonly fingerprint: string } | { readonly reason: string };

export async function fileStates(paths: readonly string[]): Promise<readonly FileState[]> {
  const states = new Array<FileState>(paths.length);
  await forEachConcurrently(paths.length, CONCURRENT_CALLS, async (index) => {
    states[index] = await stat(paths[index]!, { bigint: true }).then(describe, (error: unknown) => ({
      reason: describeSystemError(error),
    }));
  });
  return states;
}

const describe = (found: BigIntStats): FileState =>
  found.isFile()
    ? { size: Number(found.size), fingerprint: `${found.size} bytes, changed ${found.mtimeNs}` }
    : { reason: 'it is not a file' };

/** Missing files, and paths that are not files, are skipped. */
export async function fileItems(
  root: string,
  names: readonly string[],
): Promise<{ readonly items: readonly ImageItem[]; readonly skipped: readonly SkippedImage[] }> {
  const paths = names.map((name) => join(root, name));
  const [items, skipped]: [ImageItem[], SkippedImage[]] = [[], []];
  for (const [index, state] of (await fileStates(paths)).entries()) {
    const [name, path] = [names[index]!, paths[index]!];
    if ('reason' in state) skipped.push({ name, ...state });
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

async function checksumOfEnd(path: string, size: number): Promise<number> {
  const length = Math.min(size, TAIL_BYTES);
  return crc32(await readRange(path, size - length, length).catch(() => new Uint8Array()));
}

/**
 * Returns images in memory as items `name/0`, `name/1` and so on, to be decoded to another format.
 * @param fingerprint changes whenever an image may
 */
export function arrayItems(images: LabeledImages, name: string, fingerprint: string): readonly ImageItem[] {
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

/**
 * Calls an action with the indices 0 to count - 1, at most `limit` at a time. After a failure or an abort it waits for
 * the calls in progress, and rejects with the first failure.
 */
export async function forEachConcurrently(
  count: number,
  limit: number,
  action: (index: number) => Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  let next = 0;
  const work = async () => {
    try {
      while (next < count) {
        signal?.throwIfAborted();
        await action(next++);
      }
    } catch (error) {
      next = count;
      throw error;
    }
  };
  const outcomes = await Promise.allSettled(Array.from({ length: Math.min(limit, count) }, work));
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed) throw failed.reason;
}

/** Images whose content enters a digest. Reading 100,000 files would take minutes. */
const DIGEST_SAMPLE = 1000;

/** Returns a digest of the names, sizes and splits of all images, and the content of up to 1,000. */
export async function digestItems(
  items: readonly ImageItem[],
  isTest?: (item: ImageItem) => boolean,
): Promise<DataDigest> {
  const stride = Math.max(1, Math.ceil(items.length / DIGEST_SAMPLE));
  const lines = new Array<string>(items.length);
  await forEachConcurrently(items.length, CONCURRENT_CALLS, async (index) => {
    const item = items[index]!;
    const content = await item.contentKey(index % stride === 0);
    lines[index] = JSON.stringify([item.name, isTest?.(item) ?? null, content]);
  });
  return { count: items.length, sha256: createHash('sha256').update(lines.join('\n')).digest('hex') };
}
