import type { BigIntStats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describeSystemError } from '../../files/atomic.node.js';
import { decodeImage, resizePixels } from '../../images/decode.node.js';
import type { LabeledImages } from '../formats/arrays.js';
import type { ImageItem, SkippedImage } from '../source.js';

/** Calls of the file system at a time: enough for one that answers over a network. */
const CONCURRENT_CALLS = 64;

/** A text that changes when the file does, by its size and the time of its last change; or why it is not a readable file. */
export type FileState = string | { readonly reason: string };

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
  found.isFile() ? `${found.size} bytes, changed ${found.mtimeNs}` : { reason: 'it is not a file' };

/**
 * Returns the files of these names below a folder as images. Missing files, and paths that are not files, are skipped.
 * @param labelOf returns the class of a name
 */
export async function fileItems(
  root: string,
  names: readonly string[],
  labelOf: (name: string) => number | null,
): Promise<{ readonly items: readonly ImageItem[]; readonly skipped: readonly SkippedImage[] }> {
  const states = await fileStates(names.map((name) => join(root, name)));
  const found = states.map((state, index): ImageItem | SkippedImage => {
    const name = names[index]!;
    if (typeof state !== 'string') return { name, ...state };
    return {
      name,
      label: labelOf(name),
      fingerprint: state,
      decode: (options) => decodeImage(join(root, name), options),
    };
  });
  return { items: found.filter((each) => 'decode' in each), skipped: found.filter((each) => 'reason' in each) };
}

/**
 * Returns images in memory as items named `name/0`, `name/1` and so on, to be decoded to another format.
 * @param fingerprint changes whenever an image may, e.g. the size and time of change of their file
 */
export function arrayItems(images: LabeledImages, name: string, fingerprint: string): readonly ImageItem[] {
  const { count, channels, height, width, pixels, labels } = images;
  const bytes = channels * height * width;
  return Array.from({ length: count }, (_, index) => ({
    name: `${name}/${index}`,
    label: labels?.[index] ?? null,
    fingerprint,
    decode: (options) =>
      resizePixels(pixels.subarray(index * bytes, (index + 1) * bytes), [channels, height, width], options),
  }));
}

/**
 * Calls an action with the indices 0 to count - 1, at most `limit` at a time. After a failure or an abort it starts no further calls, and
 * rejects with the first failure when the calls in progress have settled.
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
