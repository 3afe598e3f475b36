import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sharedTemporaryFolder, temporaryFolder } from '../temporaryFolder.js';
import { tinyConfiguration } from '../training/tinyTraining.js';
import { writeNoiseArchive } from '../cli/labelledData.js';
import { expectBadInput, type Refusal, runCommand } from '../cli/runCommand.js';
import { contentsOf, makeTinyRun, TINY_TRAINING } from '../cli/tinyRun.js';

const TINY = ['--ema', '0', ...TINY_TRAINING];

const REFUSED: readonly Refusal[] = [
  ['unknown data', ['mnits2'], ['data "mnits2"', 'mnist']],
  ['a width of 0', ['mnist', '--width', '0'], ['--width: must be a whole number from 1 to 1024, not 0']],
  ['a latent size of 1', ['mnist', '--latent', '1'], ['--latent: must be a whole number from 2 to 4096, not 1']],
  [
    'a size that no network supports',
    ['mnist', '--size', '48'],
    ['--size: no architecture supports 48', '32 (dcgan32) or 64 (dcgan64) or 128 (dcgan128)'],
  ],
  [
    'a network for a different size',
    ['mnist', '--network', 'dcgan64', '--size', '32'],
    ['--size: dcgan64 expects images of 64x64'],
  ],
  ['an invalid seed', ['mnist', '--seed', '-1'], ['--seed: must be a whole number', '-1']],
  [
    'an unknown term',
    ['mnist', '--encoder-updates', '1;KL_real:1,match_y:1'],
    ['encoder plan', 'character 13', 'did you mean match_x?'],
  ],
  ['two lengths', ['mnist', '--steps', '1', '--epochs', '1'], ['--epochs and --steps: both set the length']],
  ['half an epoch', ['mnist', '--epochs', '0.5'], ['--epochs: must be a whole number', '0.5']],
  ['to resume without a run', ['mnist', '--resume'], ['--resume: the run folder is missing']],
  ['to resume two runs', ['--resume', 'a', '--out', 'b'], ['--resume a: --out names a different run folder, b']],
  ['no data', [], ['data: missing', '--resume RUN']],
  ['a learning rate under two names', ['mnist', '--lr', '0.1', '--learning-rate', '0.1'], ['--lr', '--learning-rate']],
  ['a run folder under two names', ['mnist', '--outdir', 'a', '--out', 'a'], ['--outdir', '--out']],
  [
    'a halved learning rate under a different schedule',
    ['mnist', '--halve-every', '3'],
    ['--halve-every: requires the schedule halving', 'set --schedule to halving'],
  ],
  ['to resume a missing run', ['mnist', '--resume', '--out', 'nothing'], ['nothing: run folder not found']],
];

describe('agenet train rejects in one line, with status 2,', () => {
  const empty = sharedTemporaryFolder();

  it.concurrent.each(REFUSED)('%s', async (_, args, texts) => {
    await expectBadInput(['train', ...args], empty, ...texts);
  });

  it('without writing anything', () => {
    expect(readdirSync(empty)).toEqual([]);
  });

  it('a run folder that is not empty, a file, or below a file, without changing it', async () => {
    const cwd = temporaryFolder();
    await makeTinyRun(join(cwd, 'run'));
    writeFileSync(join(cwd, 'config.json'), 'mine');
    const before = contentsOf(cwd);
    await Promise.all([
      expectBadInput(
        ['train', 'mnist', '--out', 'run', '--steps', '1', ...TINY],
        cwd,
        'run: the run folder exists and is not empty',
      ),
      expectBadInput(
        ['train', 'mnist', '--out', 'config.json', '--steps', '1', ...TINY],
        cwd,
        'config.json: expected a run folder but got a file',
      ),
      expectBadInput(
        ['train', 'mnist', '--out', 'config.json/run', '--steps', '1', ...TINY],
        cwd,
        'config.json/run: cannot be written',
      ),
    ]);
    expect(contentsOf(cwd)).toEqual(before);
  });

  it('fewer images than a batch, without creating a run folder', async () => {
    const cwd = temporaryFolder();
    writeNoiseArchive(join(cwd, 'few.npz'), 6);
    const args = ['train', 'npz:few.npz', '--out', 'run', '--steps', '1', ...TINY, '--batch', '64'];
    await expectBadInput(args, cwd, '--batch 64: the train split has only 5 images; set --batch to 5 or less');
    expect(readdirSync(cwd)).toEqual(['few.npz']);
  });

  it('an empty run folder name, without writing into the working directory', async () => {
    const cwd = temporaryFolder();
    writeFileSync(join(cwd, 'config.json'), 'mine');
    await expectBadInput(['train', 'mnist', '--out', '', '--steps', '1', ...TINY], cwd, '--out');
    expect(Object.keys(contentsOf(cwd))).toEqual(['config.json']);
  });

  it('to resume with other settings, other data, or a damaged run, without changing it', async () => {
    const cwd = temporaryFolder();
    const checkpoint = await makeTinyRun(join(cwd, 'run'));
    await makeTinyRun(join(cwd, 'damaged'));
    writeFileSync(
      join(cwd, 'damaged', 'checkpoints', '000004.safetensors'),
      readFileSync(checkpoint).subarray(0, 5000),
    );
    await makeTinyRun(join(cwd, 'other'), tinyConfiguration({ size: 64, network: 'dcgan64' }));
    const before = contentsOf(cwd);
    await Promise.all([
      expectBadInput(
        ['train', 'mnist', '--out', 'run', '--resume', '--width', '8'],
        cwd,
        '--width: the run in run was started with 4',
        '8',
      ),
      expectBadInput(
        ['train', 'mnist', '--out', 'other', '--resume', '--size', '32'],
        cwd,
        '--size: the run in other was started with 64',
      ),
      expectBadInput(['train', 'digits', '--out', 'run', '--resume'], cwd, 'data', 'digits'),
      expectBadInput(
        ['train', 'mnist', '--out', 'run', '--resume', '--steps', '2'],
        cwd,
        'run: already has 3 iterations, more than the requested 2',
      ),
      expectBadInput(
        ['train', 'mnist', '--out', 'run', '--resume', '--init-from', 'other'],
        cwd,
        '--init-from: the run in run was started with none',
      ),
      expectBadInput(
        ['train', 'mnist', '--out', 'damaged', '--resume'],
        cwd,
        join('damaged', 'checkpoints', '000004.safetensors'),
      ),
    ]);
    expect(contentsOf(cwd)).toEqual(before);
  });

  it('a device that is unavailable, without creating a run folder', async () => {
    const cwd = temporaryFolder();
    const { status, stderr } = await runCommand(
      ['train', 'mnist', '--out', 'run', '--device', 'cuda', '--steps', '1', ...TINY],
      cwd,
    );
    // If the device exists, the command trains.
    expect({ status, left: existsSync(join(cwd, 'run')) }, stderr).toEqual(
      status === 0 ? { status: 0, left: true } : { status: 2, left: false },
    );
    if (status === 0) return;
    const [, installer] =
      /^agenet: device cuda: cannot be used here \(.*\); it needs .* node (\S+) --onnxruntime-node-install=cuda12 /.exec(
        stderr,
      )!;
    expect(existsSync(installer!)).toBe(true);
  });
});
