import { Option } from '@commander-js/extra-typings';
import { open, readdir, realpath, stat } from 'node:fs/promises';
import { dirname, extname, join, sep } from 'node:path';
import type { NpzArrays } from '../data/formats/npz.js';
import { fittingScale, requireScale } from '../images/drawing.js';
import type { Animation } from '../images/frames.js';
import { type GridStyle, imageGrid, squareColumns } from '../images/imageGrid.js';
import { channelsLast, type ImageBatch, imageOf, type Raster } from '../images/raster.js';
import { InputError, setting, text } from '../errors.js';
import {
  makeFolder,
  wrapReadErrors,
  writeFileAtomically,
  wrapWriteErrors,
  writeFileInPieces,
  writingFailure,
  numbered,
} from '../files/atomic.node.js';
import type { ImageOptions } from './options.js';

export type OutputKind = 'image' | 'npz' | 'animation' | 'folder' | 'json';

/** The name of each format in messages, and its file extensions. */
const KINDS: Readonly<Record<OutputKind, { readonly name: string; readonly extensions: readonly string[] }>> = {
  image: { name: 'a .png or .webp file', extensions: ['.png', '.webp'] },
  npz: { name: 'an .npz file', extensions: ['.npz'] },
  animation: { name: 'a .gif, .webp or .mp4 file', extensions: ['.gif', '.webp', '.mp4'] },
  folder: { name: 'a folder', extensions: [''] },
  json: { name: 'a .json file', extensions: ['.json'] },
};

