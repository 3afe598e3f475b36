import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { nativeFormat, openSource } from '../../../src/data/open.node.js';
import { firstImages, type ImageSource } from '../../../src/data/source.js';
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
