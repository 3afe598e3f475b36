/** Labels are bytes. */
const MOST_CLASSES = 256;

/** The classes of images, by the folders that they lie in. */
export interface FolderClasses {
  /** Names by number. */
  readonly names: readonly string[];
  /** The class of the image of a name. */
  readonly labelOf: (name: string) => number;
}

/**
 * Each of the first folders in the images' names as a class, in the order of the names. A sentence instead where they are no classes: fewer
 * than two, more than labels can tell apart, or images outside of them.
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
  if (outside > 0) return { none: `no labels: ${outside} of ${images.length} images lie outside of its ${folders.size} folders` };
  if (folders.size > MOST_CLASSES) return { none: `no labels: it has ${folders.size} folders, and at most ${MOST_CLASSES} classes can be told apart` };
  const names = [...folders].sort((a, b) => (a < b ? -1 : 1));
  const numbers = new Map(names.map((name, number) => [name, number]));
  return { names, labelOf: (image) => numbers.get(image.slice(0, image.indexOf('/')))! };
}