/** Signatures of files by extension; of JSON, the beginning that agenet writes. */
const SIGNATURES: Readonly<Record<string, RegExp>> = {
  '.png': /^\x89PNG/,
  '.npz': /^PK/,
  '.gif': /^GIF8/,
  '.webp': /^RIFF....WEBP/s,
  '.json': /^\{"out":/,
  '.mp4': /^....ftyp/s,
};

/** The formats on which options have an effect. */
const EFFECTS: Readonly<Record<keyof ImageOptions, readonly OutputKind[]>> = {
  scale: ['image', 'animation'],
  captions: ['image'],
  show: ['image'],
  fps: ['animation'],
};

/** `--force`, for commands with `--out`. */
export const forceOption = () => new Option('--force', 'overwrite --out even if it is a file of another format');

export interface OutputOptions extends ImageOptions {
  readonly out: string;
  readonly force?: true | undefined;
}

/** @throws {InputError} if the value of `--out` is empty, or the next option because the path was forgotten */
export function requirePath(out: string): void {
  if (out === '') throw new InputError(setting('out'), 'expected a path, but it is empty');
  if (out.startsWith('-'))
    throw new InputError(
      text`${setting('out')} ${out}`,
      'expected a path but got an option',
      `write ./${out} for a file of this name`,
    );
}

/**
 * Checks before any work that a result can be written: it may replace an earlier result, but no other file.
 * @param inputs files, folders and data that the command reads
 * @returns the first allowed format with the extension of the path
 * @throws {InputError} if there is none, an option has no effect on it, or the file must stay
 */
export async function prepareOutput(
  { out, force = undefined, ...options }: OutputOptions,
  allowed: readonly OutputKind[],
  inputs: readonly string[] = [],
): Promise<OutputKind> {
  requirePath(out);
  const extension = extname(out).toLowerCase();
  const kind = allowed.find((each) => KINDS[each].extensions.includes(extension));
  if (kind === undefined)
    throw new InputError(
      text`${setting('out')} ${out}`,
      `expected ${allowed.map((each) => KINDS[each].name).join(', ')}`,
    );
  requireEffects(kind, options);
  if (extension === '.mp4') await (await import('../images/video.node.js')).requireFfmpeg();
  const found = await stat(out).catch(() => undefined);
  if (found === undefined) return kind;
  if (kind === 'folder') await requireEmptyFolder(out, found.isDirectory());
  else {
    if (!found.isFile())
      throw new InputError(text`${setting('out')} ${out}`, 'exists and is not a file', 'choose a different name');
    await keepInputs(out, inputs);
    if (force === undefined && found.size > 0 && !SIGNATURES[extension]!.test(await beginningOf(out))) {
      const foreign =
        extension === '.json' ? 'it was not written by agenet' : 'its content does not match its extension';
      throw new InputError(
        text`${setting('out')} ${out}`,
        `exists, and ${foreign}`,
        text`choose a different name, or overwrite it with ${setting('force')}`,
      );
    }
  }
  return kind;
}

/**
 * @param inputs paths of files and folders, and data by their names (`npz:images.npz`)
 * @throws {InputError} if the output is one of these files, or a file in one of these folders
 */
export async function keepInputs(out: string, inputs: readonly string[]): Promise<void> {
  const target = await realpath(out).catch(() => undefined);
  if (target === undefined) return;
  const { pathOfData } = await import('../data/open.node.js');
  for (const input of inputs) {
    const source = await realpath(pathOfData(input)).catch(() => undefined);
    if (source !== undefined && (target === source || target.startsWith(`${source}${sep}`))) {
      throw new InputError(
        text`${setting('out')} ${out}`,
        `is ${target === source ? 'what the command reads' : `one of the files in ${input}, which the command reads`}`,
        'choose a different name',
      );
    }
  }
}

/** @throws {InputError} if an option has no effect on a format */
function requireEffects(kind: OutputKind, options: ImageOptions): void {
  for (const [name, kinds] of Object.entries(EFFECTS) as [keyof ImageOptions, OutputKind[]][]) {
    if (options[name] !== undefined && !kinds.includes(kind))
      throw new InputError(`--${name}`, `has no effect on ${KINDS[kind].name}`, 'remove it');
  }
}

async function requireEmptyFolder(path: string, isFolder: boolean): Promise<void> {
  if (!isFolder) throw new InputError(text`${setting('out')} ${path}`, 'is a file', 'name a new folder');
  if ((await wrapReadErrors(path, () => readdir(path))).length > 0)
    throw new InputError(text`${setting('out')} ${path}`, 'the folder is not empty', 'name a new one');
}

/** The first bytes of a file, one character each. */
const beginningOf = (path: string): Promise<string> =>
  wrapReadErrors(path, async () => {
    const file = await open(path);
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(12), 0, 12, 0);
      return buffer.toString('latin1', 0, bytesRead);
    } finally {
      await file.close();
    }
  });

async function writeOutput(path: string, bytes: Uint8Array): Promise<void> {
  await makeParent(path);
  await writeFileAtomically(path, bytes);
}

/**
 * Writes arrays as an .npz archive piece by piece, completely or not at all.
 * @param signal aborts the writing, which then rejects with its reason and removes the file
 * @throws {InputError} if the file cannot be written
 */
export async function writeNpzFile(path: string, arrays: NpzArrays, signal?: AbortSignal): Promise<void> {
  const { writeNpz } = await import('../data/formats/npz.js');
  await makeParent(path);
  await writeFileInPieces(path, (append) => writeNpz(new WritableStream({ write: append }), arrays, signal), signal);
}

const makeParent = (path: string): Promise<void> => wrapWriteErrors(path, () => makeFolder(dirname(path)));

/** Limit of the format, in pixels. */
const MAX_WEBP_SIDE = 16_383;

/**
 * Writes an image without loss, as PNG or WebP by the extension of the path.
 * @throws {InputError} if it is too large for WebP, or the file cannot be written
 */
export async function writeImage(path: string, image: Raster): Promise<void> {
  const { sharpOf } = await import('../images/decode.node.js');
  const isWebp = extname(path).toLowerCase() === '.webp';
  const { width, height } = image;
  if (isWebp && Math.max(width, height) > MAX_WEBP_SIDE)
    throw new InputError(
      text`${setting('out')} ${path}`,
      `${width}x${height} pixels, but WebP has at most ${MAX_WEBP_SIDE} per side`,
      'name a .png file',
    );
  const picture = sharpOf(image);
  await writeOutput(path, await (isWebp ? picture.webp({ lossless: true }) : picture.png()).toBuffer());
}

