import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { unzipSync } from 'fflate';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { drawAcrossClasses, gatherImages } from '../../../src/data/source.js';
import { openSource } from '../../../src/data/open.node.js';
import { sharedTemporaryFolder } from '../../temporaryFolder.js';
import { expectBadInput, type Refusal, resultOf, runCommand } from '../runCommand.js';
import { bytesIn, contentsOf, makePicture, makeTinyRun } from '../tinyRun.js';

const cwd = sharedTemporaryFolder();
beforeAll(async () => {
  await makeTinyRun(join(cwd, 'run'));
  await makePicture(join(cwd, 'one.png'), 0, 255);
  await makePicture(join(cwd, 'two.webp'), 200, 40);
});
const reconstruct = (...args: readonly string[]) => resultOf(['reconstruct', 'run', '--threads', '1', ...args], cwd);

describe('agenet reconstruct', () => {
  it("writes test images of the run's data and their reconstructions, for NumPy", async () => {
    expect(await reconstruct('--count', '5', '--out', 'five.npz')).toMatchObject({ out: 'five.npz', count: 5 });
    const files = unzipSync(readFileSync(join(cwd, 'five.npz')));
    const [original, reconstruction] = [bytesIn(files['original.npy']), bytesIn(files['reconstruction.npy'])];
    expect([original.shape, reconstruction.shape]).toEqual([
      [5, 32, 32, 1],
      [5, 32, 32, 1],
    ]);
    const { test } = await openSource('mnist');
    expect(Array.from(original.data)).toEqual(Array.from(gatherImages(test, drawAcrossClasses(test, 5), 1024)));
    expect(Array.from(reconstruction.data)).not.toEqual(Array.from(original.data));
  });

  it('draws image files, each next to its reconstruction', async () => {
    expect(await reconstruct('one.png', 'two.webp', '--scale', '1', '--out', 'pairs.png')).toMatchObject({
      out: 'pairs.png',
      count: 2,
    });
    const sheet = sharp(join(cwd, 'pairs.png'));
    expect(await sheet.metadata()).toMatchObject({ format: 'png', width: 4 * 34 + 2, height: 34 + 2 });
    // The second original, which fades from light to dark inside the border of MNIST.
    const second = await sheet
      .extract({ left: 2 + 2 * 34, top: 2, width: 32, height: 32 })
      .toColourspace('b-w')
      .raw()
      .toBuffer();
    const row = second.subarray(16 * 32, 17 * 32);
    expect([row[1], row[30]]).toEqual([0, 0]);
    expect(row[2]).toBeGreaterThan(180);
    expect(row[29]).toBeLessThan(60);
  });

  it('accepts files, folders and data together, and skips corrupt files in a folder', async () => {
    await makePicture(join(cwd, 'folder', 'b.png'), 200, 200);
    await makePicture(join(cwd, 'folder', 'below', 'a.png'), 100, 100);
    writeFileSync(join(cwd, 'folder', 'damaged.png'), 'not an image');
    const { status, stderr } = await runCommand(
      ['reconstruct', 'run', 'one.png', 'folder', 'mnist', '--count', '2', '--out', 'all.npz', '--threads', '1'],
      cwd,
    );
    expect(status, stderr).toBe(0);
    expect(stderr).toMatch(/^(folder.damaged.png: skipped.*\n)?$/);
    const { shape, data } = bytesIn(unzipSync(readFileSync(join(cwd, 'all.npz')))['original.npy']);
    expect(shape).toEqual([5, 32, 32, 1]);
    const middle = 16 * 32 + 16;
    expect(new Set([data[1024 + middle], data[2048 + middle]])).toEqual(new Set([200, 100]));
    // A larger number selects all.
    expect(await reconstruct('folder', '--count', '3', '--out', 'x.npz')).toMatchObject({ count: 2 });
  });

  it('uses training images on request', async () => {
    await reconstruct('mnist', '--split', 'train', '--count', '1', '--out', 'train.npz');
    const { train } = await openSource('mnist');
    expect(Array.from(bytesIn(unzipSync(readFileSync(join(cwd, 'train.npz')))['original.npy']).data)).toEqual(
      Array.from(gatherImages(train, drawAcrossClasses(train, 1), 1024)),
    );
  });
});

const REFUSED: readonly Refusal[] = [
  ['a missing run', ['nothing'], ['nothing: run folder or checkpoint not found']],
  ['a missing image', ['run', 'one.png', 'three.png'], ['three.png: cannot read the image']],
  ['a file that is not an image', ['run', 'text.png'], ['text.png: cannot read the image']],
  ['a folder without images', ['run', 'empty'], ['empty: no images']],
  ['a truncated image', ['run', 'cut.png'], ['cut.png: cannot read the image']],
  ['unknown data', ['run', 'fashion'], ['fashion']],
  ['an unsupported extension', ['run', '--out', 'pairs'], ['--out pairs', '.png', '.npz']],
];

describe('agenet reconstruct rejects in one line, with status 2:', () => {
  let before: Record<string, string>;
  beforeAll(() => {
    mkdirSync(join(cwd, 'empty'));
    writeFileSync(join(cwd, 'text.png'), 'not an image');
    writeFileSync(join(cwd, 'cut.png'), readFileSync(join(cwd, 'one.png')).subarray(0, 60));
    before = contentsOf(cwd);
  });

  it.concurrent.each(REFUSED)('%s', async (_, args, texts) => {
    await expectBadInput(['reconstruct', ...args, '--threads', '1'], cwd, ...texts);
  });

  it('without changing anything', () => {
    expect(contentsOf(cwd)).toEqual(before);
  });
});
