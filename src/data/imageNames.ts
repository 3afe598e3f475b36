import { randomStream } from '../random.js';

/** Indices in ascending order. */
export interface Partition {
  readonly train: Uint32Array;
  readonly test: Uint32Array;
}

/**
 * Puts about `fraction` of the images into the test split. Only its name and the seed decide on an image, so adding or
 * removing others does not move it. With two images or more, neither split is empty.
 * @param fraction above 0 and below 1
 */
export function partitionByName(
  indices: Uint32Array,
  nameOf: (index: number) => string,
  fraction: number,
  seed: number,
): Partition {
  const draws = Float64Array.from(indices, (index) => randomStream(seed, `part of ${nameOf(index)}`).uniform());
  const test = new Set(indices.filter((_, position) => draws[position]! < fraction));
  if (indices.length > 1) {
    // The image whose draw is nearest to an empty split goes there.
    if (test.size === 0) test.add(indices[draws.indexOf(minimum(draws))]!);
    if (test.size === indices.length) test.delete(indices[draws.indexOf(-minimum(draws.map((draw) => -draw)))]!);
  }
  return partitionBy(indices, (index) => test.has(index));
}

export const partitionBy = (indices: Uint32Array, isTest: (index: number) => boolean): Partition => ({
  train: indices.filter((index) => !isTest(index)),
  test: indices.filter(isTest),
});

/** Math.min with spread arguments overflows the stack at some hundred thousand values. */
const minimum = (values: Float64Array): number => values.reduce((a, b) => Math.min(a, b));

/** Labels are bytes. */
const MAX_CLASSES = 256;

export interface FolderClasses {
  readonly names: readonly string[];
  readonly labelOf: (name: string) => number;
}

/**
 * Makes top-level folders classes, in alphabetical order. Returns the reason if there are none: fewer than two folders
 * (an empty reason), more than 256, or images outside.
 */
export function folderClasses(images: readonly string[]): FolderClasses | { readonly none: string } {
  const folders = new Set<string>();
  let outside = 0;
  for (const image of images) {
    const slash = image.indexOf('/');
    if (slash < 0) outside++;
    else folders.add(image.slice(0, slash));
  }
  if (folders.size < 2) return { none: '' };
  if (outside > 0)
    return { none: `no labels: ${outside} of ${images.length} images are outside of its ${folders.size} folders` };
  if (folders.size > MAX_CLASSES)
    return { none: `no labels: it has ${folders.size} folders, more than the limit of ${MAX_CLASSES} classes` };
  const names = [...folders].sort((a, b) => (a < b ? -1 : 1));
  const numbers = new Map(names.map((name, number) => [name, number]));
  return { names, labelOf: (image) => numbers.get(image.slice(0, image.indexOf('/')))! };
}

const UNSUPPORTED = /\.(heic|heif|svg|bmp|jxl|jp2|psd|ico|tga|dng|cr2|nef|arw|zip|tar|tgz|gz|7z|rar)$/;

/** Returns an empty text if there are none. */
export function describeUnsupported(names: readonly string[]): string {
  const extensions = names.flatMap((name) => UNSUPPORTED.exec(name.toLowerCase())?.[0] ?? []);
  const kinds = [...new Set(extensions)].sort().join(', ');
  const [files, formats] =
    extensions.length === 1 ? ['file', 'an unsupported format'] : ['files', 'unsupported formats'];
  return kinds === '' ? '' : `${extensions.length} ${files} in ${formats} (${kinds})`;
}
