/** Images that the user names: files, folders and data sets. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { firstImages } from '../data/source.js';
import type { Configuration } from '../training/configuration.js';
import { findImages } from '../data/imageFolder.node.js';
import { isDataSpec } from '../data/open.node.js';
import { InputError } from '../errors.js';
import { describeSystemError } from '../files/atomic.node.js';
import { decodeImage } from '../images/decode.node.js';
import { readImages } from '../images/files.node.js';
import type { Terminal } from './command.js';
import { openRunData, splitOf } from './runData.js';

/** Images that are taken of a data set or a folder, unless told otherwise. */
const DEFAULT_COUNT = 32;

/** How many images of each data set and folder are wanted, and of which part of data sets. */
export interface Wanted {
  readonly count?: number | undefined;
  readonly split: string;
}

/**
 * The images that a list names, one after another: files, all images below folders, and data sets by their names (`mnist`, `npz:x.npz`).
 * An empty list stands for the data that the run was trained on. Throws InputError for what is neither, and for more than there are.
 */
export async function collectImages(named: readonly string[], configuration: Configuration, wanted: Wanted, terminal: Terminal): Promise<Uint8Array> {
  if (named.length === 0) return imagesOfData(configuration.data, configuration, wanted, terminal);
  const collected: Uint8Array[] = [];
  for (const each of named) {
    if (isDataSpec(each)) collected.push(await imagesOfData(each, configuration, wanted, terminal));
    else if ((await stat(each).catch(() => undefined))?.isDirectory()) collected.push(await imagesOfFolder(each, configuration, wanted, terminal));
    else collected.push((await readImages([each], configuration)).data);
  }
  return Uint8Array.from(Buffer.concat(collected));
}

async function imagesOfData(data: string, configuration: Configuration, { count, split }: Wanted, terminal: Terminal): Promise<Uint8Array> {
  const source = await openRunData(data, configuration, terminal);
  try {
    const part = splitOf(source, split);
    if (part.count === 0) throw new InputError(`--split ${split}: ${source.name} has no such images`);
    if (count !== undefined && count > part.count) {
      throw new InputError(`--count ${count}: ${source.name} has ${part.count} ${split === 'test' ? 'test' : 'training'} images`);
    }
    return firstImages(part, count ?? DEFAULT_COUNT, source.channels * source.size[0] * source.size[1]);
  } finally {
    source.close?.();
  }
}

/** The first images below a folder by their names; what cannot be decoded is left out and named. */
async function imagesOfFolder(path: string, configuration: Configuration, { count }: Wanted, terminal: Terminal): Promise<Uint8Array> {
  const files = await imageFilesOf([path]);
  const decoded: Uint8Array[] = [];
  const onFailure = (file: string, reason: string) => terminal.note(`${file}: left out, it cannot be read as an image (${reason})`);
  for await (const { pixels } of decodeEach(files, configuration, onFailure)) {
    if (decoded.push(pixels) === (count ?? DEFAULT_COUNT)) break;
  }
  if (decoded.length === 0) throw new InputError(`${path}: none of its ${files.length} images can be read`);
  if (count !== undefined && count > decoded.length) throw new InputError(`--count ${count}: ${path} has ${decoded.length} images`);
  return Uint8Array.from(Buffer.concat(decoded));
}

/** The files that a list names: files as they are, and all images below folders. Throws InputError for what does not exist. */
export async function imageFilesOf(named: readonly string[]): Promise<string[]> {
  const files: string[] = [];
  for (const each of named) {
    const found = await stat(each).catch((error: unknown) => {
      throw new InputError(`${each}: cannot be read as an image (${describeSystemError(error)})`);
    });
    if (found.isDirectory()) for (const name of (await findImages(each)).names) files.push(join(each, name));
    else files.push(each);
  }
  return files;
}

/** The images of files that can be decoded, preprocessed as a run's training images were. `onFailure` is called for the others. */
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
