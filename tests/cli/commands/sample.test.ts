import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { unzipSync } from 'fflate';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { normalizeRows } from '../../../src/age/prior.js';
import { fitDensity } from '../../../src/density/fitDensity.js';
import { randomStream } from '../../../src/random.js';
import { tinyConfiguration } from '../../training/tinyTraining.js';
import { sharedTemporaryFolder } from '../../temporaryFolder.js';
import { expectBadInput, type Refusal, resultOf, runCommand, startCommand } from '../runCommand.js';
import { bytesIn, contentsOf, makePicture, makeTinyRun } from '../tinyRun.js';

const cwd = sharedTemporaryFolder();
let checkpoint: string;
beforeAll(async () => {
  checkpoint = await makeTinyRun(join(cwd, 'run'));
});
const sample = (...args: readonly string[]) => resultOf(['sample', 'run', '--threads', '1', ...args], cwd);
const pixelsOf = (path: string) => sharp(path).toColourspace('b-w').raw().toBuffer();

describe('agenet sample', () => {
  it('draws an approximately square grid', async () => {
    const { status, stdout } = await runCommand(
      ['sample', 'run', '--count', '10', '--scale', '1', '--threads', '1', '--out', 'sheet.png'],
      cwd,
    );
    expect(status).toBe(0);
    expect(stdout).toContain('sheet.png');
    expect(await sharp(join(cwd, 'sheet.png')).metadata()).toMatchObject({
      format: 'png',
      width: 4 * 34 + 2,
      height: 3 * 34 + 2,
    });
  });

  it('draws from the density of the checkpoint, or from the prior if asked', async () => {
    const noise = randomStream(1, 'codes').fillNormal(new Float32Array(200 * 8));
    const codes = noise.map((value, at) => value + (at % 8 === 0 ? 9 : 0));
    const density = fitDensity({ codes: { data: normalizeRows(codes, 8), width: 8 } });
    await makeTinyRun(join(cwd, 'fitted'), tinyConfiguration(), 3, density);
    const draw = (...args: readonly string[]) =>
      resultOf(['sample', 'fitted', '--count', '4', '--threads', '1', ...args], cwd);
    expect(await draw('--out', 'density.png')).toMatchObject({ drawFrom: 'density', refine: 0 });
    expect(await draw('--draw-from', 'prior', '--out', 'prior.png')).toMatchObject({ drawFrom: 'prior', refine: 1 });
    await sample('--count', '4', '--out', 'four.png');
    expect(await pixelsOf(join(cwd, 'prior.png'))).toEqual(await pixelsOf(join(cwd, 'four.png')));
    expect(await pixelsOf(join(cwd, 'density.png'))).not.toEqual(await pixelsOf(join(cwd, 'four.png')));
    expect(await draw('--truncation', '0', '--out', 'typical.npz')).toMatchObject({ truncation: 0 });
    const { shape, data } = bytesIn(unzipSync(readFileSync(join(cwd, 'typical.npz')))['arr_0.npy']);
    expect(shape).toEqual([4, 32, 32, 1]);
    // Codes are the means of Gaussians, of which there are three.
    const images = [0, 1, 2, 3].map((index) => String(data.subarray(index * 1024, (index + 1) * 1024)));
    expect(new Set(images).size).toBeLessThan(4);
  });

  it('writes the same grid as WebP', async () => {
    await sample('--count', '4', '--out', 'grid.png');
    await sample('--count', '4', '--out', 'grid.webp');
    expect(await sharp(join(cwd, 'grid.webp')).metadata()).toMatchObject({ format: 'webp' });
    expect(await pixelsOf(join(cwd, 'grid.webp'))).toEqual(await pixelsOf(join(cwd, 'grid.png')));
  });

  it('writes a seeded array for NumPy, and JSON', async () => {
    expect(await sample('--count', '3', '--seed', '5', '--out', 'five.npz')).toEqual({
      out: 'five.npz',
      count: 3,
      seed: 5,
      drawFrom: 'prior',
      refine: 1,
    });
    const { shape, data } = bytesIn(unzipSync(readFileSync(join(cwd, 'five.npz')))['arr_0.npy']);
    expect(shape).toEqual([3, 32, 32, 1]);
    expect(new Set(data).size).toBeGreaterThan(1);
    await sample('--count', '3', '--seed', '5', '--out', 'again.npz');
    await sample('--count', '3', '--seed', '6', '--out', 'six.npz');
    const arrays = ['five', 'again', 'six'].map((name) =>
      Buffer.from(unzipSync(readFileSync(join(cwd, `${name}.npz`)))['arr_0.npy']!).toString('base64'),
    );
    expect(arrays[1]).toBe(arrays[0]);
    expect(arrays[2]).not.toBe(arrays[0]);
  });

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    'leaves no partial array on %s, and keeps the earlier one',
    async (signal) => {
      const folder = join(cwd, signal);
      mkdirSync(folder);
      const file = join(folder, 'large.npz');
      writeFileSync(file, 'PK before');
      const { child, finished } = startCommand(
        ['sample', 'run', '--count', '1000000', '--threads', '1', '--out', file],
        cwd,
      );
      await expect.poll(() => readdirSync(folder).length, { timeout: 30_000 }).toBe(2);
      child.kill(signal);
      expect(await finished).toMatchObject({
        status: 130,
        stdout: '',
        stderr: expect.stringContaining('interrupted') as string,
      });
      expect([readdirSync(folder), readFileSync(file, 'utf8')]).toEqual([['large.npz'], 'PK before']);
    },
  );

  it('writes a folder of the same images', async () => {
    expect(await sample('--count', '3', '--seed', '5', '--out', 'pictures')).toEqual({
      out: 'pictures',
      count: 3,
      seed: 5,
      drawFrom: 'prior',
      refine: 1,
    });
    expect(readdirSync(join(cwd, 'pictures')).sort()).toEqual(['000000.png', '000001.png', '000002.png']);
    await sample('--count', '3', '--seed', '5', '--out', 'array.npz');
    const { data } = bytesIn(unzipSync(readFileSync(join(cwd, 'array.npz')))['arr_0.npy']);
    expect(Array.from(await pixelsOf(join(cwd, 'pictures', '000002.png')))).toEqual(Array.from(data.subarray(2048)));
  });

  it('draws 64 samples as samples.png by default', async () => {
    expect(await resultOf(['sample', checkpoint, '--threads', '1'], cwd)).toEqual({
      out: 'samples.png',
      count: 64,
      seed: 0,
      drawFrom: 'prior',
      refine: 1,
    });
    expect(await sharp(join(cwd, 'samples.png')).metadata()).toMatchObject({
      width: 3 * (8 * 34 + 2),
      height: 3 * (8 * 34 + 2),
    });
  });

  it('writes the seeds below samples with --captions', async () => {
    const at = async (out: string, ...more: readonly string[]) => {
      await sample('--seeds', '7-8', '--scale', '1', '--out', out, ...more);
      return sharp(join(cwd, out)).toColourspace('b-w').raw().toBuffer({ resolveWithObject: true });
    };
    const [plain, captioned] = [await at('plain.png'), await at('captions.png', '--captions')];
    expect(captioned.info.height).toBe(plain.info.height + 11);
    const width = 2 * 34 + 2;
    expect(captioned.data.subarray(0, 34 * width).equals(plain.data.subarray(0, 34 * width))).toBe(true);
    const below = captioned.data.subarray(34 * width, 45 * width);
    expect(new Set(below)).toEqual(new Set([96, 255]));
  });

  it('reports with --show where the image is if it cannot be displayed', async () => {
    const { status, stdout, stderr } = await runCommand(
      ['sample', 'run', '--count', '1', '--show', '--out', 'shown.png', '--threads', '1'],
      cwd,
    );
    expect([status, stdout, stderr]).toEqual([
      0,
      'Wrote 1 samples of seed 0 to shown.png\n',
      '--show: standard error is not a terminal; open shown.png\n',
    ]);
  });

  it('draws the first image of each seed in a range', async () => {
    expect(await sample('--seeds', '4-6', '--out', 'range.npz')).toEqual({
      out: 'range.npz',
      count: 3,
      seed: 4,
      seeds: [4, 6],
      drawFrom: 'prior',
      refine: 1,
    });
    await sample('--count', '2', '--seed', '5', '--out', 'second.npz');
    const [range, second] = ['range', 'second'].map(
      (name) => bytesIn(unzipSync(readFileSync(join(cwd, `${name}.npz`)))['arr_0.npy']).data,
    );
    expect(Array.from(range!.subarray(1024, 2048))).toEqual(Array.from(second!.subarray(0, 1024)));
  });

  it('draws samples around an image, closer to its reconstruction with a smaller spread', async () => {
    await makePicture(join(cwd, 'like.png'), 0, 255);
    await resultOf(['reconstruct', 'run', 'like.png', '--out', 'like.npz', '--threads', '1'], cwd);
    const target = bytesIn(unzipSync(readFileSync(join(cwd, 'like.npz')))['reconstruction.npy']).data;
    const around = ['--like', 'like.png', '--count', '4', '--refine', '0'];
    const distances: number[] = [];
    for (const spread of ['0.001', '0.8']) {
      const result = await sample(...around, '--spread', spread, '--out', 'around.npz');
      expect(result).toEqual({
        out: 'around.npz',
        count: 4,
        seed: 0,
        refine: 0,
        like: 'like.png',
        spread: Number(spread),
      });
      const { data } = bytesIn(unzipSync(readFileSync(join(cwd, 'around.npz')))['arr_0.npy']);
      distances.push(
        data.reduce((sum, value, index) => sum + Math.abs(value - target[index % 1024]!), 0) / data.length,
      );
    }
    expect(distances[0]).toBeLessThan(2);
    expect(distances[1]).toBeGreaterThan(2 * distances[0]!);
  });

  it('scales codes by a temperature under the normal prior only', async () => {
    await makeTinyRun(join(cwd, 'normal'), tinyConfiguration({ prior: 'normal' }));
    const args = ['sample', 'normal', '--count', '1', '--threads', '1', '--out'];
    await resultOf([...args, 'hot.npz'], cwd);
    await resultOf([...args, 'cold.npz', '--temperature', '0.5'], cwd);
    const [hot, cold] = ['hot', 'cold'].map((name) =>
      Array.from(bytesIn(unzipSync(readFileSync(join(cwd, `${name}.npz`)))['arr_0.npy']).data),
    );
    expect(cold).not.toEqual(hot);
  });
});

