import { Option } from '@commander-js/extra-typings';
import { open, readdir, realpath, stat } from 'node:fs/promises';
import { dirname, extname, join, sep } from 'node:path';
import type { NpzArrays, PiecewiseArray } from '../data/formats/npz.js';
import { InputError, setting, text } from '../errors.js';
import {
  makeFolder,
  numbered,
  wrapReadErrors,
  wrapWriteErrors,
  writeFileAtomically,
  writeFileInPieces,
  writingFailure,
} from '../files/atomic.node.js';
import { fittingScale, requireScale } from '../images/drawing.js';
import type { Animation } from '../images/frames.js';
import { type GridStyle, imageGrid, imagesIn } from '../images/imageGrid.js';
import { channelsLast, type ImageBatch, type Raster } from '../images/raster.js';
import type { ImageOptions } from './options.js';

interface Format {
  name: string;
  extensions: readonly string[];
  /** Options that have an effect on it. */
  options: readonly (keyof ImageOptions)[];
}

export type OutputKind = 'image' | 'npz' | 'animation' | 'folder' | 'json';

const FORMATS: Record<OutputKind, Format> = {
  image: { name: 'a .png or .webp file', extensions: ['.png', '.webp'], options: ['scale', 'captions', 'show'] },
  npz: { name: 'an .npz file', extensions: ['.npz'], options: [] },
  animation: {
    name: 'a .gif, .webp or .mp4 file',
    extensions: ['.gif', '.webp', '.mp4'],
    options: ['scale', 'fps'],
  },
  folder: { name: 'a folder', extensions: [''], options: [] },
  json: { name: 'a .json file', extensions: ['.json'], options: [] },
};

/** First bytes of files by extension; of JSON, as agenet writes it. */
const SIGNATURES: Record<string, RegExp> = {
  '.png': /^\x89PNG/,
  '.npz': /^PK/,
  '.gif': /^GIF8/,
  '.webp': /^RIFF....WEBP/s,
  '.json': /^\{"out":/,
  '.mp4': /^....ftyp/s,
};

export const forceOption = () => new Option('--force', 'overwrite --out even if it is a file of another format');

export interface OutputOptions extends ImageOptions {
  out: string;
  force?: true | undefined;
}

const outError = (out: string, problem: string, remedy?: ConstructorParameters<typeof InputError>[2]) =>
  new InputError(text`${setting('out')} ${out}`, problem, remedy);

/** @throws {InputError} if the path was forgotten */
export function requirePath(out: string) {
  if (out === '') throw new InputError(setting('out'), 'expected a path, but it is empty');
  if (out.startsWith('-'))
    throw outError(out, 'expected a path but got an option', `write ./${out} for a file of this name`);
}

/**
 * Checks before any work that a result can be written. It may replace an earlier result, but no input or other file.
 * @returns the first allowed format with the extension of the path
 * @throws {InputError} if there is none, an option has no effect on it, or the file must stay
 */
export async function prepareOutput(
  options: OutputOptions,
  allowed: readonly OutputKind[],
  inputs: readonly string[] = [],
) {
  const { out, force } = options;
  requirePath(out);
  const extension = extname(out).toLowerCase();
  const kind = allowed.find((each) => FORMATS[each].extensions.includes(extension));
  if (kind === undefined) throw outError(out, `expected ${allowed.map((each) => FORMATS[each].name).join(', ')}`);
  for (const option of ['scale', 'captions', 'show', 'fps'] as const) {
    if (options[option] !== undefined && !FORMATS[kind].options.includes(option))
      throw new InputError(`--${option}`, `has no effect on ${FORMATS[kind].name}`, 'remove it');
  }
  if (extension === '.mp4') await (await import('../images/video.node.js')).requireFfmpeg();
  const found = await stat(out).catch(() => undefined);
  if (found === undefined) return kind;
  if (kind === 'folder') await requireEmptyFolder(out, found.isDirectory());
  else {
    if (!found.isFile()) throw outError(out, 'exists and is not a file', 'choose a different name');
    await keepInputs(out, inputs);
    if (force === undefined && found.size > 0) await requireOwnFormat(out, extension);
  }
  return kind;
}

async function requireEmptyFolder(out: string, isFolder: boolean) {
  if (!isFolder) throw outError(out, 'is a file', 'name a new folder');
  if ((await wrapReadErrors(out, () => readdir(out))).length > 0)
    throw outError(out, 'the folder is not empty', 'name a new one');
}

async function requireOwnFormat(out: string, extension: string) {
  const beginning = await wrapReadErrors(out, async () => {
    const file = await open(out);
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(12), 0, 12, 0);
      return buffer.toString('latin1', 0, bytesRead);
    } finally {
      await file.close();
    }
  });
  if (SIGNATURES[extension]!.test(beginning)) return;
  const foreign = extension === '.json' ? 'it was not written by agenet' : 'its content does not match its extension';
  const remedy = text`choose a different name, or overwrite it with ${setting('force')}`;
  throw outError(out, `exists, and ${foreign}`, remedy);
}

