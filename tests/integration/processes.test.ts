import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { npzArchive } from '../npzArchive.js';
import { LOCK_MAX_AGE_SECONDS } from '../../src/runs/lock.node.js';
import { readCheckpointFile } from '../../src/runs/runFolder.node.js';
import { sharedTemporaryFolder, temporaryFolder } from '../temporaryFolder.js';
import {
  type CommandResult,
  type RunningCommand,
  runProcess,
  shellWords,
  startCommand,
  startShell,
} from '../cli/runCommand.js';
import { TINY_TRAINING } from '../cli/tinyRun.js';

const STEPS = 12;
const TINY = [...TINY_TRAINING, '--no-lowering', '--sample-every', '0', '--schedule', 'constant'];
const folder = sharedTemporaryFolder();
/** A few images of noise: the scores after a training take no time. */
const DATA = `npz:${join(folder, 'noise.npz')}`;
const training = (steps: number) => ['train', DATA, '--out', 'run', '--steps', String(steps), ...TINY];
/** As words of a shell. */
const line = (steps: number): string => shellWords(training(steps));
/** A training run that ends on request. */
const ENDLESS = 1_000_000;

const checkpointFile = (cwd: string, steps: number): string =>
  join(cwd, 'run', 'checkpoints', `${String(steps).padStart(6, '0')}.safetensors`);
const checkpointIn = (cwd: string, steps: number): Buffer => readFileSync(checkpointFile(cwd, steps));
const isLocked = (cwd: string): boolean => existsSync(join(cwd, 'run', '.lock'));

/** The last checkpoint of a training that nothing disturbs. */
let undisturbed: Buffer;
beforeAll(async () => {
  const pixels = Uint8Array.from({ length: 40 * 1024 }, (_, index) => (index * 2654435761) >>> 24);
  writeFileSync(join(folder, 'noise.npz'), npzArchive({ images: { shape: [40, 32, 32, 1], data: pixels } }));
  expect((await runProcess(training(STEPS), folder)).status).toBe(0);
  undisturbed = checkpointIn(folder, STEPS);
});

/** Iterations that the log has. */
function loggedIn(cwd: string): number {
  const log = join(cwd, 'run', 'log.jsonl');
  return existsSync(log) ? readFileSync(log, 'utf8').split('\n').length - 1 : 0;
}

/** Waits until a training has done some iterations. */
async function untilLogged(cwd: string, steps: number): Promise<void> {
  while (loggedIn(cwd) < steps) await pause(10);
}

function endless(start: (cwd: string) => RunningCommand): { cwd: string; running: RunningCommand } {
  const cwd = temporaryFolder();
  const running = start(cwd);
  onTestFinished(() => void running.child.kill('SIGKILL'));
  return { cwd, running };
}

/** Expects that a training saved its last iteration and gave its folder back. */
function expectSaved(cwd: string, { status, stderr }: CommandResult): void {
  expect(status, stderr).toBe(130);
  const steps = parseInt(readdirSync(join(cwd, 'run', 'checkpoints'))[0]!);
  expect([loggedIn(cwd), isLocked(cwd)]).toEqual([steps, false]);
}

describe('training survives the loss of its output:', () => {
  it.each([
    ['a full disk for both streams', `exec $AGENET ${line(STEPS)} > /dev/full 2>&1`],
    ['a full disk for standard output', `exec $AGENET ${line(STEPS)} --json > /dev/full`],
    ['closed streams', `exec $AGENET ${line(STEPS)} >&- 2>&-`],
    ['a reader that ends immediately', `$AGENET ${line(STEPS)} 2>&1 | true; exit \${PIPESTATUS[0]}`],
    ['a reader that ends after a line', `$AGENET ${line(STEPS)} 2>&1 | head -n 1; exit \${PIPESTATUS[0]}`],
  ])('%s', async (title, command) => {
    const cwd = temporaryFolder();
    const { status } = await startShell(command, cwd).finished;
    // Under --json the result itself is lost.
    expect(status).toBe(title.includes('standard output') ? 1 : 0);
    expect(checkpointIn(cwd, STEPS).equals(undisturbed)).toBe(true);
    expect(isLocked(cwd)).toBe(false);
  });
});

