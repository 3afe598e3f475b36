import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { type ImageInput, readImages } from '../../src/images/imageInput.node.js';
import { randomStream } from '../../src/random.js';
import { expectInputError } from '../rejection.js';
import { sharedTemporaryFolder } from '../temporaryFolder.js';

const folder = sharedTemporaryFolder();
const noise = (bytes: number) => {
  const stream = randomStream(1, 'image input');
  return Uint8Array.from({ length: bytes }, () => stream.below(256));
};
const FORMAT = { size: 8, channels: 3 };

describe('readImages', () => {
  it('reads a pipeline of sharp as the file that it would write, with its orientation', async () => {
    const file = join(folder, 'photo.jpg');
    const picture = sharp(noise(20 * 12 * 3), { raw: { width: 20, height: 12, channels: 3 } });
    await picture.jpeg().withMetadata({ orientation: 6 }).toFile(file);
    expect((await readImages(sharp(file), FORMAT)).data).toEqual((await readImages(file, FORMAT)).data);
    const turned = await sharp(file).autoOrient().png().toBuffer();
    expect((await readImages(sharp(file).autoOrient(), FORMAT)).data).toEqual((await readImages(turned, FORMAT)).data);
  });

  it('reads pixels of any size as an image file of them, [H, W, C] and [N, C, H, W]', async () => {
    const data = noise(20 * 12 * 3);
    const raster = { width: 20, height: 12, channels: 3, data };
    const file = await sharp(data, { raw: { width: 20, height: 12, channels: 3 } })
      .png()
      .toBuffer();
    const planes = Uint8Array.from(
      { length: data.length },
      (_, index) => data[(index % 240) * 3 + Math.floor(index / 240)]!,
    );
    const expected = (await readImages(file, FORMAT)).data;
    expect((await readImages(raster, FORMAT)).data).toEqual(expected);
    const two = await readImages(
      { count: 2, shape: [3, 12, 20], data: Uint8Array.from([...planes, ...planes]) },
      FORMAT,
    );
    expect([two.count, two.shape]).toEqual([2, [3, 8, 8]]);
    expect(two.data).toEqual(Uint8Array.from([...expected, ...expected]));
  });

  it('keeps the order of a list, and takes an empty one', async () => {
    const gray = (level: number) => ({ width: 8, height: 8, channels: 1, data: new Uint8Array(64).fill(level) });
    const read = await readImages([gray(3), gray(200)], { size: 8, channels: 1 });
    expect([read.data[0], read.data[64], read.count]).toEqual([3, 200, 2]);
    expect(await readImages([], FORMAT)).toMatchObject({ count: 0, shape: [3, 8, 8] });
  });

  const wrong: readonly [title: string, input: unknown, texts: readonly string[]][] = [
    ['bytes that are no image file', new Uint8Array(64), ['image 0: cannot read the image', 'PNG, JPEG']],
    ['the bytes of a damaged file', Buffer.from('\x89PNG\r\n\x1a\nrest', 'latin1'), ['image 0: cannot read the image']],
    ['a number', 7, ['image 0: expected a path, the bytes of an image file']],
    ['nothing', [null], ['image 0: expected a path']],
    [
      'a URL that is no file',
      new URL('https://example.com/seven.png'),
      ['https://example.com/seven.png: expected a file URL'],
    ],
    [
      'pixels of another length',
      { count: 1, shape: [1, 8, 8], data: new Uint8Array(63) },
      ['image 0: expected 64 bytes of pixels [1, 1, 8, 8] but got 63'],
    ],
    [
      'pixels with transparency',
      { width: 2, height: 2, channels: 4, data: new Uint8Array(16) },
      ['image 0: expected 1 or 3 channels but got 4'],
    ],
    [
      'pixels that are fewer than their width and height',
      { width: 1e9, height: 1e9, channels: 3, data: new Uint8Array(3) },
      ['image 0: expected 3000000000000000000 bytes of pixels [1000000000, 1000000000, 3] but got 3'],
    ],
    [
      'more pixels than there are bytes',
      { count: 1e15, shape: [1, 1, 1], data: new Uint8Array(0) },
      ['image 0: expected 1000000000000000 bytes'],
    ],
    [
      'pixels without a width',
      { width: NaN, height: 2, channels: 1, data: new Uint8Array(0) },
      ['image 0: expected whole numbers as its size but got NaN'],
    ],
    ['pixels of no area', { width: 0, height: 0, channels: 1, data: new Uint8Array(0) }, ['image 0: cannot read']],
    [
      'pixels that are no bytes',
      { width: 2, height: 2, channels: 1, data: new Float32Array(4) },
      ['image 0: expected 4 bytes of pixels [2, 2, 1] but got a Float32Array'],
    ],
    ['a pipeline of a missing file', sharp(join(folder, 'none.png')), ['image 0: cannot read the image', 'none.png']],
  ];
  it.each(wrong)('refuses %s', async (_, input, texts) => {
    await expectInputError(() => readImages(input as ImageInput, FORMAT), ...texts);
  });
});
