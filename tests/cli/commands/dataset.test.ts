import { unzipSync } from 'fflate';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { writeImages } from '../../data/imageFiles.js';
import { sharedTemporaryFolder, temporaryFolder } from '../../temporaryFolder.js';
import { expectBadInput, type Refusal, resultOf, runCommand } from '../runCommand.js';
import { bytesIn, contentsOf } from '../tinyRun.js';

/** Two classes of images, and a file that is not an image despite its name. */
async function folderOfClasses(): Promise<string> {
  const folder = temporaryFolder();
  for (const name of ['cats', 'dogs']) mkdirSync(join(folder, name));
  await writeImages(join(folder, 'cats'), { 'a.png': 10, 'b.png': 20, 'c.png': 30 });
  await writeImages(join(folder, 'dogs'), { 'd.png': 200, 'e.png': 210 });
  writeFileSync(join(folder, 'dogs', 'f.png'), 'no picture');
  return folder;
}

describe('agenet dataset', () => {
  it('counts the images of each class, and lists skipped files with the reason', async () => {
    const folder = await folderOfClasses();
    const result = await resultOf(['dataset', folder, '--size', '32'], folder);
    expect(result).toMatchObject({
      name: folder,
      size: [32, 32],
      classes: 2,
      class_names: ['cats', 'dogs'],
      per_class: [3, 2],
    });
    expect(Number(result.train) + Number(result.test)).toBe(5);
    expect(result.skipped).toMatchObject([{ name: 'dogs/f.png' }]);
    const { stdout } = await runCommand(['dataset', folder, '--size', '32'], folder);
    expect(stdout).toContain('class 0 (cats): 3');
    expect(stdout).toContain('skipped: 1\n  dogs/f.png: ');
  });

  it('exports a split for NumPy, in the order of the data, with labels', async () => {
    const folder = temporaryFolder();
    await resultOf(['dataset', 'mnist', '--split', 'test', '--out', 'mnist.npz'], folder);
    const arrays = unzipSync(readFileSync(join(folder, 'mnist.npz')));
    const images = bytesIn(arrays['images.npy']);
    expect(images.shape).toEqual([10000, 32, 32, 1]);
    const labels = bytesIn(arrays['labels.npy']);
    expect(labels.shape).toEqual([10000]);
    expect([...labels.data.subarray(0, 5)]).toEqual([7, 2, 1, 0, 4]);
  });

  it('writes an image grid', async () => {
    const folder = await folderOfClasses();
    await resultOf(['dataset', folder, '--size', '32', '--out', 'sheet.png'], folder);
    const { width, height } = await sharp(join(folder, 'sheet.png')).metadata();
    expect([width, height].every((size) => size > 32)).toBe(true);
  });

  it('exports PNG files by class, in turn from each class up to a count', async () => {
    const folder = temporaryFolder();
    await resultOf(['dataset', 'mnist', '--count', '30', '--out', 'digits'], folder);
    const names = Array.from(
      { length: 30 },
      (_, index) => `${index % 10}/${String(Math.floor(index / 10)).padStart(6, '0')}.png`,
    );
    expect(Object.keys(contentsOf(join(folder, 'digits')))).toEqual(names.sort());
    const { width, height, channels } = await sharp(join(folder, 'digits', '7', '000000.png')).metadata();
    expect([width, height, channels]).toEqual([32, 32, 1]);
    // A digit in a file is the digit of the data set.
    await resultOf(['dataset', 'digits', '--out', 'digits.npz', '--count', '1000'], folder);
    await resultOf(['dataset', 'mnist', '--count', '30', '--out', 'mnist.npz'], folder);
    const [files, data] = ['digits.npz', 'mnist.npz'].map((name) => unzipSync(readFileSync(join(folder, name))));
    const images = (npy: Uint8Array | undefined) => {
      const { shape, data } = bytesIn(npy);
      return Array.from({ length: shape[0]! }, (_, index) =>
        Buffer.from(data.subarray(1024 * index, 1024 * (index + 1))).toString('hex'),
      );
    };
    const known = images(data!['images.npy']);
    expect(known).toHaveLength(30);
    const exported = images(files!['images.npy']);
    expect(exported.length).toBeGreaterThan(20);
    for (const image of exported) expect(known).toContain(image);
    await expectBadInput(['dataset', 'mnist', '--out', 'digits'], folder, '--out digits', 'not empty');
  });

  it('exports all images of a folder if the count is larger', async () => {
    const folder = await folderOfClasses();
    await resultOf(['dataset', folder, '--size', '32', '--count', '99', '--out', 'all'], folder);
    expect(Object.keys(contentsOf(join(folder, 'all'))).map((name) => name.split('/')[0])).toContain('cats');
  });

  const folder = sharedTemporaryFolder();
  const refusals: readonly Refusal[] = [
    ['data that does not exist', ['dataset', 'no/such'], ['data "no/such"']],
    ['a folder without images', ['dataset', '.'], ['no images']],
    ['another extension', ['dataset', 'mnist', '--out', 'x.jpg'], ['--out x.jpg', '.png or .webp file', '.npz file']],
    ['an unknown split', ['dataset', 'mnist', '--split', 'middle'], ['train, test']],
    ['captions without a file', ['dataset', 'mnist', '--captions'], ['--captions: requires --out']],
    ['a count without a file', ['dataset', 'mnist', '--count', '9'], ['--count: requires --out']],
    ['an invalid size', ['dataset', 'mnist', '--size', '33'], ['size 33']],
  ];
  it.each(refusals)('rejects %s', async (_, args, texts) => {
    await expectBadInput(args, folder, ...texts);
  });

  it('stops at the first corrupt image with --strict', async () => {
    const broken = await folderOfClasses();
    await expectBadInput(['dataset', broken, '--strict'], broken, 'dogs/f.png');
  });
});