describe('training that receives a signal', () => {
  it.each(['SIGHUP', 'SIGTERM', 'SIGINT'] as const)('saves and exits on %s', async (signal) => {
    const { cwd, running } = endless((folder) => startCommand(training(ENDLESS), folder));
    await untilLogged(cwd, 3);
    running.child.kill(signal);
    expectSaved(cwd, await running.finished);
  });

  it('saves if SIGHUP arrives twice, from a terminal and its shell', async () => {
    const { cwd, running } = endless((folder) => startCommand(training(ENDLESS), folder));
    await untilLogged(cwd, 3);
    for (let count = 0; count < 3; count++) running.child.kill('SIGHUP');
    expectSaved(cwd, await running.finished);
  });

  it.runIf(process.platform === 'linux').each([
    ['nohup', `nohup $AGENET ${line(ENDLESS)} & echo $! > pid; wait`],
    ['a script that ignores it', `trap '' HUP; $AGENET ${line(ENDLESS)} & echo $! > pid; wait`],
  ])('continues on SIGHUP under %s', async (_, command) => {
    const { cwd, running } = endless((folder) => startShell(command, folder));
    await untilLogged(cwd, 3);
    const pid = Number(readFileSync(join(cwd, 'pid'), 'utf8'));
    onTestFinished(() => {
      if (existsSync(`/proc/${pid}`)) process.kill(pid, 'SIGKILL');
    });
    process.kill(pid, 'SIGHUP');
    const logged = loggedIn(cwd);
    await untilLogged(cwd, logged + 5);
    process.kill(pid, 'SIGTERM');
    await running.finished;
    const steps = parseInt(readdirSync(join(cwd, 'run', 'checkpoints'))[0]!);
    expect([loggedIn(cwd), isLocked(cwd)]).toEqual([steps, false]);
  });

  it('ends with the same weights after it is suspended and continued', async () => {
    const { cwd, running } = endless((folder) => startCommand(training(ENDLESS), folder));
    await untilLogged(cwd, 2);
    // Ctrl-Z sends SIGTSTP, which the system ignores in an orphaned process group, as of tests in the background.
    running.child.kill('SIGSTOP');
    await vi.waitFor(() => {
      expect(readFileSync(`/proc/${running.child.pid}/stat`, 'utf8')).toContain(') T ');
    }, 10_000);
    const logged = loggedIn(cwd);
    await pause(300);
    expect(loggedIn(cwd)).toBe(logged);
    expect(isLocked(cwd)).toBe(true);
    running.child.kill('SIGCONT');
    await untilLogged(cwd, logged + 2);
    running.child.kill('SIGTERM');
    expectSaved(cwd, await running.finished);
    const steps = loggedIn(cwd);
    const without = temporaryFolder();
    expect((await runProcess(training(steps), without)).status).toBe(0);
    // Their configurations differ in the length.
    expect((await readCheckpointFile(checkpointFile(cwd, steps))).vectors).toEqual(
      (await readCheckpointFile(checkpointFile(without, steps))).vectors,
    );
  });
});