/**
 * @param inputs paths of files and folders, and data by their names (`npz:images.npz`)
 * @throws {InputError} if the output is one of these files, or a file in one of these folders
 */
export async function keepInputs(out: string, inputs: readonly string[]) {
  const target = await realpath(out).catch(() => undefined);
  if (target === undefined) return;
  const { pathOfData } = await import('../data/open.node.js');
  const remedy = 'choose a different name';
  for (const input of inputs) {
    const source = await realpath(pathOfData(input)).catch(() => undefined);
    if (target === source) throw outError(out, 'is what the command reads', remedy);
    if (source !== undefined && target.startsWith(`${source}${sep}`))
      throw outError(out, `is one of the files in ${input}, which the command reads`, remedy);
  }
}

async function writeOutput(path: string, bytes: Uint8Array) {
  await makeParent(path);
  await writeFileAtomically(path, bytes);
}

const makeParent = (path: string) => wrapWriteErrors(path, () => makeFolder(dirname(path)));

/** Writes arrays piece by piece, completely or not at all. @throws the signal's reason if it is aborted */
export async function writeNpzFile(path: string, arrays: NpzArrays, signal?: AbortSignal) {
  const { writeNpz } = await import('../data/formats/npz.js');
  await makeParent(path);
  await writeFileInPieces(path, (append) => writeNpz(new WritableStream({ write: append }), arrays, signal), signal);
}

const MAX_WEBP_SIDE = 16_383;

/** Writes an image without loss. @throws {InputError} if it is too large for WebP */
export async function writeImage(path: string, image: Raster) {
  const { sharpOf } = await import('../images/decode.node.js');
  const isWebp = extname(path).toLowerCase() === '.webp';
  const { width, height } = image;
  if (isWebp && Math.max(width, height) > MAX_WEBP_SIDE) {
    const problem = `${width}x${height} pixels, but WebP has at most ${MAX_WEBP_SIDE} per side`;
    throw outError(path, problem, 'name a .png file');
  }
  const picture = sharpOf(image);
  await writeOutput(path, await (isWebp ? picture.webp({ lossless: true }) : picture.png()).toBuffer());
}

/**
 * @param scale pixels per pixel of a frame (default: the largest up to 4 at which a frame fits 1024x1024 pixels)
 * @throws {InputError} if the enlarged frames would be too large
 */
export async function writeAnimation(
  path: string,
  animation: Animation,
  scale: number | undefined,
  signal: AbortSignal,
) {
  const { encodeAnimation } = await import('../images/files.node.js');
  const { encodeVideo } = await import('../images/video.node.js');
  const { frames } = animation;
  const factor = scale ?? fittingScale(frames[0]!, frames.length);
  requireScale(frames[0]!, factor, frames.length);
  const extension = extname(path).toLowerCase();
  const bytes =
    extension === '.mp4'
      ? await encodeVideo(animation, factor, signal)
      : await encodeAnimation(animation, extension === '.gif' ? 'gif' : 'webp', factor);
  signal.throwIfAborted();
  await writeOutput(path, bytes);
}

export const writeJson = (path: string, value: unknown) =>
  writeOutput(path, new TextEncoder().encode(`${JSON.stringify(value)}\n`));

interface ImageStream extends Pick<ImageBatch, 'count' | 'shape'> {
  batches: Iterable<ImageBatch> | AsyncIterable<ImageBatch>;
}

/** Bytes [N, H, W, C]. */
export const imageArray = ({ count, shape: [channels, height, width], batches }: ImageStream): PiecewiseArray => ({
  shape: [count, height, width, channels],
  type: '|u1',
  pieces: (async function* () {
    for await (const batch of batches) yield channelsLast(batch);
  })(),
});

export const writeImageArrays = (path: string, batches: Record<string, ImageBatch>) =>
  writeNpzFile(
    path,
    Object.fromEntries(Object.entries(batches).map(([name, each]) => [name, imageArray({ ...each, batches: [each] })])),
  );

/** Holds all images in memory only for a grid. */
export async function writeImageBatches(
  path: string,
  kind: OutputKind,
  images: ImageStream & { columns: number },
  signal: AbortSignal,
  style: GridStyle,
) {
  const { count, columns, shape, batches } = images;
  if (kind === 'npz') return writeNpzFile(path, { arr_0: imageArray(images) }, signal);
  if (kind === 'folder') return writeImageFolder(path, batches, signal);
  const parts: Uint8Array[] = [];
  for await (const { data } of batches) {
    signal.throwIfAborted();
    parts.push(data);
  }
  await writeImage(path, imageGrid({ shape, count, data: Buffer.concat(parts) }, columns, style));
}

async function writeImageFolder(path: string, batches: ImageStream['batches'], signal: AbortSignal) {
  await makeFolder(path).catch((error: unknown) => {
    throw outError(path, `cannot create the folder (${writingFailure(error)})`);
  });
  let written = 0;
  for await (const batch of batches) {
    signal.throwIfAborted();
    for (const image of imagesIn(batch)) await writeImage(join(path, `${numbered(written++)}.png`), image);
  }
}
