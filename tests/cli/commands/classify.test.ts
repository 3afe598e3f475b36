import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { npzArchive } from '../../npzArchive.js';
import { writeImages } from '../../data/imageFiles.js';
import { sharedTemporaryFolder } from '../../temporaryFolder.js';
import { tinyConfiguration } from '../../training/tinyTraining.js';
import { writeNoiseArchive } from '../labelledData.js';
import { expectBadInput, type Refusal, resultOf, runCommand } from '../runCommand.js';
import { contentsOf, makeTinyRun } from '../tinyRun.js';

const cwd = sharedTemporaryFolder();
const cache = sharedTemporaryFolder();
beforeAll(async () => {
  vi.stubEnv('AGENET_CACHE', cache);
  await makeTinyRun(join(cwd, 'run'));
  await makeTinyRun(join(cwd, 'bare'));
  await makeTinyRun(join(cwd, 'plain'), tinyConfiguration({ data: `npz:${join(cwd, 'plain.npz')}` }));
  writeNoiseArchive(join(cwd, 'noise.npz'), 60);
  writeNoiseArchive(join(cwd, 'plain.npz'), 10, { labelled: false });
  await writeImages(
    join(cwd, 'shades'),
    Object.fromEntries(
      Array.from({ length: 40 }, (_, n) => [`${n < 20 ? 'dark' : 'light'}/${n}.png`, n < 20 ? n : 200 + n]),
    ),
  );
  const images = { shape: [20, 32, 32, 1], data: new Uint8Array(20 * 1024) };
  writeFileSync(join(cwd, 'alike.npz'), npzArchive({ images, labels: { shape: [20], data: new Uint8Array(20) } }));
  await writeImages(join(cwd, 'photos'), { 'black.png': 3, 'white.png': 250 });
  writeFileSync(join(cwd, 'photos', 'torn.png'), 'no image');
  mkdirSync(join(cwd, 'torn'));
  copyFileSync(join(cwd, 'photos', 'torn.png'), join(cwd, 'torn', 'torn.png'));
});
const command = (name: string, ...args: readonly string[]) => resultOf([name, 'run', '--threads', '1', ...args], cwd);

describe('agenet probe', () => {
  it('reports accuracies from few labels, and saves nothing by default', async () => {
    const { results, protocol } = await command(
      'probe',
      'shades',
      '--labels',
      '2,4',
      '--methods',
      'pixels,codes',
      '--trials',
      '2',
    );
    const each = results as { labels: number; method: string; accuracy: number; std: number }[];
    expect(each.map(({ labels, method }) => `${labels} ${method}`)).toEqual([
      '2 pixels',
      '4 pixels',
      '2 codes',
      '4 codes',
    ]);
    expect(each[1]).toEqual({
      labels: 4,
      method: 'pixels',
      accuracy: 1,
      std: 0,
      expected_calibration_error: expect.any(Number) as number,
      calibrated: true,
    });
    expect(protocol).toMatchObject({ data: 'shades', trials: 2, seed: 0, classes: 2 });
    expect(existsSync(join(cwd, 'run', 'probes'))).toBe(false);
  });
});

interface Classified {
  images: { file: string; class: string; label: number; probability: number }[];
  skipped: { file: string; reason: string }[];
}

describe('agenet classify', () => {
  it('predicts the classes of images with a saved probe, and names files that it cannot read', async () => {
    const { saved, results } = await command(
      'probe',
      'shades',
      '--labels',
      'all',
      '--methods',
      'pixels',
      '--save',
      'shade',
    );
    expect(saved).toMatchObject({
      name: 'shade',
      data: 'shades',
      step: 3,
      ema: true,
      test_accuracy: 1,
      class_names: ['dark', 'light'],
    });
    expect(results).toMatchObject([{ method: 'pixels', accuracy: 1 }]);
    const result = await command('classify', 'photos', join('photos', 'white.png'));
    expect(result).toMatchObject({ run: 'run', probe: 'shade', method: 'pixels', test_accuracy: 1 });
    const { images, skipped } = result as unknown as Classified;
    const [black, white] = [join('photos', 'black.png'), join('photos', 'white.png')];
    expect(images.map((image) => [image.file, image.label, image.class])).toEqual([
      [black, 0, 'dark'],
      [white, 1, 'light'],
      [white, 1, 'light'],
    ]);
    for (const { probability } of images) expect(probability).toBeGreaterThan(0.9);
    expect(skipped).toEqual([{ file: join('photos', 'torn.png'), reason: expect.stringContaining('PNG') as string }]);

    const { status, stdout, stderr } = await runCommand(['classify', 'run', 'photos', '--threads', '1'], cwd);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^photos.black\.png {2}dark {2}\d\.\d{3}\nphotos.white\.png {2}light {2}\d\.\d{3}\n$/);
    expect(stderr).toMatch(/^photos.torn\.png: skipped, cannot read the image \([^\n]+\)\n$/);
  });

  it('selects a probe by name', async () => {
    const { saved } = await command('probe', 'npz:noise.npz', '--labels', '6', '--trials', '1', '--save', 'noise');
    expect(saved).toMatchObject({ name: 'noise', labels: 6, class_names: ['0', '1', '2'] });
    expect(await command('classify', 'photos', '--probe', 'noise')).toMatchObject({
      probe: 'noise',
      method: 'codes',
      labels: 6,
    });
    await expectBadInput(['classify', 'run', 'photos'], cwd, 'several probes', 'noise, shade');
  });
});

