import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { unzipSync } from 'fflate';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { decodeAttribute, encodeAttribute } from '../../../src/model/attribute.js';
import { writeImages } from '../../data/imageFiles.js';
import { sharedTemporaryFolder } from '../../temporaryFolder.js';
import { writeNoiseArchive } from '../labelledData.js';
import { expectBadInput, type Refusal, resultOf, runCommand } from '../runCommand.js';
import { bytesIn, contentsOf, makePicture, makeTinyRun } from '../tinyRun.js';

const cwd = sharedTemporaryFolder();
const cache = sharedTemporaryFolder();
let checkpoint: string;
beforeAll(async () => {
  vi.stubEnv('AGENET_CACHE', cache);
  checkpoint = await makeTinyRun(join(cwd, 'run'));
  writeNoiseArchive(join(cwd, 'noise.npz'), 40);
  writeNoiseArchive(join(cwd, 'plain.npz'), 10, { labelled: false });
  await writeImages(
    join(cwd, 'shades'),
    Object.fromEntries([0, 1, 2, 3, 4, 5].map((n) => [`${n < 3 ? 'dark' : 'bright'}/${n}.png`, 40 * n])),
  );
  await makePicture(join(cwd, 'one.png'), 0, 255);
});
const command = (name: string, ...args: readonly string[]) => resultOf([name, 'run', '--threads', '1', ...args], cwd);
const array = (file: string, name = 'arr_0') =>
  Array.from(bytesIn(unzipSync(readFileSync(join(cwd, file)))[`${name}.npy`]).data);

describe('agenet attribute', () => {
  it('saves the direction between two classes in the run folder, with its origin', async () => {
    const result = await command('attribute', 'npz:noise.npz', '--with', '2', '--without', '0');
    expect(result).toMatchObject({
      name: '2-not-0',
      data: 'npz:noise.npz',
      split: 'train',
      with: '2',
      without: '0',
      step: 3,
      ema: true,
    });
    const file = join(cwd, 'run', 'attributes', '2-not-0.safetensors');
    const { direction, origin } = decodeAttribute(readFileSync(file), file);
    expect(direction).toHaveLength(8);
    expect(Math.hypot(...direction)).toBeCloseTo(result.length as number, 5);
    expect(origin).toMatchObject({ with: '2', count_with: result.count_with, count_without: result.count_without });
  });

  it('finds the direction of a named class against the rest, for sample and reconstruct', async () => {
    expect(await command('attribute', 'shades', '--with', 'bright', '--name', 'light')).toMatchObject({
      name: 'light',
      without: 'rest',
    });
    const moved = await command('sample', '--count', '2', '--along', 'light', '--by', '-0.7', '--out', 'moved.npz');
    expect(moved).toEqual({
      out: 'moved.npz',
      count: 2,
      seed: 0,
      drawFrom: 'prior',
      refine: 1,
      along: 'light',
      by: -0.7,
    });
    await command('sample', '--count', '2', '--out', 'plain.out.npz');
    await command('sample', '--count', '2', '--along', 'light', '--by', '0', '--out', 'still.npz');
    expect(array('moved.npz')).not.toEqual(array('plain.out.npz'));
    expect(array('still.npz')).toEqual(array('plain.out.npz'));
    // A checkpoint in a run folder has its attributes.
    const pairs = await resultOf(
      ['reconstruct', checkpoint, 'one.png', '--along', 'light', '--out', 'pairs.npz', '--threads', '1'],
      cwd,
    );
    expect(pairs).toEqual({ out: 'pairs.npz', count: 1, along: 'light', by: 0.5 });
  });

  it('warns if the weights have changed since', async () => {
    await command('attribute', 'npz:noise.npz', '--with', '1', '--name', 'old');
    const file = join(cwd, 'run', 'attributes', 'old.safetensors');
    writeFileSync(
      file,
      Buffer.from(readFileSync(file).toString('latin1').replace('\\"step\\":3', '\\"step\\":1'), 'latin1'),
    );
    const { status, stderr } = await runCommand(
      ['sample', 'run', '--count', '1', '--along', 'old', '--out', 'old.npz', '--threads', '1'],
      cwd,
    );
    expect([status, stderr]).toEqual([
      0,
      expect.stringMatching(/^warning: attribute old was computed with the weights of iteration 1;[^\n]*\n$/),
    ]);
  });
});

const REFUSED: readonly Refusal[] = [
  ['data without labels', ['attribute', 'run', 'npz:plain.npz', '--with', '1'], ['npz:plain.npz', 'no labels']],
  [
    'a class that there is not',
    ['attribute', 'run', 'shades', '--with', 'brihgt'],
    ['--with brihgt', 'did you mean bright?', 'bright, dark, or by number 0 to 1'],
  ],
  [
    'a class without a name',
    ['attribute', 'run', 'npz:noise.npz', '--with', '1', '--without', '3'],
    ['--without 3', '0 to 2'],
  ],
  [
    'a class against itself',
    ['attribute', 'run', 'npz:noise.npz', '--with', '1', '--without', '1'],
    ['--without 1', '--with'],
  ],
  [
    'a name that is a path',
    ['attribute', 'run', 'npz:noise.npz', '--with', '1', '--name', '../up'],
    ['attribute name "../up"'],
  ],
  ['an unknown attribute', ['sample', 'run', '--along', 'ligt'], ['no attribute "ligt"', 'did you mean light?']],
  ['a distance without a direction', ['sample', 'run', '--by', '0.5'], ['--by 0.5', '--along']],
  [
    'an invalid distance',
    ['reconstruct', 'run', 'one.png', '--along', 'light', '--by', 'far'],
    ['--by', 'not a number'],
  ],
  [
    'an attribute of a different code size',
    ['sample', 'run', '--along', 'short'],
    ['--along short', '2 coordinates', '8'],
  ],
];

describe('agenet attribute and --along reject in one line, with status 2:', () => {
  let before: Record<string, string>;
  beforeAll(() => {
    mkdirSync(join(cwd, 'run', 'attributes'), { recursive: true });
    const origin = {
      data: '',
      split: 'train',
      with: '1',
      without: 'rest',
      count_with: 1,
      count_without: 1,
      step: 3,
      ema: true,
    };
    writeFileSync(
      join(cwd, 'run', 'attributes', 'short.safetensors'),
      encodeAttribute({ name: 'short', direction: Float32Array.of(1, 2), origin }),
    );
    before = contentsOf(cwd);
  });

  it.concurrent.each(REFUSED)('%s', async (_, args, texts) => {
    await expectBadInput([...args, '--threads', '1'], cwd, ...texts);
  });

  it('without changing anything', () => {
    expect(contentsOf(cwd)).toEqual(before);
  });
});