const REFUSED: readonly Refusal[] = [
  ['a missing run', ['nothing', '--out', 'mine.png'], ['nothing: run folder or checkpoint not found']],
  ['a folder that is not a run', ['full', '--out', 'mine.png'], ['full: not a run folder']],
  ['a run without a checkpoint', ['young', '--out', 'mine.png'], ['young: the run has no checkpoint yet']],
  ['a truncated checkpoint', ['cut', '--out', 'mine.png'], ['000003.safetensors', 'cut short']],
  ['a file of another format', ['mine.png', '--out', 'mine.png'], ['mine.png: not a usable safetensors file']],
  [
    'another kind of safetensors file',
    ['foreign.safetensors', '--out', 'mine.png'],
    ['foreign.safetensors: not an agenet checkpoint'],
  ],
  ['an unsupported extension', ['run', '--out', 'samples.jpg'], ['--out samples.jpg', '.png']],
  ['a folder that is not empty', ['run', '--out', 'full'], ['--out full', 'not empty']],
  ['a folder as output file', ['run', '--out', 'folder.png'], ['folder.png: exists and is not a file']],
  ['a file below a file', ['run', '--out', 'mine.png/sheet.png'], ['mine.png/sheet.png: cannot be written']],
  ['a folder below a file', ['run', '--out', 'mine.png/pictures'], ['--out mine.png/pictures']],
  ['no name', ['run', '--out', ''], ['--out']],
  ['a truncation without a density', ['run', '--truncation', '0.7'], ['truncation 0.7', 'requires a density']],
  [
    'a temperature on a sphere',
    ['run', '--temperature', '0.7'],
    ['temperature 0.7', 'codes on the sphere have length 1'],
  ],
  ['a density that the weights lack', ['run', '--draw-from', 'density'], ['--draw-from density', '--resume']],
  ['a source and an image', ['run', '--like', 'picture.png', '--draw-from', 'prior'], ['--draw-from', '--like']],
  ['noise in no pass', ['run', '--refine', '0', '--refine-noise', '0.2'], ['--refine-noise 0.2', '--refine 0']],
  ['noise beyond a right angle', ['run', '--refine-noise', '1.2'], ['--refine-noise', 'from 0 to 1']],
  ['a negative number of passes', ['run', '--refine', '-1'], ['--refine', 'from 0 to 100']],
  ['a descending seed range', ['run', '--seeds', '6-4'], ['--seeds', 'such as 0-63']],
  ['a seed range and a count', ['run', '--seeds', '4-6', '--count', '3'], ['--seeds', '--count']],
  ['a spread without an image', ['run', '--spread', '0.3'], ['--spread', '--like']],
  ['a spread above 1', ['run', '--like', 'picture.png', '--spread', '1.5'], ['spread', '1.5', 'at most 1']],
];

