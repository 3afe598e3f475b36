import { createHash } from 'node:crypto';
import { forEachConcurrently } from './decoding/imageItems.node.js';
import type { DataDigest, ImageItem } from './source.js';

/** Images whose content enters a digest. Names and sizes of all images do: reading 100,000 files would take minutes. */
const SAMPLE = 1000;
const CONCURRENT_READS = 64;

/**
 * Returns the number of images and a digest of their names, sizes, splits, and the content of up to 1,000 images.
 */
export async function digestItems(
  items: readonly ImageItem[],
  isTest?: (item: ImageItem) => boolean,
): Promise<DataDigest> {
  const stride = Math.max(1, Math.ceil(items.length / SAMPLE));
  const lines = new Array<string>(items.length);
  await forEachConcurrently(items.length, CONCURRENT_READS, async (index) => {
    const item = items[index]!;
    const content = await item.contentKey(index % stride === 0);
    lines[index] = JSON.stringify([item.name, isTest?.(item) ?? null, content]);
  });
  return { count: items.length, sha256: createHash('sha256').update(lines.join('\n')).digest('hex') };
}
