import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { unzipSync } from 'fflate';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { tinyConfiguration } from '../../training/tinyTraining.js';
import { sharedTemporaryFolder } from '../../temporaryFolder.js';
import { expectBadInput, type Refusal, resultOf } from '../runCommand.js';
import { bytesIn, contentsOf, makePicture, makeTinyRun } from '../tinyRun.js';

const cwd = sharedTemporaryFolder();
beforeAll(async () => {
  await makeTinyRun(join(cwd, 'run'));
  await makePicture(join(cwd, 'one.png'), 0, 255);
  await makePicture(join(cwd, 'two.png'), 200, 40);
  await makePicture(join(cwd, 'four.png'), 90, 90);
  await makeTinyRun(join(cwd, 'normal'), tinyConfiguration({ prior: 'normal' }));
});
const interpolate = (...args: readonly string[]) => resultOf(['interpolate', 'run', '--threads', '1', ...args], cwd);
const npz = (file: string, name: string) => bytesIn(unzipSync(readFileSync(join(cwd, file)))[`${name}.npy`]);

describe('agenet interpolate', () => {
  it('draws rows between random points', async () => {
    expect(
      await interpolate('--rows', '2', '--frames', '5', '--seed', '3', '--scale', '1', '--out', 'rows.png'),
    ).toMatchObject({
      out: 'rows.png',
      count: 10,
      seed: 3,
      frames: 5,
    });
    expect(await sharp(join(cwd, 'rows.png')).metadata()).toMatchObject({ width: 5 * 34 + 2, height: 2 * 34 + 2 });
  });

  it('starts and ends with the reconstructions of two images', async () => {
    expect(await interpolate('one.png', 'two.png', '--frames', '4', '--out', 'walk.npz')).toMatchObject({ count: 4 });
    await resultOf(['reconstruct', 'run', 'one.png', 'two.png', '--out', 'ends.npz', '--threads', '1'], cwd);
    const [walk, ends] = [npz('walk.npz', 'arr_0'), npz('ends.npz', 'reconstruction')];
    expect(walk.shape).toEqual([4, 32, 32, 1]);
    expect(Array.from(walk.data.subarray(0, 1024))).toEqual(Array.from(ends.data.subarray(0, 1024)));
    expect(Array.from(walk.data.subarray(3 * 1024))).toEqual(Array.from(ends.data.subarray(1024)));
  });

  it.each(['gif', 'webp'])('writes an animation as %s, forward and backward', async (format) => {
    await interpolate('--rows', '3', '--frames', '4', '--fps', '20', '--scale', '1', '--out', `film.${format}`);
    const metadata = await sharp(join(cwd, `film.${format}`), { animated: true }).metadata();
    expect(metadata).toMatchObject({
      format,
      width: 2 * 34 + 2,
      pageHeight: 2 * 34 + 2,
      loop: 0,
      pages: 6,
      delay: new Array(6).fill(50),
    });
  });

  it('visits several images and returns to the first, which appears once', async () => {
    expect(
      await interpolate('one.png', 'two.png', 'four.png', '--loop', '--frames', '4', '--out', 'loop.npz'),
    ).toMatchObject({ count: 9, closed: true });
    await resultOf(
      ['reconstruct', 'run', 'one.png', 'two.png', 'four.png', '--out', 'points.npz', '--threads', '1'],
      cwd,
    );
    const [loop, points] = [npz('loop.npz', 'arr_0'), npz('points.npz', 'reconstruction')];
    for (const [place, image] of [0, 3, 6].entries()) {
      expect(Array.from(loop.data.subarray(image * 1024, (image + 1) * 1024))).toEqual(
        Array.from(points.data.subarray(place * 1024, (place + 1) * 1024)),
      );
    }
  });

  it('follows great circles, as an animation that does not run backward', async () => {
    const result = await interpolate('--circle', '--rows', '2', '--frames', '12', '--out', 'circle.gif');
    expect(result).toMatchObject({ count: 24, rows: 2, frames: 12, closed: true });
    expect((await sharp(join(cwd, 'circle.gif'), { animated: true }).metadata()).pages).toBe(12);
  });

  it('draws each segment of a single loop in one row', async () => {
    expect(
      await interpolate(
        '--rows',
        '1',
        '--points',
        '3',
        '--loop',
        '--frames',
        '5',
        '--scale',
        '2',
        '--out',
        'lines.png',
      ),
    ).toMatchObject({ count: 12 });
    expect(await sharp(join(cwd, 'lines.png')).metadata()).toMatchObject({
      width: 2 * (4 * 34 + 2),
      height: 2 * (3 * 34 + 2),
    });
  });
});

const REFUSED: readonly Refusal[] = [
  ['a single endpoint', ['run', 'one.png'], ['one.png', 'second image']],
  ['a missing image', ['run', 'one.png', 'three.png'], ['three.png: cannot read the image']],
  ['a circle through three', ['run', 'one.png', 'two.png', 'four.png', '--circle'], ['--circle', 'got 3', '--loop']],
  ['a circle through the same image twice', ['run', 'one.png', 'one.png', '--circle'], ['equal or opposite']],
  ['a circle without the sphere prior', ['normal', '--circle'], ['--circle', 'requires the prior sphere', '--loop']],
  ['one frame', ['run', '--frames', '1'], ['--frames', 'from 2 to 1000']],
  ['no rows', ['run', '--rows', '0'], ['--rows', 'from 1 to 100']],
  ['a frame rate for a grid', ['run', '--fps', '5'], ['--fps: has no effect on a .png or .webp file']],
  ['a scale for an archive', ['run', '--scale', '5', '--out', 'a.npz'], ['--scale: has no effect on an .npz file']],
  ['an animation to show', ['run', '--show', '--out', 'a.gif'], ['--show: has no effect on a .gif']],
  ['too many frames per second', ['run', '--fps', '51', '--out', 'a.gif'], ['--fps', 'from 0.1 to 50']],
  ['a missing run', ['nothing'], ['nothing: run folder or checkpoint not found']],
  ['an unsupported extension', ['run', '--out', 'film.avi'], ['--out film.avi', '.gif, .webp or .mp4']],
];

describe('agenet interpolate rejects in one line, with status 2:', () => {
  let before: Record<string, string>;
  beforeAll(() => {
    before = contentsOf(cwd);
  });

  it.concurrent.each(REFUSED)('%s', async (_, args, texts) => {
    await expectBadInput(['interpolate', ...args, '--threads', '1'], cwd, ...texts);
  });

  it('without changing anything', () => {
    expect(contentsOf(cwd)).toEqual(before);
  });
});
