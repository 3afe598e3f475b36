/** Training by several processes that Open MPI starts; skipped where it is not installed. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { decodeSafetensors } from '../../src/engine/index.js';
import { goldenPath } from '../age/goldenFiles.js';
import { sharedTemporaryFolder, temporaryFolder } from '../temporaryFolder.js';
import { writeNoiseArchive } from '../cli/labelledData.js';
import { type CommandResult, type RunningCommand, shellWords, startCommand, startShell } from '../cli/runCommand.js';
import { TINY_TRAINING } from '../cli/tinyRun.js';

const isInstalled = spawnSync('mpirun', ['--version']).status === 0;

/** As in a container: all ranks on however many cores there are, as whatever user. */
const MPIRUN = 'OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 exec mpirun --oversubscribe';

const startRanks = (ranks: number, args: string, cwd: string): RunningCommand =>
  startShell(`${MPIRUN} -n ${ranks} $AGENET ${args}`, cwd);
const runRanks = (ranks: number, args: string, cwd: string): Promise<CommandResult> =>
  startRanks(ranks, args, cwd).finished;

const PUBLISHED =
  'npz:noise.npz --preset published --width 4 --latent 8 --batch 4 --threads 1 --log-every 1 --sample-every 0';
const TINY = `npz:noise.npz --sample-every 0 --no-lowering ${shellWords(TINY_TRAINING)}`;

/** A folder with a few images. */
function folderWithImages(): string {
  const cwd = temporaryFolder();
  writeNoiseArchive(join(cwd, 'noise.npz'), 40);
  return cwd;
}

/** The process of a rank that runs in a folder. */
function pidOf(rank: number, cwd: string): number {
  const pids = spawnSync('pgrep', ['node'], { encoding: 'utf8' }).stdout.trim().split('\n');
  const found = pids.find((pid) => {
    const variables = environmentOf(pid);
    return variables.includes(`OMPI_COMM_WORLD_RANK=${rank}`) && variables.includes(`PWD=${cwd}`);
  });
  return Number(found);
}

/** The environment of a process, which may have ended since. */
function environmentOf(pid: string): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  } catch {
    return [];
  }
}

