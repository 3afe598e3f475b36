import { randomStream } from '../random.js';

/**
 * Draws the split of each image from its name and the seed, so adding or removing others does not move it. With two or
 * more images, neither split is empty.
 */
export function partitionByName(
  indices: Uint32Array,
  nameOf: (index: number) => string,
  fraction: number,
  seed: number,
) {
  const draws = Float64Array.from(indices, (index) => randomStream(seed, `part of ${nameOf(index)}`).uniform());
  const test = new Set(indices.filter((_, position) => draws[position]! < fraction));
  if (indices.length > 1) {
    // An empty split gets the image whose draw is nearest to it.
    const sorted = draws.toSorted();
    const imageOf = (draw: number) => indices[draws.indexOf(draw)]!;
    if (test.size === 0) test.add(imageOf(sorted[0]!));
    if (test.size === indices.length) test.delete(imageOf(sorted.at(-1)!));
  }
  return partitionBy(indices, (index) => test.has(index));
}

export const partitionBy = (indices: Uint32Array, isTest: (index: number) => boolean) => ({
  train: indices.filter((index) => !isTest(index)),
  test: indices.filter(isTest),
});

/** Labels are bytes. */
const MAX_CLASSES = 256;

const topFolder = (image: string) => image.slice(0, image.indexOf('/'));

/** Returns top-level folders as classes, or why there are none: '' for fewer than two folders. */
export function folderClasses(
  images: readonly string[],
): { names: readonly string[]; labelOf: (image: string) => number } | { none: string } {
  const inside = images.filter((image) => image.includes('/'));
  const names = [...new Set(inside.map(topFolder))].sort();
  const [folders, outside] = [names.length, images.length - inside.length];
  if (folders < 2) return { none: '' };
  if (outside > 0)
    return { none: `no labels: ${outside} of ${images.length} images are outside of its ${folders} folders` };
  if (folders > MAX_CLASSES)
    return { none: `no labels: it has ${folders} folders, more than the limit of ${MAX_CLASSES} classes` };
  const labels = new Map(names.map((name, label) => [name, label]));
  return { names, labelOf: (image) => labels.get(topFolder(image))! };
}

const UNSUPPORTED = /\.(heic|heif|svg|bmp|jxl|jp2|psd|ico|tga|dng|cr2|nef|arw|zip|tar|tgz|gz|7z|rar)$/;

/** Counts files in formats of images and archives that cannot be read. Returns '' if there are none. */
export function describeUnsupported(names: readonly string[]) {
  const extensions = names.flatMap((name) => UNSUPPORTED.exec(name.toLowerCase())?.[0] ?? []);
  const kinds = [...new Set(extensions)].sort().join(', ');
  const [files, formats] =
    extensions.length === 1 ? ['file', 'an unsupported format'] : ['files', 'unsupported formats'];
  return kinds === '' ? '' : `${extensions.length} ${files} in ${formats} (${kinds})`;
}
