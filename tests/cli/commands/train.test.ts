import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { npzArchive } from '../../npzArchive.js';
import { train } from '../../../src/node.js';
import sharp from 'sharp';
import { grayscalePng, writeImages } from '../../data/imageFiles.js';
import { temporaryFolder } from '../../temporaryFolder.js';
import { writeNoiseArchive } from '../labelledData.js';
import { expectBadInput, jsonOf, resultOf, runCommand, startCommand } from '../runCommand.js';
import { contentsOf, makeTinyRun, SMALL_PLANS, TINY_TRAINING } from '../tinyRun.js';

const TINY = ['--ema', '0', '--no-lowering', ...TINY_TRAINING];
/** `SMALL_PLANS` as settings of the library and of files. */
const PLANS = { encoderUpdates: SMALL_PLANS[1]!, generatorUpdates: SMALL_PLANS[3]! };

const colored = (width: number, height: number) => ({
  create: { width, height, channels: 3 as const, background: { r: 200, g: 90, b: 40 } },
});

const stepsIn = (run: string): number[] =>
  readFileSync(join(run, 'log.jsonl'), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => (JSON.parse(line) as { step: number }).step);

describe('agenet train', () => {
  it('trains into the next free run folder and reports a summary as JSON', async () => {
    const cwd = temporaryFolder();
    mkdirSync(join(cwd, 'runs', 'mnist-1'), { recursive: true });
    const result = await resultOf(
      ['train', 'mnist', '--steps', '2', '--seed', '7', '--schedule', 'halving', '--halve-every', '3', ...TINY],
      cwd,
    );
    expect(result).toMatchObject({ run: join('runs', 'mnist-2'), steps: 2 });
    expect(result.seconds).toBeGreaterThan(0);
    expect(result.test).toEqual({
      reconstruction_l1: expect.any(Number) as number,
      reconstruction_mse: expect.any(Number) as number,
      latent_cosine: expect.any(Number) as number,
    });
    for (const score of Object.values(result.test as Record<string, number>)) expect(Math.abs(score)).toBeLessThan(4);

    const run = join(cwd, 'runs', 'mnist-2');
    const files = [
      'checkpoints/000002.safetensors',
      'codes/000002.npy',
      'config.json',
      'data.json',
      'journal.jsonl',
      'log.jsonl',
      'reconstructions/000002.png',
      'samples/000002.png',
    ];
    expect(Object.keys(contentsOf(run))).toEqual(files.map((file) => join(...file.split('/'))));
    expect(stepsIn(run)).toEqual([1, 2]);
    expect(JSON.parse(readFileSync(join(run, 'config.json'), 'utf8'))).toMatchObject({
      data: 'mnist',
      width: 4,
      latent: 8,
      batch: 4,
      seed: 7,
      halveEvery: 3,
      length: { steps: 2 },
    });
  });

  it('saves on Ctrl-C, and resumes from there', async () => {
    const cwd = temporaryFolder();
    writeNoiseArchive(join(cwd, 'noise.npz'), 60);
    const { child, said, finished } = startCommand(
      ['train', 'npz:noise.npz', '--out', 'run', '--steps', '1000000', '--json', ...TINY],
      cwd,
    );
    onTestFinished(() => void child.kill('SIGKILL'));
    await said('batches per epoch');
    child.kill('SIGINT');
    const stopped = await finished;
    expect(stopped.status).toBe(130);
    expect(stopped.stderr).toContain('agenet train --resume run');
    const { steps, interrupted } = jsonOf(stopped) as { steps: number; interrupted: boolean };
    expect(interrupted).toBe(true);
    expect(readdirSync(join(cwd, 'run', 'checkpoints'))).toEqual([`${String(steps).padStart(6, '0')}.safetensors`]);

    const resumed = await runCommand(['train', '--resume', 'run', '--steps', String(steps + 2), '--threads', '1'], cwd);
    expect([resumed.status, resumed.stderr]).toEqual([0, expect.stringContaining('training dcgan32 on npz:noise.npz')]);
    expect(resumed.stdout).toContain(`trained ${steps + 2} iterations`);
    expect(stepsIn(join(cwd, 'run'))).toEqual([...Array(steps + 2).keys()].map((index) => index + 1));
  });

  it.each([[], ['--strict']])(
    'exits with status 130 on Ctrl-C during decoding, and leaves nothing behind (%s)',
    async (...options) => {
      const cwd = temporaryFolder();
      const picture = await grayscalePng(7);
      mkdirSync(join(cwd, 'photos'));
      for (let index = 0; index < 6000; index++) writeFileSync(join(cwd, 'photos', `${index}.png`), picture);
      const { child, finished } = startCommand(
        ['train', 'photos', '--out', 'run', '--json', ...options, ...TINY],
        cwd,
        { AGENET_CACHE: join(cwd, 'cache') },
      );
      while (!existsSync(join(cwd, 'cache', 'images'))) await pause(5);
      child.kill('SIGINT');
      const stopped = await finished;
      expect([stopped.status, jsonOf(stopped)]).toEqual([130, { interrupted: true }]);
      expect(stopped.stderr).toMatch(/stopped before the first iteration; there was nothing to save\n$/);
      expect([readdirSync(join(cwd, 'cache', 'images')), existsSync(join(cwd, 'run'))]).toEqual([[], false]);
    },
  );

  it('initializes weights from the run that a settings file names', async () => {
    const cwd = temporaryFolder();
    await makeTinyRun(join(cwd, 'first'));
    writeNoiseArchive(join(cwd, 'noise.npz'), 60);
    writeFileSync(join(cwd, 'settings.yaml'), 'initFrom: first\nsteps: 1\nbatch: 4\n');
    const trained = async (out: string, ...args: string[]) => {
      await resultOf(['train', 'npz:noise.npz', '--out', out, '--threads', '1', ...SMALL_PLANS, ...args], cwd);
      return readFileSync(join(cwd, out, 'checkpoints', '000001.safetensors'));
    };
    const [byFile, byFlag] = [
      await trained('by-file', '--config', 'settings.yaml'),
      await trained('by-flag', '--init-from', 'first', '--steps', '1', '--batch', '4'),
    ];
    expect(byFile.equals(byFlag)).toBe(true);
  });

  it('warns in one line if initial grayscale weights make RGB data grayscale, unless that is requested', async () => {
    const cwd = temporaryFolder();
    await makeTinyRun(join(cwd, 'gray'));
    const pixels = (channels: number) => ({
      shape: [20, 32, 32, channels],
      data: Uint8Array.from({ length: 20 * 1024 * channels }, (_, index) => index),
    });
    for (const [name, channels] of Object.entries({ rgb: 3, gray: 1 }))
      writeFileSync(join(cwd, `${name}.npz`), npzArchive({ images: pixels(channels) }));
    writeFileSync(join(cwd, 'gray.yaml'), 'channels: 1\n');
    const warningOf = async (data: string, ...args: string[]) => {
      const { status, stderr } = await runCommand(
        ['train', `npz:${data}.npz`, '--init-from', 'gray', '--dry-run', ...SMALL_PLANS, ...args],
        cwd,
      );
      expect(status, stderr).toBe(0);
      return stderr.split('\n').filter((line) => line.includes('warning'));
    };
    expect(await warningOf('rgb')).toEqual([
      expect.stringMatching(/^warning: npz:rgb.npz has RGB images, .* gray are for grayscale.*; set --channels to 1/),
    ]);
    expect(await warningOf('rgb', '--channels', '1')).toEqual([]);
    expect(await warningOf('rgb', '--config', 'gray.yaml')).toEqual([]);
    expect(await warningOf('gray')).toEqual([]);
  });

  it('writes the same bytes as the library, even if either resumes the run of the other', async () => {
    const cwd = temporaryFolder();
    writeNoiseArchive(join(cwd, 'noise.npz'), 60);
    const data = `npz:${join(cwd, 'noise.npz')}`;
    const settings = { data, width: 4, latent: 8, batch: 4, ema: 0.9, logEvery: 1, ...PLANS };
    const flags = ['--ema', '0.9', ...TINY_TRAINING];
    const [byCommand, byLibrary] = [join(cwd, 'command'), join(cwd, 'library')];
    await resultOf(['train', data, '--out', byCommand, '--steps', '2', ...flags], cwd);
    await train({ ...settings, steps: 2 }, { out: byLibrary, threads: 1 });
    const weightsOf = (run: string, step: number) => readFileSync(join(run, 'checkpoints', `00000${step}.safetensors`));
    expect(weightsOf(byLibrary, 2).equals(weightsOf(byCommand, 2))).toBe(true);

    const resumed = await train({ steps: 4 }, { resume: byCommand, threads: 1 });
    const printed = await resultOf(
      ['train', data, '--out', byLibrary, '--resume', '--steps', '4', '--threads', '1'],
      cwd,
    );
    expect(weightsOf(byLibrary, 4).equals(weightsOf(byCommand, 4))).toBe(true);
    expect(Object.keys(printed).sort()).toEqual(Object.keys(resumed).sort());
    expect([printed.test, printed.test_raw]).toEqual([resumed.test, resumed.test_raw]);
  });

  it('extends a finished run, also with other loss weights, learning rate and EMA, and records them', async () => {
    const cwd = temporaryFolder();
    writeNoiseArchive(join(cwd, 'noise.npz'), 60);
    await resultOf(['train', 'npz:noise.npz', '--steps', '2', '--out', 'run', '--ema', '0', ...TINY], cwd);
    const changes = [
      '--encoder-updates',
      '1;KL_real:1,match_x:9',
      '--lr',
      '0.001',
      '--schedule',
      'constant',
      '--ema',
      '0.9',
    ];
    expect(
      await resultOf(['train', '--resume', 'run', '--steps', '4', '--threads', '1', ...changes], cwd),
    ).toMatchObject({ steps: 4, run: 'run' });
    expect(stepsIn(join(cwd, 'run'))).toEqual([1, 2, 3, 4]);
    expect(JSON.parse(readFileSync(join(cwd, 'run', 'config.json'), 'utf8'))).toMatchObject({
      encoderUpdates: '1;KL_real:1,match_x:9',
      learningRate: 0.001,
      schedule: 'constant',
      ema: 0.9,
      length: { steps: 4 },
    });
    // A further extension needs no repetition, and --out still names the run.
    expect(await resultOf(['train', '--out', 'run', '--steps', '5', '--threads', '1', '--resume'], cwd)).toMatchObject({
      steps: 5,
    });
    const plan = ['--generator-updates', '2;match_z:1'];
    await expectBadInput(
      ['train', '--resume', 'run', '--steps', '6', ...plan],
      cwd,
      '--generator-updates: the number of updates per iteration must stay',
    );
  });

  it.each([20, 53, 500])(
    'trains on %i images of different sizes given only their folder, and prints what to expect',
    async (count) => {
      const cwd = temporaryFolder();
      mkdirSync(join(cwd, 'photos'));
      // A large and a small image under many names: the number of images decides, not their content.
      const images = await Promise.all([
        sharp(colored(90, 120)).jpeg().toBuffer(),
        sharp(colored(64, 64)).png().toBuffer(),
      ]);
      for (let index = 0; index < count; index++)
        writeFileSync(join(cwd, 'photos', `${index}.jpg`), images[index % 2]!);
      const { status, stdout, stderr } = await runCommand(
        ['train', 'photos', '--dry-run', '--width', '1', '--threads', '1'],
        cwd,
      );
      expect(status, stderr).toBe(0);
      const [, images_, test] = /(\d+) training images, (\d+) test images/.exec(stdout)!.map(Number);
      expect(images_! + test!).toBe(count);
      expect(images_).toBeGreaterThanOrEqual(0.8 * count);
      const [batch, steps] = count === 500 ? ['--batch 32', 4000] : ['--augment color --batch 16', 2000];
      expect(stdout).toContain(
        `defaults for ${images_} training images: --size 64 --channels 3 ${batch} --steps ${steps}\n`,
      );
      expect(stdout).toContain(`${images_} training images are few: expect samples that resemble them`);
    },
  );

  it('has aliases for familiar options', async () => {
    const dry = async (...args: string[]) =>
      (
        await resultOf(
          ['train', 'mnist', '--dry-run', '--width', '1', '--steps', '1', '--threads', '1', ...args],
          temporaryFolder(),
        )
      ).configuration;
    expect(await dry('--lr', '0.01', '--batch-size', '8', '--image-size', '32', '--outdir', 'out')).toMatchObject({
      learningRate: 0.01,
      batch: 8,
      size: 32,
    });
  });

  it('resumes with data whose path is spelled differently', async () => {
    const cwd = temporaryFolder();
    await writeImages(
      join(cwd, 'photos'),
      Object.fromEntries(Array.from({ length: 12 }, (_, index) => [`${index}.png`, index])),
    );
    await resultOf(['train', 'photos', '--size', '32', '--steps', '1', '--out', 'run', ...TINY], cwd);
    expect(
      await resultOf(['train', './photos/', '--out', 'run', '--resume', '--steps', '2', '--threads', '1'], cwd),
    ).toMatchObject({ steps: 2 });
    expect(JSON.parse(readFileSync(join(cwd, 'run', 'config.json'), 'utf8'))).toMatchObject({
      data: 'photos',
      length: { steps: 2 },
    });
  });

  it('prints settings with --dry-run, and writes nothing', async () => {
    const cwd = temporaryFolder();
    const result = await resultOf(
      ['train', 'mnist', '--dry-run', '--epochs', '2', '--latent', '100', '--out', 'run'],
      cwd,
    );
    expect(result).toMatchObject({
      steps: 2 * 937,
      images: { train: 60_000, test: 10_000 },
      memory: { estimated_bytes: expect.any(Number) as number },
      configuration: { network: 'dcgan32', size: 32, channels: 1, latent: 100, length: { epochs: 2 } },
      // The first convolution: 16 kernels of 4x4 at 16x16 positions, two operations per multiply-add.
      flops: { encoder: { layers: { conv1: 2 * 16 * 16 * 16 * 16, activation1: 16 * 16 * 16 } } },
    });
    expect(readdirSync(cwd)).toEqual([]);
  });

  it('exits with status 1 and one line if it fails during training', async () => {
    const cwd = temporaryFolder();
    const { status, stdout, stderr } = await runCommand(
      ['train', 'mnist', '--out', 'run', '--steps', '1', ...TINY, '--encoder-updates', '1;KL_real:1e300'],
      cwd,
    );
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr.split('\n').filter((line) => line.startsWith('agenet: '))).toEqual([
      expect.stringMatching(
        /training diverged: encoder\.loss is .* at iteration 1; .*lower --learning-rate, or set --on-nan to rollback$/,
      ),
    ]);
    expect(stderr).not.toContain('    at ');
  });
});

describe('--device auto', () => {
  it('reports the time of each device that works, and why others do not', async () => {
    // The command as it is built: it starts a script for each device. No driver is found here.
    const { finished } = startCommand(['train', 'mnist', '--device', 'auto', '--dry-run', ...TINY], temporaryFolder(), {
      VK_ICD_FILENAMES: 'none',
    });
    const { status, stdout } = await finished;
    expect(status).toBe(0);
    expect(stdout).toMatch(/^device cpu, chosen by the time per iteration: cpu [\d.]+ s, webgpu .*, cuda /m);
  });

  it('is refused by commands that compute too little to measure', async () => {
    await expectBadInput(['bench', '--device', 'auto'], temporaryFolder(), '--device', 'cpu, webgpu, cuda');
  });
});
