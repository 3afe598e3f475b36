import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { InputError } from '../../src/errors.js';
import { FolderLock, LOCK_MAX_AGE_SECONDS } from '../../src/runs/lock.node.js';
import { expectInputError } from '../rejection.js';
import { temporaryFolder } from '../temporaryFolder.js';

interface Owner {
  host: string;
  pid: number;
  started: string;
  system?: string;
}

const lockIn = (folder: string) => join(folder, '.lock');
const ownerIn = (folder: string) => JSON.parse(readFileSync(lockIn(folder), 'utf8')) as Owner;

/** A folder with the lock of somebody. */
function lockedBy(owner: Partial<Owner> | string): string {
  const folder = temporaryFolder();
  writeFileSync(lockIn(folder), typeof owner === 'string' ? owner : JSON.stringify(owner));
  return folder;
}

/** Another process that does nothing, and how this one would write down when it started. */
async function startIdle(): Promise<{ child: ChildProcess; owner: Owner }> {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1000)'], { stdio: 'ignore' });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child, 'spawn');
  return { child, owner: ownerOf(child.pid!) };
}

/** What a process would write into its lock. */
function ownerOf(pid: number): Owner {
  const file = `/proc/${pid}/stat`;
  const status = existsSync(file) ? readFileSync(file, 'utf8') : '';
  return { host: hostname(), pid, started: status.slice(status.lastIndexOf(')') + 2).split(' ')[19] ?? '' };
}

async function expectTaken(folder: string): Promise<void> {
  const lock = await FolderLock.take(folder);
  expect(ownerIn(folder).pid).toBe(process.pid);
  await lock.release();
}

describe('a locked folder', () => {
  it('rejects other processes and names the holder', async () => {
    const folder = temporaryFolder();
    const lock = await FolderLock.take(folder);
    await expectInputError(
      () => FolderLock.take(folder),
      folder,
      `process ${process.pid} is training into this folder`,
    );
    await lock.release();
  });

  it('is free after release, which leaves nothing behind', async () => {
    const folder = temporaryFolder();
    await expectTaken(folder);
    await expectTaken(folder);
    // Only an empty folder can be removed so.
    rmdirSync(folder);
  });

  it('does not affect other folders', async () => {
    const [first, second] = [temporaryFolder(), temporaryFolder()];
    const lock = await FolderLock.take(first);
    await expectTaken(second);
    await lock.release();
  });

  it('is acquired by exactly one of several contenders, even if the last holder is dead', async () => {
    for (const folder of [
      temporaryFolder(),
      lockedBy(''),
      lockedBy({ host: hostname(), pid: 2 ** 22 + 1, started: '1' }),
    ]) {
      const tries = await Promise.allSettled(Array.from({ length: 12 }, () => FolderLock.take(folder)));
      const [taken, refused] = [
        tries.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : [])),
        tries.flatMap((each) => (each.status === 'rejected' ? [each.reason as unknown] : [])),
      ];
      expect(taken).toHaveLength(1);
      for (const reason of refused) expect(reason).toBeInstanceOf(InputError);
      await taken[0]!.release();
    }
  });

  it('is not released by a holder that lost it', async () => {
    const folder = temporaryFolder();
    const lock = await FolderLock.take(folder);
    const other = JSON.stringify({ host: 'elsewhere', pid: 1, started: '1' });
    writeFileSync(lockIn(folder), other);
    await lock.release();
    expect(readFileSync(lockIn(folder), 'utf8')).toBe(other);
  });

  it('is rejected while its holder lives', async () => {
    const { child, owner } = await startIdle();
    const folder = lockedBy(owner);
    await expectInputError(() => FolderLock.take(folder), folder, `process ${child.pid!} is training`);
    child.kill('SIGKILL');
    await once(child, 'exit');
    await expectTaken(folder);
  });

  it('on another machine counts as held, and names the machine', async () => {
    await expectInputError(
      () => FolderLock.take(lockedBy({ host: 'elsewhere', pid: 7, started: '1' })),
      'process 7 on elsewhere is training',
    );
  });

  it('that cannot be written is an InputError', async () => {
    const folder = temporaryFolder();
    await expectInputError(
      () => FolderLock.take(join(folder, 'nothing')),
      join(folder, 'nothing'),
      'cannot be written',
    );
  });
});

describe('a stale lock does not count:', () => {
  it('a broken link, or a lock from a clock that is ahead', async () => {
    const linked = temporaryFolder();
    symlinkSync('/nonexistent', lockIn(linked));
    await expectTaken(linked);
    const ahead = lockedBy('');
    const later = Date.now() / 1000 + 3600;
    utimesSync(lockIn(ahead), later, later);
    await expectTaken(ahead);
  });

  it('a lock of another host or boot that was not refreshed, by any clock', async () => {
    for (const owner of [{ host: 'elsewhere' }, { system: 'another boot' }]) {
      for (const age of [LOCK_MAX_AGE_SECONDS + 5, -LOCK_MAX_AGE_SECONDS - 5]) {
        const folder = lockedBy({ ...ownerOf(process.pid), ...owner });
        await expectInputError(
          () => FolderLock.take(folder),
          'is training into this folder',
          `delete ${lockIn(folder)}`,
        );
        const time = Date.now() / 1000 - age;
        utimesSync(lockIn(folder), time, time);
        await expectTaken(folder);
      }
    }
  });

  it('a lock whose process number has been reused', async () => {
    const { owner } = await startIdle();
    await expectTaken(lockedBy({ ...owner, started: '1' }));
  });

  it.runIf(process.platform === 'linux')('a lock of a killed process that its parent did not reap', async () => {
    // The shell replaces itself with a program that does not reap the child that it started.
    const parent = spawn('sh', ['-c', 'sleep 1000 & echo $!; exec sleep 1000'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    onTestFinished(() => void parent.kill('SIGKILL'));
    const [line] = (await once(parent.stdout, 'data')) as [Buffer];
    const pid = Number(line.toString());
    const folder = lockedBy(ownerOf(pid));
    await expectInputError(() => FolderLock.take(folder), `process ${pid} is training`);
    process.kill(pid, 'SIGKILL');
    while (!readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z '))
      await new Promise((resolve) => setTimeout(resolve, 5));
    await expectTaken(folder);
  });

  it.each(['', '{"host"', 'null', '7', '{}', '{"pid":"7"}'])('a lock that contains %j', async (text) => {
    await expectTaken(lockedBy(text));
  });
});
