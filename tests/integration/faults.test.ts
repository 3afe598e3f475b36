import { cpSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { npzArchive } from '../npzArchive.js';
import { readCheckpointFile } from '../../src/runs/runFolder.node.js';
import { sharedTemporaryFolder, temporaryFolder } from '../temporaryFolder.js';
import { type CommandResult, type RunningCommand, runProcess, startCommand } from '../cli/runCommand.js';
import { TINY_TRAINING } from '../cli/tinyRun.js';

const INJECT = fileURLToPath(new URL('faults/inject.mjs', import.meta.url));

/** What goes wrong at a write; see `faults/inject.mjs`. */
interface Fault {
  file: string;
  at: number;
  point: 'half' | 'whole' | 'renamed';
  error?: string;
  times?: number;
}

const startFaulty = (args: readonly string[], cwd: string, ...faults: readonly Fault[]): RunningCommand =>
  startCommand(args, cwd, { NODE_OPTIONS: `--import ${INJECT}`, AGENET_FAULTS: JSON.stringify(faults) });

const runFaulty = (args: readonly string[], cwd: string, ...faults: readonly Fault[]): Promise<CommandResult> =>
  startFaulty(args, cwd, ...faults).finished;

const folder = sharedTemporaryFolder();
const DATA = `npz:${join(folder, 'noise.npz')}`;
/** Without the forms that take longer to prepare than these trainings do. */
const QUICK = ['--threads', '1', '--no-lowering'];
/** 54 images in batches of 4: an evaluation after every 13 iterations. */
const STEPS = 26;
const TRAIN = [
  ...['train', DATA, '--out', 'run', '--steps', String(STEPS), ...TINY_TRAINING, '--no-lowering'],
  ...['--checkpoint-every', '5', '--sample-every', '5'],
  ...['--evaluate-every', '1', '--evaluate-metrics', 'psnr', '--evaluate-samples', '6', '--save-best', 'psnr'],
];
const RESUME = ['train', DATA, '--out', 'run', '--resume', ...QUICK];

const run = (cwd: string, ...names: readonly string[]): string => join(cwd, 'run', ...names);
const checkpointsIn = (cwd: string): string[] => readdirSync(run(cwd, 'checkpoints')).sort();
const checkpoint = (cwd: string, step: number): Buffer =>
  readFileSync(run(cwd, 'checkpoints', `${String(step).padStart(6, '0')}.safetensors`));

beforeAll(async () => {
  const pixels = Uint8Array.from({ length: 60 * 1024 }, (_, index) => (index * 2654435761) >>> 24);
  writeFileSync(join(folder, 'noise.npz'), npzArchive({ images: { shape: [60, 32, 32, 1], data: pixels } }));
  expect((await runProcess(TRAIN, folder)).status).toBe(0);
});

/** What two trainings should have in common: everything but times. */
function expectAsUndisturbed(cwd: string): void {
  expect(checkpointsIn(cwd)).toEqual(checkpointsIn(folder));
  for (const name of checkpointsIn(cwd))
    expect(
      readFileSync(run(cwd, 'checkpoints', name)).equals(readFileSync(run(folder, 'checkpoints', name))),
      name,
    ).toBe(true);
  const evaluations = (path: string) => readdirSync(run(path)).filter((name) => /^(evaluation|best)/.test(name));
  expect(evaluations(cwd)).toEqual(evaluations(folder));
  expect(readdirSync(run(cwd), { recursive: true }).filter((name) => /partial|\.lock/.test(String(name)))).toEqual([]);
}

describe('training that is killed while it writes', () => {
  it('any file of a run keeps earlier checkpoints, and ends with the same files when resumed', async () => {
    const cwd = temporaryFolder();
    // One run: each resumed process dies at the next fault, in the order of the iterations.
    const faults: readonly Fault[] = [
      { file: 'log\\.jsonl$', at: 7, point: 'half' },
      { file: '000010\\.png$', at: 1, point: 'half' },
      { file: '000010\\.safetensors$', at: 1, point: 'half' },
      { file: '000010\\.safetensors$', at: 1, point: 'whole' },
      { file: '000010\\.safetensors$', at: 1, point: 'renamed' },
      { file: 'evaluation-000013\\.json$', at: 1, point: 'whole' },
      { file: 'best\\.safetensors$', at: 1, point: 'renamed' },
      { file: 'best\\.json$', at: 1, point: 'half' },
    ];
    for (const [index, fault] of faults.entries()) {
      const { status, stderr } = await runFaulty(index === 0 ? TRAIN : RESUME, cwd, fault);
      expect(status, `${fault.file} ${fault.point}: ${stderr}`).toBeNull();
      const kept = checkpointsIn(cwd).filter((name) => /^\d+\.safetensors$/.test(name));
      for (const name of kept)
        expect(
          readFileSync(run(cwd, 'checkpoints', name)).equals(readFileSync(run(folder, 'checkpoints', name))),
          name,
        ).toBe(true);
      expect(kept.includes('000010.safetensors')).toBe(index >= 4);
      for (const name of checkpointsIn(cwd).filter((name) => name.endsWith('.safetensors')))
        await readCheckpointFile(run(cwd, 'checkpoints', name));
    }
    expect((await runProcess(RESUME, cwd)).status).toBe(0);
    expectAsUndisturbed(cwd);
  });

  it('its lock or configuration can start again', async () => {
    const cwd = temporaryFolder();
    for (const file of ['\\.lock$', 'config\\.json$']) {
      expect((await runFaulty(TRAIN, cwd, { file, at: 1, point: 'half' })).status).toBeNull();
      // A lock that is half-written is taken over once it is older than a second.
      await pause(1100);
    }
    expect((await runProcess(TRAIN, cwd)).status).toBe(0);
    expectAsUndisturbed(cwd);
  });
});

describe('a command that is killed while it writes', () => {
  it.each([
    ['a time-lapse', ['timelapse', 'run', '--out', 'timelapse.webp'], 'timelapse.webp'],
    ['an evaluation', ['evaluate', 'run', '--metrics', 'psnr', '--count', '6'], join('run', 'evaluation-000026.json')],
    ['codes', ['encode', 'run', '--out', 'codes.npz'], 'codes.npz'],
  ])('%s keeps the previous one', async (_, args, file) => {
    const cwd = temporaryFolder();
    cpSync(run(folder), run(cwd), { recursive: true });
    expect((await runProcess(args, cwd)).status).toBe(0);
    const before = readFileSync(join(cwd, file));
    const name = file.split('/').at(-1)!.replace('.', '\\.');
    for (const point of ['half', 'whole'] as const) {
      expect((await runFaulty(args, cwd, { file: `${name}$`, at: 1, point })).status).toBeNull();
      expect(readFileSync(join(cwd, file)).equals(before)).toBe(true);
    }
    expect((await runProcess(args, cwd)).status).toBe(0);
  });
});

describe('a full disk', () => {
  it('is reported for each kind of file, and training ends with the same weights', async () => {
    const cwd = temporaryFolder();
    const files = ['log.jsonl', '000010.png', '000010.safetensors', 'best.safetensors', 'evaluation-000026.json'];
    const faults = [...files, 'best.json'].map((name): Fault => ({
      file: `${name.replaceAll('.', '\\.')}$`,
      at: 1,
      point: 'half',
      error: 'ENOSPC',
      times: 1,
    }));
    // The event file of TensorBoard stays incomplete: it is not needed to resume.
    const { status, stderr } = await runFaulty([...TRAIN, '--tensorboard'], cwd, ...faults, {
      file: 'tfevents',
      at: 2,
      point: 'half',
      error: 'ENOSPC',
    });
    expect(status, stderr).toBe(0);
    for (const name of files) expect(stderr).toMatch(new RegExp(`${name}: cannot be written \\(the disk is full\\)`));
    expect(stderr.match(/training is paused/g)).toHaveLength(3);
    const scores = (path: string) =>
      (JSON.parse(readFileSync(run(path, 'evaluation-000026.json'), 'utf8')) as { metrics: unknown }).metrics;
    expect(scores(cwd)).toEqual(scores(folder));
    expect(readFileSync(run(cwd, 'best.json'), 'utf8')).toBe(readFileSync(run(folder, 'best.json'), 'utf8'));
    expect(checkpoint(cwd, STEPS).equals(checkpoint(folder, STEPS))).toBe(true);
    expect(readdirSync(run(cwd), { recursive: true }).filter((name) => String(name).includes('partial'))).toEqual([]);
  });

  it.each([
    ['the lock', '\\.lock$', 'half', 'EROFS', 'the file system is read-only'],
    ['the configuration', 'config\\.json$', 'half', 'ENOSPC', 'the disk is full'],
    // The log begins empty: nothing is written, but the file is flushed.
    ['the start of the log', 'log\\.jsonl$', 'whole', 'ENOSPC', 'the disk is full'],
  ] as const)('for %s ends the command before training, in one line', async (_, file, point, error, reason) => {
    const { status, stderr } = await runFaulty(TRAIN, temporaryFolder(), { file, at: 1, point, error });
    expect([status, stderr]).toEqual([2, expect.stringMatching(/^agenet: [^\n]*\n$/)]);
    expect(stderr).toContain(`cannot be written (${reason})`);
  });

  it('ends training in one line if stopped while waiting, with the last checkpoint intact', async () => {
    const cwd = temporaryFolder();
    const running = startFaulty(TRAIN, cwd, { file: '000010\\.safetensors$', at: 1, point: 'half', error: 'ENOSPC' });
    onTestFinished(() => void running.child.kill('SIGKILL'));
    await running.said('training is paused');
    running.child.kill('SIGINT');
    const { status, stderr } = await running.finished;
    expect([status, stderr]).toEqual([
      2,
      expect.stringMatching(/\nagenet: [^\n]*000010\.safetensors: cannot be written \(the disk is full\)\n$/),
    ]);
    expect(checkpointsIn(cwd)).toEqual(['000005.safetensors']);
    expect(checkpoint(cwd, 5).equals(checkpoint(folder, 5))).toBe(true);
    expect((await runProcess(RESUME, cwd)).status).toBe(0);
    expect(checkpoint(cwd, STEPS).equals(checkpoint(folder, STEPS))).toBe(true);
  });
});

describe('a run folder that is deleted during training', () => {
  it('pauses training until it exists again, or the user stops', async () => {
    const cwd = temporaryFolder();
    const running = startCommand([...TRAIN, '--steps', '100000'], cwd);
    onTestFinished(() => void running.child.kill('SIGKILL'));
    await running.said('wrote');
    // Atomically, because training continues to write.
    renameSync(run(cwd), join(cwd, 'deleted'));
    await running.said('training is paused');
    running.child.kill('SIGTERM');
    const { status, stderr } = await running.finished;
    expect([status, stderr]).toEqual([
      2,
      expect.stringMatching(/\nagenet: [^\n]*cannot be written \(its folder does not exist\)\n$/),
    ]);
  });
});
