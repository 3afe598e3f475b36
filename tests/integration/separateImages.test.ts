/** Whatever data a run is trained on, the same image in a file of its own gets the same bytes. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import {
  channelsLast,
  DIGIT_PADDING,
  gatherImages,
  type ImageFormat,
  type ImageSource,
  type Split,
} from '../../src/index.js';
import { npzArchive } from '../npzArchive.js';
import { openSource, readImages } from '../../src/node.js';
import { nativeFormat } from '../../src/data/open.node.js';
import { expectInputError } from '../rejection.js';
import { temporaryFolder } from '../temporaryFolder.js';
import { cifarBytes, cifarPicture } from '../data/formats/cifarBytes.js';
import { idxBytes } from '../data/formats/idxBytes.js';
import { noise } from '../data/formats/noise.js';

/** Pixels [H, W, C] as a PNG file. */
async function pngFile(pixels: Uint8Array, width: number, channels: 1 | 3): Promise<string> {
  const path = join(temporaryFolder(), 'image.png');
  await sharp(pixels, { raw: { width, height: pixels.length / width / channels, channels } })
    .toColourspace(channels === 1 ? 'b-w' : 'srgb')
    .toFile(path);
  return path;
}

const open = (data: string, format?: ImageFormat) => openSource(data, format, { cacheFolder: temporaryFolder() });
const bytesOf = ({ size, channels }: ImageSource, split: Split, index: number) =>
  gatherImages(split, [index], size[0] * size[1] * channels);

function writeIdx(folder: string, size: number, { test = true } = {}): Uint8Array {
  const pixels = noise(3 * size * size, 1);
  writeFileSync(join(folder, 'train-images-idx3-ubyte'), idxBytes([3, size, size], pixels));
  if (test)
    writeFileSync(join(folder, 't10k-images-idx3-ubyte'), idxBytes([1, size, size], pixels.subarray(0, size * size)));
  return pixels;
}

describe('a data set image in a separate file', () => {
  it.each([
    { size: 32, channels: 1 },
    { size: 64, channels: 3 },
  ])('is preprocessed as in 28x28 IDX files, to $size x $size with $channels channels', async (format) => {
    const folder = temporaryFolder();
    const pixels = writeIdx(folder, 28);
    const source = await open(`idx:${folder}`, format);
    for (const index of [0, 2]) {
      const file = await pngFile(pixels.subarray(784 * index, 784 * (index + 1)), 28, 1);
      expect((await readImages([file], { ...format, padding: DIGIT_PADDING })).data).toEqual(
        bytesOf(source, source.train, index),
      );
    }
  });

  it.each(['without a test split', 'in an archive'])('is preprocessed as in 28x28 data %s', async (kind) => {
    const folder = temporaryFolder();
    const pixels = writeIdx(folder, 28, { test: false });
    const archive = join(folder, 'digits.npz');
    writeFileSync(archive, npzArchive({ images: { shape: [3, 28, 28], data: pixels } }));
    const data = kind === 'in an archive' ? `npz:${archive}` : `idx:${folder}`;
    const format = await nativeFormat(data);
    expect(format).toEqual({ size: 32, channels: 1, crop: 'center', padding: DIGIT_PADDING });
    const source = await open(data, format);
    const index = Number(source.train.nameOf!(0).replace('train/', ''));
    const file = await pngFile(pixels.subarray(784 * index, 784 * (index + 1)), 28, 1);
    expect((await readImages([file], format)).data).toEqual(bytesOf(source, source.train, 0));
    source.close?.();
  });

  it.each([{ size: 32 }, { size: 64 }, { size: 64, channels: 1 }, { size: 64, crop: 'celeba' as const }])(
    'is the same as in CIFAR-10 for %o',
    async (wanted) => {
      const folder = temporaryFolder();
      const pictures = Array.from({ length: 2 }, (_, index) => cifarPicture(index));
      for (const name of [
        'data_batch_1',
        'data_batch_2',
        'data_batch_3',
        'data_batch_4',
        'data_batch_5',
        'test_batch',
      ]) {
        writeFileSync(join(folder, `${name}.bin`), cifarBytes(pictures.map((picture) => ({ labels: [1], picture }))));
      }
      const format = { channels: 3, ...wanted };
      const source = await open(`cifar10:${folder}`, format);
      const file = await pngFile(
        channelsLast({ shape: [3, 32, 32], count: 1, data: Uint8Array.from(pictures[1]!) }),
        32,
        3,
      );
      expect((await readImages([file], format)).data).toEqual(bytesOf(source, source.test, 1));
      source.close?.();
    },
  );

  it('is preprocessed as in a CelebA folder, with its crop', async () => {
    const folder = join(temporaryFolder(), 'img_align_celeba');
    mkdirSync(folder);
    for (let index = 0; index < 3; index++) {
      await sharp(noise(178 * 218 * 3, index), { raw: { width: 178, height: 218, channels: 3 } }).toFile(
        join(folder, `00000${index}.jpg`),
      );
    }
    const format = await nativeFormat(`celeba:${folder}`);
    expect(format).toMatchObject({ size: 64, crop: 'celeba' });
    const source = await open(`celeba:${folder}`, format);
    for (let index = 0; index < source.train.count; index++) {
      expect((await readImages([join(folder, source.train.nameOf!(index))], format)).data).toEqual(
        bytesOf(source, source.train, index),
      );
    }
    source.close?.();
  });
});

describe('data opened for a run that was trained on other data', () => {
  it('resizes digits if the preprocessing of the run does not pad', async () => {
    const folder = temporaryFolder();
    const pixels = writeIdx(folder, 28);
    const format = { size: 32, channels: 3, padding: null };
    const source = await open(`idx:${folder}`, format);
    expect(bytesOf(source, source.test, 0)).toEqual(
      (await readImages([await pngFile(pixels.subarray(0, 784), 28, 1)], format)).data,
    );
    source.close?.();
  });

  it('resizes and pads other images if the preprocessing of the run pads', async () => {
    const folder = temporaryFolder();
    const pixels = writeIdx(folder, 40);
    const format = { size: 32, channels: 1, padding: DIGIT_PADDING };
    const source = await open(`idx:${folder}`, format);
    const image = bytesOf(source, source.test, 0);
    expect(image).toEqual((await readImages([await pngFile(pixels.subarray(0, 1600), 40, 1)], format)).data);
    expect(Array.from(image.subarray(0, 64))).toEqual(new Array<number>(64).fill(0));
    source.close?.();
  });

  it('is rejected in a size that the padding does not allow', async () => {
    const folder = temporaryFolder();
    writeIdx(folder, 40);
    await expectInputError(
      () => open(`idx:${folder}`, { size: 40, channels: 1, padding: DIGIT_PADDING }),
      'size 40',
      '28x28',
      '32x32',
    );
    await expectInputError(() => open('mnist', { size: 48, channels: 1 }), 'size 48', '28x28', '32x32');
  });

  it('is decoded again if only the padding differs', async () => {
    const folder = temporaryFolder();
    writeIdx(folder, 40);
    const cacheFolder = temporaryFolder();
    const images = await Promise.all(
      [null, DIGIT_PADDING].map(async (padding) => {
        const source = await openSource(`idx:${folder}`, { size: 32, channels: 1, padding }, { cacheFolder });
        const image = bytesOf(source, source.test, 0);
        source.close?.();
        return image;
      }),
    );
    expect(images[0]).not.toEqual(images[1]);
  });
});