/**
 * Writes an animation, as GIF, WebP or MP4 by the extension of the path.
 * @param scale pixels per pixel of a frame (default: the largest up to 4 at which a frame fits 1024x1024 pixels)
 * @throws {InputError} if the enlarged frames would be too large, or the file cannot be written
 */
export async function writeAnimation(
  path: string,
  animation: Animation,
  scale: number | undefined,
  signal: AbortSignal,
): Promise<void> {
  const extension = extname(path).toLowerCase();
  const { frames } = animation;
  const factor = scale ?? fittingScale(frames[0]!, frames.length);
  requireScale(frames[0]!, factor, frames.length);
  const bytes =
    extension === '.mp4'
      ? await (await import('../images/video.node.js')).encodeVideo(animation, factor, signal)
      : await (
          await import('../images/files.node.js')
        ).encodeAnimation(animation, extension === '.gif' ? 'gif' : 'webp', factor);
  signal.throwIfAborted();
  await writeOutput(path, bytes);
}

export const writeJson = (path: string, value: unknown): Promise<void> =>
  writeOutput(path, new TextEncoder().encode(`${JSON.stringify(value)}\n`));

/** Writes images under the given names, as bytes [N, H, W, C]. */
export const writeImageArrays = (path: string, batches: Readonly<Record<string, ImageBatch>>): Promise<void> =>
  writeNpzFile(
    path,
    Object.fromEntries(
      Object.entries(batches).map(([name, batch]) => [name, { shape: arrayShape(batch), data: channelsLast(batch) }]),
    ),
  );

const arrayShape = ({ count, shape: [channels, height, width] }: Pick<ImageBatch, 'count' | 'shape'>): number[] => [
  count,
  height,
  width,
  channels,
];

interface ImageStream {
  readonly count: number;
  readonly shape: ImageBatch['shape'];
  readonly batches: AsyncIterable<ImageBatch>;
}

/**
 * Writes images as one grid, as `arr_0` with bytes [N, H, W, C] (.npz), or as PNG files of a new or empty folder. Only the grid is in memory
 * as a whole.
 */
export async function writeImageBatches(
  path: string,
  kind: OutputKind,
  { count, shape, batches }: ImageStream,
  signal: AbortSignal,
  style: GridStyle,
): Promise<void> {
  if (kind === 'npz') {
    const pieces = async function* () {
      for await (const batch of batches) yield channelsLast(batch);
    };
    return writeNpzFile(
      path,
      { arr_0: { shape: arrayShape({ count, shape }), type: '|u1', pieces: pieces() } },
      signal,
    );
  }
  if (kind === 'folder') return writeImageFolder(path, batches, signal);
  const parts: Uint8Array[] = [];
  for await (const { data } of untilAborted(batches, signal)) parts.push(data);
  await writeImage(path, imageGrid({ shape, count, data: Buffer.concat(parts) }, squareColumns(count), style));
}

async function writeImageFolder(path: string, batches: AsyncIterable<ImageBatch>, signal: AbortSignal): Promise<void> {
  await makeFolder(path).catch((error: unknown) => {
    throw new InputError(text`${setting('out')} ${path}`, `cannot create the folder (${writingFailure(error)})`);
  });
  let written = 0;
  for await (const batch of untilAborted(batches, signal)) {
    for (let index = 0; index < batch.count; index++, written++) {
      await writeImage(join(path, `${numbered(written)}.png`), imageOf(batch, index));
    }
  }
}

async function* untilAborted<T>(items: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  for await (const item of items) {
    signal.throwIfAborted();
    yield item;
  }
}
