import { readdir, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { encodeNpz, type NumpyArray } from '../data/index.js';
import { InputError } from '../errors.js';
import { makeFolder, writeFileAtomically, writingFailure } from '../files.node.js';
import { encodeAnimation, encodePng } from '../images/files.node.js';
import { channelsLast, type ImageBatch, imageOf, type Raster } from '../images/index.js';

/** The forms that results can be written in. */
export type OutputKind = 'png' | 'npz' | 'animation' | 'folder' | 'json';

/** The form that a path's ending asks for. Throws InputError if it is not among `allowed`. */
export function outputKind(path: string, allowed: readonly OutputKind[]): OutputKind {
  const extension = extname(path).toLowerCase();
  const kind = extension === '' ? 'folder' : ({ '.png': 'png', '.npz': 'npz', '.gif': 'animation', '.webp': 'animation', '.json': 'json' } as const)[extension];
  if (kind !== undefined && allowed.includes(kind)) return kind;
  const choices = allowed.map(
    (each) => ({ png: 'a .png file', npz: 'an .npz file', animation: 'a .gif or .webp file', folder: 'a folder', json: 'a .json file' })[each],
  );
  throw new InputError(`--out ${path}: expected ${choices.join(', ')}`);
}

/** Writes one picture as PNG. */
export const writePng = async (path: string, picture: Raster): Promise<void> => writeFileAtomically(path, await encodePng(picture));

/** Writes pictures as an animation, WebP or GIF by the path's ending; `frameMilliseconds` as in `encodeAnimation`. */
export async function writeAnimation(path: string, frames: readonly Raster[], frameMilliseconds: number | readonly number[]): Promise<void> {
  const format = extname(path).toLowerCase() === '.gif' ? 'gif' : 'webp';
  await writeFileAtomically(path, await encodeAnimation(frames, format, frameMilliseconds));
}

/** Writes an object as a JSON file. */
export const writeJson = (path: string, value: unknown): Promise<void> => writeFileAtomically(path, new TextEncoder().encode(`${JSON.stringify(value)}\n`));

/** Writes images as `arr_0`, or under the given names, as bytes [N, H, W, C]. */
export async function writeImageArrays(path: string, batches: Readonly<Record<string, ImageBatch>>): Promise<void> {
  const arrays = Object.entries(batches).map(([name, batch]): [string, NumpyArray] => {
    const [channels, height, width] = batch.shape;
    return [name, { shape: [batch.count, height, width, channels], data: channelsLast(batch) }];
  });
  await writeFileAtomically(path, encodeNpz(Object.fromEntries(arrays)));
}

/** Writes each image as a PNG of its own into a new or empty folder. */
export async function writeImageFolder(path: string, batches: AsyncIterable<ImageBatch>): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found && !found.isDirectory()) throw new InputError(`--out ${path}: is a file; name a new folder`);
  if (found && (await readdir(path)).length > 0) throw new InputError(`--out ${path}: the folder is not empty; name a new one`);
  await makeFolder(path).catch((error: unknown) => {
    throw new InputError(`--out ${path}: the folder cannot be made (${writingFailure(error)})`);
  });
  let written = 0;
  for await (const batch of batches) {
    for (let index = 0; index < batch.count; index++, written++) {
      await writePng(join(path, `${String(written).padStart(6, '0')}.png`), imageOf(batch, index));
    }
  }
}
