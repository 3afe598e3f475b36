import { stat } from 'node:fs/promises';
import { basename, join, relative, sep } from 'node:path';
import { findImages } from '../data/imageFolder.node.js';
import { folderClasses } from '../data/imageNames.js';
import { isDataSpec } from '../data/open.node.js';
import { classNamesIn, type Description, drawAcrossClasses, gatherImages } from '../data/source.js';
import { InputError, setting, text } from '../errors.js';
import { describeSystemError } from '../files/atomic.node.js';
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

interface CollectedImages {
  /** Bytes [N, C, H, W]. */
  data: Uint8Array;
  /** Lines below each image in a grid. */
  captions: string[][];
  /** The class of each image, if it is one of the model. */
  fromClass: (string | null)[];
  /** The attributes of each image, as far as they are known. */
  fromWhere: Description[];
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
): Promise<CollectedImages> {
  const collected: CollectedImages[] = [];
  for (const each of named.length === 0 ? [configuration.data] : named) {
    if (named.length === 0 || isDataSpec(each))
      collected.push(await imagesOfData(each, configuration, wanted, terminal));
    else if ((await stat(each).catch(() => undefined))?.isDirectory())
      collected.push(await imagesOfFolder(each, configuration, wanted, terminal));
    else {
      const { data } = await readImages([each], configuration);
      collected.push({ data, captions: [[basename(each)]], fromClass: [null], fromWhere: [{}] });
    }
  }
  return {
    data: Uint8Array.from(Buffer.concat(collected.map(({ data }) => data))),
    captions: collected.flatMap(({ captions }) => captions),
    fromClass: collected.flatMap(({ fromClass }) => fromClass),
    fromWhere: collected.flatMap(({ fromWhere }) => fromWhere),
  };
}

const classAmong = ({ classes }: Configuration, name: string | undefined) =>
  name !== undefined && classes.includes(name) ? name : null;

async function imagesOfData(
  data: string,
  configuration: Configuration,
  wanted: Wanted,
  terminal: Terminal,
): Promise<CollectedImages> {
  const { count = DEFAULT_COUNT, split } = wanted;
  const source = await openRunData(data, configuration, terminal);
  try {
    const part = splitOf(source, split);
    if (part.count === 0)
      throw new InputError(text`${setting('split')} ${split}`, `${source.name} has no images in this split`);
    const indices = drawAcrossClasses(part, count);
    const names = classNamesIn(source);
    return {
      data: gatherImages(part, indices, source.channels * source.size[0] * source.size[1]),
      captions: indices.map((index) => captionOf(source, part, index)),
      fromClass: indices.map((index) => classAmong(configuration, names[part.labels?.[index] ?? -1])),
      fromWhere: indices.map((index) => part.describe?.(index) ?? {}),
    };
  } finally {
    source.close?.();
  }
}

/** Reads images in turn from each class. Skips and reports images that it cannot decode. */
async function imagesOfFolder(
  path: string,
  configuration: Configuration,
  wanted: Wanted,
  terminal: Terminal,
): Promise<CollectedImages> {
  const { count = DEFAULT_COUNT } = wanted;
  const { names } = await findImages(path);
  const classes = folderClasses(names);
  const labels = 'none' in classes ? null : Uint8Array.from(names, classes.labelOf);
  const order = drawAcrossClasses({ count: names.length, labels }, names.length);
  const files = order.map((index) => join(path, names[index]!));
  const decoded: Uint8Array[] = [];
  const shown: string[] = [];
  const onFailure = (file: string, reason: string) =>
    terminal.note(`${file}: skipped; cannot read the image (${reason})`);
  for await (const { file, pixels } of decodeEach(files, configuration, onFailure)) {
    shown.push(file);
    if (decoded.push(pixels) === count) break;
  }
  if (decoded.length === 0) throw new InputError(path, `none of its ${files.length} images can be read`);
  return {
    data: Uint8Array.from(Buffer.concat(decoded)),
    captions: shown.map((file) => [basename(file)]),
    fromClass: shown.map((file) => classAmong(configuration, relative(path, file).split(sep)[0])),
    fromWhere: shown.map(() => ({})),
  };
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
