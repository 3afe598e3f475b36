import type { BigIntStats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { describeSystemError } from '../../files/atomic.node.js';
import { readRange } from '../../files/regularFile.node.js';
import { decodeImage, resizePixels } from '../../images/decode.node.js';
import type { LabeledImages } from '../formats/arrays.js';
import type { ImageItem, SkippedImage } from '../source.js';

/** Calls of the file system at a time: enough for one that answers over a network. */
const CONCURRENT_CALLS = 64;

/** Bytes at the end of a file that identify its content: a PNG file has its checksum there. */
const TAIL_BYTES = 65_536;

/** The size of a file and a text that changes when the file does; or why it is not a readable file. */
export type FileState = { readonly size: number; readonly fingerprint: string } | { readonly reason: string };

/** Returns the states of files, in order. */
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

/** Returns the files of these names below a folder as images. Missing files, and paths that are not files, are skipped. */
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

/** Returns a checksum of the last bytes of a file, or 0 if it cannot be read. */
async function checksumOfEnd(path: string, size: number): Promise<number> {
  const length = Math.min(size, TAIL_BYTES);
  return crc32(await readRange(path, size - length, length).catch(() => new Uint8Array()));
}

/**
 * Returns images in memory as items named `name/0`, `name/1` and so on, to be decoded to another format.
 * @param fingerprint changes whenever an image may, e.g. the size and time of change of their file
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
 * Calls an action with the indices 0 to count - 1, at most `limit` at a time. After a failure or an abort it waits for the calls in progress,
 * and rejects with the first failure.
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
