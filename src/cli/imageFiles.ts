import { stat } from 'node:fs/promises';
import { basename, join, relative, sep } from 'node:path';
import { findImages } from '../data/imageFolder.node.js';
import { folderClasses } from '../data/imageNames.js';
import { isDataSpec } from '../data/open.node.js';
import { classNamesIn, type Description, drawAcrossClasses, gatherImages } from '../data/source.js';
import { InputError, setting, text } from '../errors.js';
import { describeSystemError, isFolder } from '../files/atomic.node.js';
import { decodeImage } from '../images/decode.node.js';
import { readImages } from '../images/imageInput.node.js';
import type { Configuration } from '../training/configuration.js';
import type { Terminal } from './command.js';
import { captionOf, openRunData, splitOf } from './modelCommand.js';

const DEFAULT_COUNT = 32;

interface Wanted {
  /** Images per data set and folder. */
  count?: number | undefined;
  split: string;
}

interface CollectedImage {
  /** Bytes [C, H, W]. */
  pixels: Uint8Array;
  /** Lines below it in a grid. */
  caption: string[];
  /** Its class, if it is one of the model. */
  fromClass: string | null;
  /** Its attributes, as far as they are known. */
  fromWhere: Description;
}

/**
 * Reads the named files, folders with their subfolders, and data sets (`mnist`, `npz:x.npz`); without a name, the
 * training data.
 * @throws {InputError} if a name is none of these
 */
export async function collectImages(
  named: readonly string[],
  configuration: Configuration,
  wanted: Wanted,
  terminal: Terminal,
): Promise<CollectedImage[]> {
  if (named.length === 0) return imagesOfData(configuration.data, configuration, wanted, terminal);
  const collected: CollectedImage[][] = [];
  for (const each of named) {
    if (isDataSpec(each)) collected.push(await imagesOfData(each, configuration, wanted, terminal));
    else if (await isFolder(each)) collected.push(await imagesOfFolder(each, configuration, wanted, terminal));
    else {
      const { data: pixels } = await readImages([each], configuration);
      collected.push([{ pixels, caption: [basename(each)], fromClass: null, fromWhere: {} }]);
    }
  }
  return collected.flat();
}

const classAmong = ({ classes }: Configuration, name: string | undefined) =>
  name !== undefined && classes.includes(name) ? name : null;

async function imagesOfData(
  data: string,
  configuration: Configuration,
  { count = DEFAULT_COUNT, split }: Wanted,
  terminal: Terminal,
): Promise<CollectedImage[]> {
  const source = await openRunData(data, configuration, terminal);
  try {
    const part = splitOf(source, split);
    if (part.count === 0)
      throw new InputError(text`${setting('split')} ${split}`, `${source.name} has no images in this split`);
    const names = classNamesIn(source);
    return drawAcrossClasses(part, count).map((index) => ({
      pixels: gatherImages(part, [index], source.channels * source.size[0] * source.size[1]),
      caption: captionOf(source, part, index),
      fromClass: classAmong(configuration, names[part.labels?.[index] ?? -1]),
      fromWhere: part.describe?.(index) ?? {},
    }));
  } finally {
    source.close?.();
  }
}

/** Reads images in turn from each class. Skips and reports images that it cannot decode. */
async function imagesOfFolder(
  path: string,
  configuration: Configuration,
  { count = DEFAULT_COUNT }: Wanted,
  terminal: Terminal,
): Promise<CollectedImage[]> {
  const { names } = await findImages(path);
  const classes = folderClasses(names);
  const labels = 'none' in classes ? null : Uint8Array.from(names, classes.labelOf);
  const order = drawAcrossClasses({ count: names.length, labels }, names.length);
  const files = order.map((index) => join(path, names[index]!));
  const onFailure = (file: string, reason: string) =>
    terminal.note(`${file}: skipped; cannot read the image (${reason})`);
  const read: CollectedImage[] = [];
  for await (const { file, pixels } of decodeEach(files, configuration, onFailure)) {
    const fromClass = classAmong(configuration, relative(path, file).split(sep)[0]);
    if (read.push({ pixels, caption: [basename(file)], fromClass, fromWhere: {} }) === count) break;
  }
  if (read.length === 0) throw new InputError(path, `none of its ${files.length} images can be read`);
  return read;
}

/** Lists the named files, and the images of the named folders. @throws {InputError} if a name does not exist */
export async function imageFilesOf(named: readonly string[]) {
  const files: string[] = [];
  for (const each of named) {
    const found = await stat(each).catch((error: unknown) => {
      throw new InputError(each, `cannot read the image (${describeSystemError(error)})`);
    });
    if (found.isDirectory()) for (const name of (await findImages(each)).names) files.push(join(each, name));
    else files.push(each);
  }
  return files;
}

export async function* decodeEach(
  files: readonly string[],
  configuration: Configuration,
  onFailure: (file: string, reason: string) => void,
) {
  for (const file of files) {
    const image = await decodeImage(file, configuration);
    if ('pixels' in image) yield { file, pixels: image.pixels };
    else onFailure(file, image.failure);
  }
}
