import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import type { CodeDensity } from '../../src/density/codeDensity.js';
import { createRun, tinyCheckpoint, tinyConfiguration } from '../training/tinyTraining.js';

/** Plans with few terms: the graph of an iteration compiles in a third of the time. */
export const SMALL_PLANS = [
  ...['--encoder-updates', '1;KL_real:1,match_x:10'],
  ...['--generator-updates', '1;KL_fake:1,match_z:1000'],
];

/** Options of a run that takes about a second. */
export const TINY_TRAINING = [
  ...['--width', '4', '--latent', '8', '--batch', '4', '--threads', '1', '--log-every', '1'],
  ...SMALL_PLANS,
];

/** Makes a run folder with one checkpoint of untrained networks, and returns the checkpoint's path. */
export async function makeTinyRun(
  path: string,
  configuration = tinyConfiguration(),
  step = 3,
  density?: CodeDensity,
): Promise<string> {
  const folder = await createRun(path, configuration);
  return folder.writeCheckpoint({ ...tinyCheckpoint(configuration, step), density });
}

/** Writes a grayscale gradient between two levels; the extension selects the format. */
export async function makePicture(path: string, from: number, to: number): Promise<string> {
  mkdirSync(dirname(path), { recursive: true });
  const pixels = Uint8Array.from({ length: 40 * 40 }, (_, index) => from + ((to - from) * (index % 40)) / 39);
  await sharp(pixels, { raw: { width: 40, height: 40, channels: 1 } }).toFile(path);
  return path;
}

/** Every file under a folder with its bytes, by its path from there. */
export function contentsOf(folder: string): Record<string, string> {
  const files = existsSync(folder)
    ? readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
    : [];
  return Object.fromEntries(
    files
      .map(
        ({ parentPath, name }) =>
          [
            join(parentPath, name).slice(folder.length + 1),
            readFileSync(join(parentPath, name)).toString('base64'),
          ] as const,
      )
      .sort(),
  );
}

/** The shape and the elements of a byte array in an unpacked .npz archive. */
export function bytesIn(npy: Uint8Array | undefined): { shape: number[]; data: Uint8Array } {
  const header = new TextDecoder().decode(npy!.subarray(10, 10 + npy![8]! + 256 * npy![9]!));
  const shape = /'shape': \(([\d, ]*)\)/
    .exec(header)![1]!
    .split(',')
    .filter((size) => size.trim() !== '')
    .map(Number);
  return { shape, data: npy!.subarray(10 + header.length) };
}
