import { join } from 'node:path';
import { decodeImage, resizePixels } from '../../images/decode.node.js';
import type { Decoded, DecodeOptions } from '../../images/decoding.js';
import { fileStates } from './fileStates.node.js';
import type { LabeledImages } from '../formats/labeledImages.js';
import type { ImageItem, SkippedImage } from './imageItem.js';

class FileItem implements ImageItem {
  constructor(
    private readonly path: string,
    readonly name: string,
    readonly label: number | null,
    readonly fingerprint: string,
  ) {}

  decode(options: DecodeOptions): Promise<Decoded> {
    return decodeImage(this.path, options);
  }
}

/**
 * The files of these names below a folder as images. `labelOf` gives their classes. A file's fingerprint is its size and the time of its
 * last change. Files that are gone, and whatever is no file, are left out.
 */
export async function fileItems(
  root: string,
  names: readonly string[],
  labelOf: (name: string) => number | null,
): Promise<{ readonly items: readonly ImageItem[]; readonly skipped: readonly SkippedImage[] }> {
  const states = await fileStates(names.map((name) => join(root, name)));
  const found = states.map((state, index): ImageItem | SkippedImage => {
    const name = names[index]!;
    return typeof state === 'string' ? new FileItem(join(root, name), name, labelOf(name), state) : { name, ...state };
  });
  return { items: found.filter((each) => 'decode' in each), skipped: found.filter((each) => 'reason' in each) };
}

/**
 * Images in memory, to be had in another size or in other channels: called `name/0`, `name/1` and so on. `fingerprint` stands for all
 * of them, such as the size and time of change of the file that they come from, or a hash of it.
 */
export function arrayItems(images: LabeledImages, name: string, fingerprint: string): readonly ImageItem[] {
  const { count, channels, height, width, pixels, labels } = images;
  const bytes = channels * height * width;
  return Array.from({ length: count }, (_, index) => ({
    name: `${name}/${index}`,
    label: labels?.[index] ?? null,
    fingerprint,
    decode: (options) => resizePixels(pixels.subarray(index * bytes, (index + 1) * bytes), [channels, height, width], options),
  }));
}