const losses = (run: string): number[] =>
  readFileSync(join(run, 'log.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as Record<string, number>)['encoder.loss']!);

describe.skipIf(!isInstalled)('processes of mpirun', () => {
  it('verify a golden file together', async () => {
    const { status, stdout, stderr } = await runRanks(
      2,
      `verify ${goldenPath('dcgan32-uniform')} --json`,
      temporaryFolder(),
    );
    expect(status, stderr).toBe(0);
    // One rank prints.
    expect(stdout.trim().split('\n')).toHaveLength(1);
    expect(JSON.parse(stdout)).toMatchObject({ passed: true });
  });

  describe('that train', () => {
    const cwd = sharedTemporaryFolder();
    beforeAll(() => writeNoiseArchive(join(cwd, 'noise.npz'), 40));
    const train = async (ranks: number, args: string) => {
      const { status, stderr } = await runRanks(ranks, `train ${args}`, cwd);
      expect(status, stderr).toBe(0);
    };
    const checkpoint = (run: string) =>
      decodeSafetensors(readFileSync(join(cwd, run, 'checkpoints', '000003.safetensors')), run).tensors;
    const expectCloseLosses = (run: string) => {
      const [found, expected] = [losses(join(cwd, run)), losses(join(cwd, 'alone'))];
      expect(found[0]! / expected[0]!).toBeCloseTo(1, 5);
      found.forEach((loss, index) => expect(loss / expected[index]!).toBeCloseTo(1, 2));
    };

    it('train what one process trains, the same bits each time', async () => {
      for (const out of ['first', 'second']) await train(2, `${PUBLISHED} --steps 3 --out ${out}`);
      const alone = `train ${PUBLISHED} --steps 4 --out alone`.split(' ');
      expect((await startCommand(alone, cwd).finished).status).toBe(0);
      expect(checkpoint('first')).toEqual(checkpoint('second'));
      expectCloseLosses('first');
    });

    it('resume a run with a different number of processes', async () => {
      await train(1, '--resume second --steps 4 --threads 1');
      expect(readdirSync(join(cwd, 'second', 'checkpoints'))).toContain('000004.safetensors');
      expect(losses(join(cwd, 'second'))).toHaveLength(4);
      expectCloseLosses('second');
    });

    it('start from the weights of another run, which only the first needs to have', async () => {
      await train(2, `${PUBLISHED} --steps 1 --init-from first --out third`);
    });
  });

  it('leave other commands to the first of them', async () => {
    const { status, stdout } = await runRanks(2, 'evaluate --explain fid --json', temporaryFolder());
    expect(status).toBe(0);
    expect(stdout.trim().split('\n')).toHaveLength(1);
  });

  it('save and end when mpirun is interrupted', async () => {
    const cwd = folderWithImages();
    const train = `train ${TINY} --steps 100000 --checkpoint-every 0 --out run`;
    // Otherwise mpirun kills after a second, which may be too short to save on a busy machine.
    const patient = `OMPI_MCA_odls_base_sigkill_timeout=6 ${MPIRUN}`;
    const { child, said, finished } = startShell(`${patient} -n 2 $AGENET ${train}`, cwd);
    await said('1/100000');
    child.kill('SIGINT');
    const { status, stderr } = await finished;
    expect(status).not.toBe(0);
    expect(stderr).toContain('resume with: npx agenet train --resume run');
    expect(readdirSync(join(cwd, 'run', 'checkpoints'))).toHaveLength(1);
  });

  it('all end if one is killed, and what was saved can be resumed', async () => {
    const cwd = folderWithImages();
    const { finished } = startRanks(2, `train ${TINY} --steps 100000 --checkpoint-every 2 --out run`, cwd);
    const checkpoints = join(cwd, 'run', 'checkpoints');
    await vi.waitFor(
      () => expect(readdirSync(checkpoints).filter((name) => name.endsWith('.safetensors'))).not.toEqual([]),
      { timeout: 60_000, interval: 50 },
    );
    process.kill(pidOf(1, cwd), 'SIGKILL');
    const { status, stderr } = await finished;
    expect(status).not.toBe(0);
    expect(stderr).toMatch(/rank 1 .*signal 9/);
    const [last] = readdirSync(join(cwd, 'run', 'checkpoints'))
      .sort()
      .reverse();
    const resumed = await startCommand(
      ['train', '--resume', 'run', '--steps', String(parseInt(last!) + 2), '--threads', '1'],
      cwd,
    ).finished;
    expect(resumed.status, resumed.stderr).toBe(0);
  });

  it('reject different options, arguments and commands', async () => {
    const cwd = folderWithImages();
    writeNoiseArchive(join(cwd, 'other.npz'), 40);
    const runDifferent = (first: string, second: string) =>
      startShell(`${MPIRUN} -n 1 $AGENET ${first} : -n 1 $AGENET ${second}`, cwd).finished;
    const train = `train ${TINY} --steps 1 --out run`;
    for (const [second, different] of [
      [`${train} --lr 0.5`, '--learning-rate'],
      [train.replace('noise', 'other'), 'data'],
      [`bench --width 4`, 'command'],
    ] as const) {
      const { status, stderr } = await runDifferent(train, second);
      expect(status).toBe(2);
      expect(stderr).toContain(`agenet: ${different}: not the same on ranks 0, 1`);
    }
    expect(readdirSync(cwd).sort()).toEqual(['noise.npz', 'other.npz']);
    const { status, stderr } = await runDifferent(train, `${train} --threads 2`);
    expect(status, stderr).toBe(0);
  });

  it('report bad input in a line each, and status 2', async () => {
    const cwd = folderWithImages();
    const { status, stderr } = await runRanks(2, `train ${TINY} --batch 5 --steps 2 --out run`, cwd);
    expect(status).toBe(2);
    expect(stderr).toContain('agenet: --batch: 5 images do not divide among 2 processes; choose a multiple of 2');
    expect(readdirSync(cwd)).toEqual(['noise.npz']);
    const dry = await runRanks(2, `train ${TINY} --dry-run`, cwd);
    expect(dry.stderr).toContain('agenet: --dry-run: describes the training of one process; run it without mpirun');
  });
});
