/** Images that a command line names: files, folders and data sets. */
import { stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { drawAcrossClasses, gatherImages } from '../data/source.js';
import type { Configuration } from '../training/configuration.js';
import { findImages } from '../data/imageFolder.node.js';
import { folderClasses } from '../data/imageNames.js';
import { isDataSpec } from '../data/open.node.js';
import { InputError, setting, text } from '../errors.js';
import { describeSystemError } from '../files/atomic.node.js';
import { decodeImage } from '../images/decode.node.js';
import { readImages } from '../images/imageInput.node.js';
import type { Terminal } from './command.js';
import { captionOf, openRunData, splitOf } from './runData.js';

const DEFAULT_COUNT = 32;

export interface Wanted {
  /** Images per data set and folder. */
  readonly count?: number | undefined;
  /** Of data sets. */
  readonly split: string;
}

interface CollectedImages {
  /** Bytes [N, C, H, W]. */
  readonly data: Uint8Array;
  /** Lines below each image in a grid. */
  readonly captions: string[][];
}

/**
 * Reads the named images in order: files, folders with their subfolders, and data sets (`mnist`, `npz:x.npz`). An empty list selects the
 * training data.
 * @throws {InputError} if a name is none of these
 */
export async function collectImages(
  named: readonly string[],
  configuration: Configuration,
  wanted: Wanted,
  terminal: Terminal,
): Promise<CollectedImages> {
  if (named.length === 0) return imagesOfData(configuration.data, configuration, wanted, terminal);
  const collected: CollectedImages[] = [];
  for (const each of named) {
    if (isDataSpec(each)) collected.push(await imagesOfData(each, configuration, wanted, terminal));
    else if ((await stat(each).catch(() => undefined))?.isDirectory())
      collected.push(await imagesOfFolder(each, configuration, wanted, terminal));
    else collected.push({ data: (await readImages([each], configuration)).data, captions: [[basename(each)]] });
  }
  return {
    data: Uint8Array.from(Buffer.concat(collected.map(({ data }) => data))),
    captions: collected.flatMap(({ captions }) => captions),
  };
}

async function imagesOfData(
  data: string,
  configuration: Configuration,
  { count, split }: Wanted,
  terminal: Terminal,
): Promise<CollectedImages> {
  const source = await openRunData(data, configuration, terminal);
  try {
    const part = splitOf(source, split);
    if (part.count === 0)
      throw new InputError(text`${setting('split')} ${split}`, `${source.name} has no images in this split`);
    const elements = source.channels * source.size[0] * source.size[1];
    const indices = drawAcrossClasses(part, count ?? DEFAULT_COUNT);
    return {
      data: gatherImages(part, indices, elements),
      captions: indices.map((index) => captionOf(source, part, index)),
    };
  } finally {
    source.close?.();
  }
}

/** Reads images of a folder, in turn from each class. It skips and reports images that it cannot decode. */
async function imagesOfFolder(
  path: string,
  configuration: Configuration,
  { count }: Wanted,
  terminal: Terminal,
): Promise<CollectedImages> {
  const { names } = await findImages(path);
  const classes = folderClasses(names);
  const labels = 'none' in classes ? null : Uint8Array.from(names, classes.labelOf);
  const files = drawAcrossClasses({ count: names.length, labels }, names.length).map((index) =>
    join(path, names[index]!),
  );
  const decoded: Uint8Array[] = [];
  const captions: string[][] = [];
  const onFailure = (file: string, reason: string) =>
    terminal.note(`${file}: skipped; cannot read the image (${reason})`);
  for await (const { file, pixels } of decodeEach(files, configuration, onFailure)) {
    captions.push([basename(file)]);
    if (decoded.push(pixels) === (count ?? DEFAULT_COUNT)) break;
  }
  if (decoded.length === 0) throw new InputError(path, `none of its ${files.length} images can be read`);
  return { data: Uint8Array.from(Buffer.concat(decoded)), captions };
}

/**
 * Lists the named files, and the images of the named folders with their subfolders.
 * @throws {InputError} if a name does not exist
 */
export async function imageFilesOf(named: readonly string[]): Promise<string[]> {
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

/** Decodes image files with the preprocessing of a run. */
export async function* decodeEach(
  files: readonly string[],
  configuration: Configuration,
  onFailure: (file: string, reason: string) => void,
): AsyncGenerator<{ readonly file: string; readonly pixels: Uint8Array }> {
  for (const file of files) {
    const image = await decodeImage(file, configuration);
    if ('pixels' in image) yield { file, pixels: image.pixels };
    else onFailure(file, image.failure);
  }
}
