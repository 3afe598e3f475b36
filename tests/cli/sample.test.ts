import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { unzipSync } from 'fflate';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { sharedTemporaryFolder } from '../temporaryFolder.js';
import { expectBadInput, type Refusal, resultOf, runCommand } from './runCommand.js';
import { bytesIn, contentsOf, makeTinyRun } from './tinyRun.js';

const cwd = sharedTemporaryFolder();
let checkpoint: string;
beforeAll(async () => {
  checkpoint = await makeTinyRun(join(cwd, 'run'));
});
const sample = (...args: readonly string[]) => resultOf(['sample', 'run', '--threads', '1', ...args], cwd);
const pixelsOf = (path: string) => sharp(path).toColourspace('b-w').raw().toBuffer();

describe('agenet sample', () => {
  it('draws a sheet, about as wide as high', async () => {
    const { status, stdout } = await runCommand(['sample', 'run', '--count', '10', '--threads', '1', '--out', 'sheet.png'], cwd);
    expect(status).toBe(0);
    expect(stdout).toContain('sheet.png');
    expect(await sharp(join(cwd, 'sheet.png')).metadata()).toMatchObject({ format: 'png', width: 4 * 34 + 2, height: 3 * 34 + 2 });
  });

  it('writes an array for NumPy that follows from the seed, and JSON', async () => {
    expect(await sample('--count', '3', '--seed', '5', '--out', 'five.npz')).toEqual({ out: 'five.npz', count: 3, seed: 5 });
    const { shape, data } = bytesIn(unzipSync(readFileSync(join(cwd, 'five.npz')))['arr_0.npy']);
    expect(shape).toEqual([3, 32, 32, 1]);
    expect(new Set(data).size).toBeGreaterThan(1);
    await sample('--count', '3', '--seed', '5', '--out', 'again.npz');
    await sample('--count', '3', '--seed', '6', '--out', 'six.npz');
    const arrays = ['five', 'again', 'six'].map((name) => Buffer.from(unzipSync(readFileSync(join(cwd, `${name}.npz`)))['arr_0.npy']!).toString('base64'));
    expect(arrays[1]).toBe(arrays[0]);
    expect(arrays[2]).not.toBe(arrays[0]);
  });

  it('writes a folder of the same pictures', async () => {
    expect(await sample('--count', '3', '--seed', '5', '--out', 'pictures')).toEqual({ out: 'pictures', count: 3, seed: 5 });
    expect(readdirSync(join(cwd, 'pictures')).sort()).toEqual(['000000.png', '000001.png', '000002.png']);
    await sample('--count', '3', '--seed', '5', '--out', 'array.npz');
    const { data } = bytesIn(unzipSync(readFileSync(join(cwd, 'array.npz')))['arr_0.npy']);
    expect(Array.from(await pixelsOf(join(cwd, 'pictures', '000002.png')))).toEqual(Array.from(data.subarray(2048)));
  });

  it('draws 64 as samples.png from a checkpoint, if nothing else is said', async () => {
    expect(await resultOf(['sample', checkpoint, '--threads', '1'], cwd)).toEqual({ out: 'samples.png', count: 64, seed: 0 });
    expect(await sharp(join(cwd, 'samples.png')).metadata()).toMatchObject({ width: 8 * 34 + 2, height: 8 * 34 + 2 });
  });
});

const REFUSED: readonly Refusal[] = [
  ['a run that is not there', ['nothing', '--out', 'mine.png'], ['nothing: there is no such run folder']],
  ['a folder that is no run', ['full', '--out', 'mine.png'], ['full: not a run folder']],
  ['a run without a checkpoint', ['young', '--out', 'mine.png'], ['young: the run has no checkpoint yet']],
  ['a checkpoint that is cut short', ['cut', '--out', 'mine.png'], ['000003.safetensors', 'cut short']],
  ['a file of something else', ['mine.png', '--out', 'mine.png'], ['mine.png: not a usable safetensors file']],
  ['a safetensors file of something else', ['foreign.safetensors', '--out', 'mine.png'], ['foreign.safetensors: not a checkpoint of this program']],
  ['an ending that it does not write', ['run', '--out', 'samples.jpg'], ['--out samples.jpg', '.png']],
  ['a folder that is not empty', ['run', '--out', 'full'], ['--out full', 'not empty']],
  ['a folder in the place of the file', ['run', '--out', 'folder.png'], ['folder.png: cannot be written']],
  ['a file in a folder that is not there', ['run', '--out', 'missing/sheet.png'], ['missing/sheet.png: cannot be written', 'does not exist']],
  ['a file below a file', ['run', '--out', 'mine.png/sheet.png'], ['mine.png/sheet.png: cannot be written']],
  ['a folder below a file', ['run', '--out', 'mine.png/pictures'], ['--out mine.png/pictures']],
  ['no name', ['run', '--out', ''], ['--out']],
];

describe('agenet sample refuses in one line, with status 2:', () => {
  let before: Record<string, string>;
  beforeAll(async () => {
    writeFileSync(join(cwd, 'mine.png'), 'mine');
    mkdirSync(join(cwd, 'full'));
    writeFileSync(join(cwd, 'full', 'mine'), 'mine');
    mkdirSync(join(cwd, 'folder.png'));
    await makeTinyRun(join(cwd, 'cut'));
    writeFileSync(join(cwd, 'cut', 'checkpoints', '000003.safetensors'), readFileSync(checkpoint).subarray(0, 20_000));
    writeFileSync(join(cwd, 'foreign.safetensors'), readFileSync(new URL('../golden/dcgan32-gray.safetensors', import.meta.url)));
    mkdirSync(join(cwd, 'young', 'checkpoints'), { recursive: true });
    writeFileSync(join(cwd, 'young', 'config.json'), '{}');
    before = contentsOf(cwd);
  });

  it.concurrent.each(REFUSED)('%s', async (_, args, texts) => {
    await expectBadInput(['sample', ...args, '--threads', '1'], cwd, ...texts);
  });

  it('and leaves everything as it is', () => {
    expect(contentsOf(cwd)).toEqual(before);
  });
});
