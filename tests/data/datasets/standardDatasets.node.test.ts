import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { encodeNpz } from '../../../src/data/formats/encodeNumpy.js';
import { firstImages, type ImageSource } from '../../../src/data/source.js';
import { nativeFormat, openSource } from '../../../src/data/open.node.js';
import { expectInputError } from '../../rejection.js';
import { temporaryFolder } from '../../temporaryFolder.js';
import { cifarBytes, cifarPicture } from '../formats/cifarBytes.js';
import { idxBytes } from '../formats/idxBytes.js';
import { noise } from '../formats/noise.js';

const cacheFolder = () => ({ cacheFolder: temporaryFolder() });
const imagesOf = ({ train, size, channels }: ImageSource) => firstImages(train, train.count, size[0] * size[1] * channels);

/** CIFAR-10's six files, two pictures in each; the label is the number of the file. */
function writeCifar10(folder: string): Uint8Array[] {
  mkdirSync(folder, { recursive: true });
  const pictures = Array.from({ length: 12 }, (_, index) => cifarPicture(index));
  const batch = (number: number) => cifarBytes(pictures.slice(2 * number, 2 * number + 2).map((picture) => ({ labels: [number], picture })));
  for (let number = 0; number < 5; number++) writeFileSync(join(folder, `data_batch_${number + 1}.bin`), batch(number));
  writeFileSync(join(folder, 'test_batch.bin'), batch(5));
  return pictures;
}

describe('CIFAR-10 in a folder', () => {
  it('is its five batches to train on and the sixth to test on, in the order of the files', async () => {
    const folder = temporaryFolder();
    const pictures = writeCifar10(folder);
    const source = await openSource(`cifar10:${folder}`);
    expect(source).toMatchObject({ name: `cifar10:${folder}`, size: [32, 32], channels: 3, classes: 10 });
    expect(source.classNames?.[3]).toBe('cat');
    expect(imagesOf(source)).toEqual(Uint8Array.from(pictures.slice(0, 10).flatMap((picture) => [...picture])));
    expect(source.train.labels).toEqual(Uint8Array.of(0, 0, 1, 1, 2, 2, 3, 3, 4, 4));
    expect(firstImages(source.test, 1, 3072)).toEqual(pictures[10]);
    expect(source.test.labels).toEqual(Uint8Array.of(5, 5));
  });

  it('is found in the folder that the archive unpacks to', async () => {
    const folder = temporaryFolder();
    writeCifar10(join(folder, 'cifar-10-batches-bin'));
    expect((await openSource(`cifar10:${folder}`)).train.count).toBe(10);
  });

  it('is had in another size and in grey, decoded once into the cache', async () => {
    const folder = temporaryFolder();
    writeCifar10(folder);
    const source = await openSource(`cifar10:${folder}`, { size: 64, channels: 1 }, cacheFolder());
    expect(source).toMatchObject({ size: [64, 64], channels: 1, classes: 10 });
    expect([source.train.count, source.test.count]).toEqual([10, 2]);
    expect(source.test.labels).toEqual(Uint8Array.of(5, 5));
    source.close?.();
  });

  it('is refused where a file is missing or cut short', async () => {
    const folder = temporaryFolder();
    await expectInputError(() => openSource(`cifar10:${folder}`), 'data_batch_', 'cannot be read');
    writeCifar10(folder);
    writeFileSync(join(folder, 'data_batch_3.bin'), new Uint8Array(3000));
    await expectInputError(() => openSource(`cifar10:${folder}`), 'data_batch_3.bin');
  });
});

it('CIFAR-100 has its fine labels', async () => {
  const folder = temporaryFolder();
  const record = (coarse: number, fine: number) => ({ labels: [coarse, fine], picture: cifarPicture(fine) });
  writeFileSync(join(folder, 'train.bin'), cifarBytes([record(3, 41), record(1, 99)]));
  writeFileSync(join(folder, 'test.bin'), cifarBytes([record(0, 7)]));
  const source = await openSource(`cifar100:${folder}`);
  expect(source.train.labels).toEqual(Uint8Array.of(41, 99));
  expect(source.classes).toBe(100);
});

describe('IDX files in a folder', () => {
  const pixels = noise(3 * 28 * 28, 1);

  it('of 28x28 are padded to 32x32 with black', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'train-images-idx3-ubyte'), idxBytes([3, 28, 28], pixels));
    writeFileSync(join(folder, 'train-labels-idx1-ubyte.gz'), gzipSync(idxBytes([3], [4, 0, 2])));
    writeFileSync(join(folder, 't10k-images-idx3-ubyte'), idxBytes([1, 28, 28], pixels.subarray(0, 784)));
    expect(await nativeFormat(`idx:${folder}`)).toEqual({ size: 32, channels: 1, padding: { inner: 28, border: 2, value: 0 } });
    const source = await openSource(`idx:${folder}`);
    expect(source).toMatchObject({ size: [32, 32], channels: 1, classes: 5 });
    const first = firstImages(source.train, 1, 1024);
    for (let row = 0; row < 32; row++) {
      const inside = row >= 2 && row < 30;
      const expected = inside ? [0, 0, ...pixels.subarray((row - 2) * 28, (row - 1) * 28), 0, 0] : new Array<number>(32).fill(0);
      expect([...first.subarray(32 * row, 32 * row + 32)]).toEqual(expected);
    }
  });

  it('of another size are had in that size', async () => {
    const folder = temporaryFolder();
    const large = noise(4 * 64 * 64, 2);
    writeFileSync(join(folder, 'train-images.idx3-ubyte'), idxBytes([4, 64, 64], large));
    writeFileSync(join(folder, 'test-images.idx3-ubyte'), idxBytes([1, 64, 64], large.subarray(0, 4096)));
    const source = await openSource(`idx:${folder}`);
    expect(source).toMatchObject({ size: [64, 64], channels: 1, classes: null });
    expect(imagesOf(source)).toEqual(large);
  });

  it('are asked for where there are none', async () => {
    await expectInputError(() => openSource(`idx:${temporaryFolder()}`), 'train-images-idx3-ubyte');
    await expectInputError(() => openSource('idx:no/such/folder'), 'no/such/folder', 'cannot be read');
  });
});

it('an .npz archive is parted by a seeded draw that stays the same', async () => {
  const file = join(temporaryFolder(), 'images.npz');
  const count = 40;
  const bytes = noise(count * 32 * 32 * 3, 3);
  writeFileSync(
    file,
    encodeNpz({ images: { shape: [count, 32, 32, 3], data: bytes }, labels: { shape: [count], data: noise(count, 4).map((byte) => byte % 3) } }),
  );
  const options = cacheFolder();
  const [first, second] = [await openSource(`npz:${file}`, undefined, options), await openSource(`npz:${file}`, undefined, options)];
  expect(first).toMatchObject({ size: [32, 32], channels: 3, classes: 3 });
  expect(first.train.count + first.test.count).toBe(count);
  expect(first.test.count).toBeGreaterThan(0);
  expect(imagesOf(first)).toEqual(imagesOf(second));
  first.close?.();
  second.close?.();
});