/** Starts trainings into one folder, and expects that exactly one of them trains and the others change nothing. */
async function expectOneTrains(cwd: string, args: readonly string[], delays: readonly number[]): Promise<void> {
  const results = await Promise.all(
    delays.map(async (milliseconds) => {
      await pause(milliseconds);
      return runProcess(args, cwd);
    }),
  );
  const refused = results.filter(({ status }) => status === 2);
  expect(results.map(({ status, stderr }) => [status, status === 0 ? '' : stderr])).toHaveLength(delays.length);
  expect(results.map(({ status }) => status).sort(), results.map(({ stderr }) => stderr).join('')).toEqual([
    0,
    ...Array<number>(delays.length - 1).fill(2),
  ]);
  for (const { stderr } of refused)
    expect(stderr).toMatch(/^agenet: run: [^\n]*(is training into this folder|is not empty)[^\n]*\n$/);
  expect(checkpointIn(cwd, STEPS).equals(undisturbed)).toBe(true);
  expect([loggedIn(cwd), isLocked(cwd)]).toEqual([STEPS, false]);
  expect(readdirSync(join(cwd, 'run')).sort()).toEqual([
    'checkpoints',
    'codes',
    'config.json',
    'data.json',
    'journal.jsonl',
    'log.jsonl',
    'reconstructions',
    'samples',
  ]);
}

/** Leaves a lock in the run folder, of a process that has ended or runs elsewhere. */
function leaveLock(cwd: string, owner: object, ageInSeconds = 0): string {
  mkdirSync(join(cwd, 'run'), { recursive: true });
  const file = join(cwd, 'run', '.lock');
  writeFileSync(file, JSON.stringify(owner));
  const time = Date.now() / 1000 - ageInSeconds;
  utimesSync(file, time, time);
  return file;
}

const ENDED = { host: hostname(), pid: 2 ** 22 + 1, started: '1' };
const ELSEWHERE = { host: 'container-of-yesterday', pid: 7, started: '1' };

describe('of three processes that start training into one folder, exactly one trains,', () => {
  it('started at the same time', async () => {
    await expectOneTrains(temporaryFolder(), training(STEPS), Array<number>(3).fill(0));
  });

  it('started one after another', async () => {
    await expectOneTrains(temporaryFolder(), training(STEPS), [0, 300, 2000]);
  });

  it('replacing a process that has ended', async () => {
    const cwd = temporaryFolder();
    leaveLock(cwd, ENDED);
    await expectOneTrains(cwd, training(STEPS), Array<number>(3).fill(0));
  });

  it('replacing a process on a different host whose lock is old enough', async () => {
    const cwd = temporaryFolder();
    leaveLock(cwd, ELSEWHERE, LOCK_MAX_AGE_SECONDS + 1);
    await expectOneTrains(cwd, training(STEPS), Array<number>(3).fill(0));
  });
});

describe('a run folder with a lock of a different host', () => {
  it('is rejected while the lock is recent, and resumes once the file in the message is deleted', async () => {
    const cwd = temporaryFolder();
    await startShell(`exec $AGENET ${line(5)}`, cwd).finished;
    const file = leaveLock(cwd, ELSEWHERE, LOCK_MAX_AGE_SECONDS / 2);
    const resume = [
      'train',
      DATA,
      '--out',
      'run',
      '--resume',
      '--steps',
      String(STEPS),
      '--threads',
      '1',
      '--no-lowering',
    ];
    const refused = await runProcess(resume, cwd);
    expect([refused.status, refused.stderr]).toEqual([
      2,
      expect.stringContaining(`delete ${join('run', '.lock')} if that process has ended`),
    ]);
    rmSync(file);
    expect((await runProcess(resume, cwd)).status).toBe(0);
    expect(checkpointIn(cwd, STEPS).equals(undisturbed)).toBe(true);
  });

  it('ends the training of a process that was presumed dead, without further writes', async () => {
    const { cwd, running } = endless((folder) => startCommand(training(ENDLESS), folder));
    await untilLogged(cwd, 3);
    const file = leaveLock(cwd, ELSEWHERE);
    const { status, stderr } = await running.finished;
    expect([status, stderr]).toEqual([
      1,
      expect.stringContaining('process 7 on container-of-yesterday has taken over this run folder'),
    ]);
    expect(readdirSync(join(cwd, 'run', 'checkpoints'))).toEqual([]);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(ELSEWHERE);
  });
});