describe('agenet sample rejects in one line, with status 2:', () => {
  let before: Record<string, string>;
  beforeAll(async () => {
    writeFileSync(join(cwd, 'mine.png'), '\x89PNG mine', 'latin1');
    await makePicture(join(cwd, 'picture.png'), 0, 255);
    mkdirSync(join(cwd, 'full'));
    writeFileSync(join(cwd, 'full', 'mine'), 'mine');
    mkdirSync(join(cwd, 'folder.png'));
    await makeTinyRun(join(cwd, 'cut'));
    writeFileSync(join(cwd, 'cut', 'checkpoints', '000003.safetensors'), readFileSync(checkpoint).subarray(0, 20_000));
    writeFileSync(
      join(cwd, 'foreign.safetensors'),
      readFileSync(new URL('../../golden/dcgan32-gray.safetensors', import.meta.url)),
    );
    mkdirSync(join(cwd, 'young', 'checkpoints'), { recursive: true });
    writeFileSync(join(cwd, 'young', 'config.json'), '{}');
    before = contentsOf(cwd);
  });

  it.concurrent.each(REFUSED)('%s', async (_, args, texts) => {
    await expectBadInput(['sample', ...args, '--threads', '1'], cwd, ...texts);
  });

  it('without changing anything', () => {
    expect(contentsOf(cwd)).toEqual(before);
  });
});