const REFUSED: readonly Refusal[] = [
  ['data without labels', ['probe', 'run', 'npz:plain.npz', '--labels', '6'], ['npz:plain.npz', 'no labels']],
  ['data of one class', ['probe', 'run', 'npz:alike.npz', '--labels', 'all'], ['class', 'needs at least 2']],
  [
    'more labels than available',
    ['probe', 'run', 'npz:noise.npz', '--labels', '600'],
    ['--labels 600', 'labeled training images'],
  ],
  ['labels that are not a number', ['probe', 'run', 'npz:noise.npz', '--labels', '6,few'], ['"few"', 'all']],
  [
    'a label count that is not a multiple of the classes',
    ['probe', 'run', 'npz:noise.npz', '--labels', '7'],
    ['7', 'multiple of 3'],
  ],
  [
    'an unknown method',
    ['probe', 'run', 'npz:noise.npz', '--labels', '6', '--methods', 'code'],
    ['"code"', 'did you mean codes?'],
  ],
  [
    'two label counts to save',
    ['probe', 'run', 'npz:noise.npz', '--labels', '6,9', '--save', 'x'],
    ['--save x', 'names 2 numbers'],
  ],
  [
    'two methods to save',
    ['probe', 'run', 'npz:noise.npz', '--labels', '6', '--methods', 'codes,knn', '--save', 'x'],
    ['--save x', '2 methods'],
  ],
  [
    'a name that is a path',
    ['probe', 'run', 'npz:noise.npz', '--labels', '6', '--save', '../x'],
    ['probe name "../x"'],
  ],
  ['no images', ['classify', 'run'], ['images']],
  [
    'an unknown probe',
    ['classify', 'run', 'photos', '--probe', 'shape'],
    ['no probe "shape"', 'did you mean shade?', 'noise, shade'],
  ],
  [
    'a run without probes',
    ['classify', 'bare', 'photos'],
    ['bare: no probe in this run; create one with: agenet probe bare --labels 1000 --save NAME'],
  ],
  [
    'a run of data without labels',
    ['classify', 'plain', 'photos'],
    ['no labels', 'agenet probe plain LABELED_DATA --labels all --save NAME'],
  ],
  ['a missing image', ['classify', 'run', 'none.png', '--probe', 'shade'], ['none.png', 'no such file']],
  [
    'images that are all unreadable',
    ['classify', 'run', 'torn', '--probe', 'shade'],
    [join('torn', 'torn.png'), 'cannot read'],
  ],
  [
    'weights that a probe was not fitted on',
    ['classify', 'later', 'photos'],
    ['probe shade', 'iteration 3', 'later has those of iteration 9', 'agenet probe --save'],
  ],
];

describe('agenet probe and classify reject in one line, with status 2:', () => {
  let before: Record<string, string>;
  beforeAll(async () => {
    await makeTinyRun(join(cwd, 'later'), tinyConfiguration({ seed: 5 }), 9);
    mkdirSync(join(cwd, 'later', 'probes'));
    copyFileSync(join(cwd, 'run', 'probes', 'shade.safetensors'), join(cwd, 'later', 'probes', 'shade.safetensors'));
    before = contentsOf(cwd);
  });

  it.concurrent.each(REFUSED)('%s', async (_, args, texts) => {
    await expectBadInput([...args, '--threads', '1'], cwd, ...texts);
  });

  it('without changing anything', () => {
    expect(contentsOf(cwd)).toEqual(before);
  });
});
