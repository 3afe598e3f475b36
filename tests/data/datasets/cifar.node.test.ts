import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openSource } from '../../../src/data/open.node.js';
import { firstImages, type ImageSource } from '../../../src/data/source.js';
import { expectInputError } from '../../rejection.js';
import { temporaryFolder } from '../../temporaryFolder.js';
import { cifarBytes, cifarPicture } from '../formats/cifarBytes.js';

const imagesOf = ({ train, size, channels }: ImageSource) =>
  firstImages(train, train.count, size[0] * size[1] * channels);

/** CIFAR-10's six files, two pictures in each; the label is the number of the file. */
function writeCifar10(folder: string): Uint8Array[] {
  mkdirSync(folder, { recursive: true });
  const pictures = Array.from({ length: 12 }, (_, index) => cifarPicture(index));
  const batch = (number: number) =>
    cifarBytes(pictures.slice(2 * number, 2 * number + 2).map((picture) => ({ labels: [number], picture })));
  for (let number = 0; number < 5; number++) writeFileSync(join(folder, `data_batch_${number + 1}.bin`), batch(number));
  writeFileSync(join(folder, 'test_batch.bin'), batch(5));
  return pictures;
}

describe('CIFAR-10', () => {
  it('trains on five batches and tests on the sixth, in file order', async () => {
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

  it('is resized and converted to grayscale once, and cached', async () => {
    const folder = temporaryFolder();
    writeCifar10(folder);
    const source = await openSource(`cifar10:${folder}`, { size: 64, channels: 1 }, { cacheFolder: temporaryFolder() });
    expect(source).toMatchObject({ size: [64, 64], channels: 1, classes: 10 });
    expect([source.train.count, source.test.count]).toEqual([10, 2]);
    expect(source.test.labels).toEqual(Uint8Array.of(5, 5));
    source.close?.();
  });

  it('is rejected if a file is missing or truncated', async () => {
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
