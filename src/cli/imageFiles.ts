/** Images that the user names: files, folders and data sets. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { firstImages } from '../data/index.js';
import { findImages } from '../data/folder.node.js';
import { namesSource } from '../data/open.node.js';
import { InputError } from '../errors.js';
import { decodeImage } from '../images/decode.node.js';
import { readImage } from '../images/files.node.js';
import type { Configuration } from '../training/index.js';
import type { Terminal } from './command.js';
import { openRunData, splitOf } from './runData.js';

/** Images that are taken of a data set or a folder, unless told otherwise. */
const USUAL_COUNT = 32;

/** How many images of each data set and folder are wanted, and of which part of data sets. */
export interface Wanted {
  readonly count?: number | undefined;
  readonly split: string;
}

/** Image files in the size, channels and crop that a model was trained with, bytes [N, C, H, W]. Throws InputError for what is no image. */
export async function readImages(paths: readonly string[], { size, channels, crop }: Configuration): Promise<Uint8Array> {
  const read: Uint8Array[] = [];
  for (const path of paths) read.push((await readImage(path, size, channels, crop)).data);
  return Uint8Array.from(Buffer.concat(read));
}

/**
 * The images that a list names, one after another: files, all images below folders, and data sets by their names (`mnist`, `npz:x.npz`).
 * An empty list stands for the data that the run was trained on. Throws InputError for what is neither, and for more than there are.
 */
export async function collectImages(named: readonly string[], configuration: Configuration, wanted: Wanted, terminal: Terminal): Promise<Uint8Array> {
  if (named.length === 0) return imagesOfData(configuration.data, configuration, wanted, terminal);
  const collected: Uint8Array[] = [];
  for (const each of named) {
    if (namesSource(each)) collected.push(await imagesOfData(each, configuration, wanted, terminal));
    else if ((await stat(each).catch(() => undefined))?.isDirectory()) collected.push(await imagesOfFolder(each, configuration, wanted, terminal));
    else collected.push(await readImages([each], configuration));
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
    return firstImages(part, count ?? USUAL_COUNT, source.channels * source.size[0] * source.size[1]);
  } finally {
    source.close?.();
  }
}

/** The first images below a folder by their names; what cannot be decoded is left out and named. */
async function imagesOfFolder(path: string, { size, channels, crop }: Configuration, { count }: Wanted, terminal: Terminal): Promise<Uint8Array> {
  const { names } = await findImages(path);
  const decoded: Uint8Array[] = [];
  for (const name of names) {
    if (decoded.length === (count ?? USUAL_COUNT)) break;
    const image = await decodeImage(join(path, name), { size, channels, crop });
    if ('pixels' in image) decoded.push(image.pixels);
    else terminal.note(`${join(path, name)}: left out, it cannot be read as an image (${image.failure})`);
  }
  if (decoded.length === 0) throw new InputError(`${path}: none of its ${names.length} images can be read`);
  if (count !== undefined && count > decoded.length) throw new InputError(`--count ${count}: ${path} has ${decoded.length} images`);
  return Uint8Array.from(Buffer.concat(decoded));
}
