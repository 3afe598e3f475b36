import { randomUUID } from 'node:crypto';
import { lstat, open, readdir, readFile, readlink, rm, stat, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { InputError } from '../errors.js';
import { wrapReadErrors, wrapWriteErrors, writeFileAtomically } from '../files/atomic.node.js';
import { FileTooLargeError, readRegularFile } from '../files/regularFile.node.js';
import { OwnFolder } from './ownFolder.node.js';

/** The holder of a lock, as its file records it. */
interface Owner {
  readonly host: string;
  readonly pid: number;
  /** Start time, which distinguishes the process from a later one with the same ID. */
  readonly started: string;
  /** Boot and process namespace of the process ID; processes of another one cannot be looked up. */
  readonly system?: string;
  /** Distinguishes the locks of one process. */
  readonly token?: string;
}

export const LOCK_NAME = '.lock';
const MAX_LOCK_BYTES = 4096;

/** A lock of a process on another host is stale if it was not refreshed for this time. */
export const LOCK_MAX_AGE_SECONDS = 120;
const HEARTBEAT_SECONDS = 10;
/** A lock that cannot be parsed counts as being written until this age. */
const SETTLING_SECONDS = 1;
/** Maximum time to wait while processes replace a stale lock. */
const PATIENCE_SECONDS = 30;
/** Milliseconds between two checks of a lock that is about to change. */
const POLL_MILLISECONDS = 20;

/** Returns the process that trains into a folder, or undefined if none does. */
export async function holderOf(folder: string): Promise<{ readonly host: string; readonly pid: number } | undefined> {
  const found = await inspect(join(folder, LOCK_NAME));
  return found?.state === 'held' ? { host: found.owner.host, pid: found.owner.pid } : undefined;
}

/** The right of this process to write into a folder, as a file in it. The file's time is refreshed while the lock is held. */
export class FolderLock {
  private readonly heartbeat: NodeJS.Timeout;
  private isReleased = false;

  private constructor(
    private readonly folder: OwnFolder,
    private readonly text: string,
    private inode: string,
  ) {
    this.heartbeat = setInterval(() => void this.refresh(), HEARTBEAT_SECONDS * 1000).unref();
  }

  /**
   * Takes a folder for this process; exactly one of several contenders succeeds. A lock whose owner has ended does not count.
   * @throws {InputError} if a living process holds it, or the folder cannot be written
   */
  static async take(path: string): Promise<FolderLock> {
    const file = join(path, LOCK_NAME);
    const own: Owner = {
      host: hostname(),
      pid: process.pid,
      started: (await statusOf(process.pid)).started,
      system: await system(),
      token: randomUUID(),
    };
    const text = JSON.stringify(own);
    const holder = await seize(file, text);
    if (holder === undefined) return new FolderLock(await OwnFolder.at(path), text, await inodeOf(path));
    const where = holder.host === own.host ? '' : ` on ${holder.host}`;
    throw new InputError(
      path,
      `process ${holder.pid}${where} is training into this folder`,
      `wait for it, choose another folder, or delete ${file} if that process has ended`,
    );
  }

  /**
   * Checks that the folder still belongs to this process. A lock file that was deleted is written again, and an empty folder in the place of
   * this one becomes this process's own.
   * @throws {Error} if another process has taken the folder
   * @throws {InputError} if another folder is in its place, or the lock file cannot be read or written
   */
  async confirm(): Promise<void> {
    const { path } = this.folder;
    if (this.isReleased) throw new Error(`${path}: the lock of this run folder was released`);
    const found = await this.read();
    if (found === this.text || (found === undefined && (await this.takeAgain()))) return;
    const owner = parseOwner((await this.read()) ?? '');
    throw new Error(
      `${path}: ${owner ? `process ${owner.pid} on ${owner.host}` : 'another process'} has taken over this run folder; nothing more is written into it`,
    );
  }

  /** Releases the folder. */
  async release(): Promise<void> {
    this.isReleased = true;
    clearInterval(this.heartbeat);
    if (await this.isHeld()) await rm(this.file, { force: true });
  }

  private get file(): string {
    return join(this.folder.path, LOCK_NAME);
  }

  private read(): Promise<string | undefined> {
    return this.folder.readText(LOCK_NAME, MAX_LOCK_BYTES);
  }

  private async isHeld(): Promise<boolean> {
    return (await this.read().catch(() => undefined)) === this.text;
  }

  private async refresh(): Promise<void> {
    const now = new Date();
    // The next checkpoint reports a full or unreachable disk.
    if (await this.isHeld()) await utimes(this.file, now, now).catch(() => undefined);
  }

  /** Writes the lock file again, and returns whether it did. */
  private async takeAgain(): Promise<boolean> {
    const { path } = this.folder;
    const inode = await inodeOf(path);
    if (inode !== '' && inode !== this.inode && (await readdir(path)).length > 0)
      throw new InputError(
        path,
        'another folder has replaced this run folder',
        'put the run folder back, or empty this one',
      );
    if (!(await create(this.file, this.text))) return false;
    this.inode = await inodeOf(path);
    return true;
  }
}

/** Returns what distinguishes a folder from another one that later has its path; empty if there is none. */
const inodeOf = (path: string): Promise<string> =>
  stat(path).then(
    ({ dev, ino }) => `${dev} ${ino}`,
    () => '',
  );

/** Reads a lock file. Returns undefined if there is none, and an empty string if it is too long to be a lock. */
const readLock = (file: string): Promise<string | undefined> =>
  wrapReadErrors(file, async () => {
    try {
      return (await readRegularFile(file, MAX_LOCK_BYTES)).toString('utf8');
    } catch (error) {
      if (error instanceof FileTooLargeError) return '';
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      return undefined;
    }
  });

/**
 * Creates a lock file, or replaces a stale one. Returns undefined if this process now holds the lock, else its living owner. A second lock,
 * named after the stale one, makes replacing exclusive.
 */
async function seize(file: string, text: string): Promise<Owner | undefined> {
  const start = performance.now();
  while (performance.now() - start < PATIENCE_SECONDS * 1000) {
    if (await create(file, text)) return undefined;
    const found = await inspect(file);
    if (found?.state === 'held') return found.owner;
    if (found?.state === 'stale' && (await replaceStale(file, text, found.id))) return undefined;
    // It was released, is being written, or another process is replacing it.
    await pause(POLL_MILLISECONDS);
  }
  throw new InputError(file, 'the lock cannot be taken, although no process holds it', 'delete the file');
}

/** Replaces a stale lock, and returns whether this process now holds it. */
async function replaceStale(file: string, text: string, id: string): Promise<boolean> {
  const guard = `${file}.${id}`;
  if ((await seize(guard, text)) !== undefined) return false;
  try {
    if ((await inspect(file))?.id !== id) return false;
    await writeFileAtomically(file, new TextEncoder().encode(text));
    return true;
  } finally {
    await rm(guard, { force: true });
  }
}

/** Creates a file with this text, and returns whether it did; false if the file exists. */
async function create(file: string, text: string): Promise<boolean> {
  let created = true;
  await wrapWriteErrors(file, async () => {
    try {
      const handle = await open(file, 'wx');
      try {
        await handle.writeFile(text);
      } catch (error) {
        // An empty lock would block other processes.
        await rm(file, { force: true });
        throw error;
      } finally {
        await handle.close();
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      created = false;
    }
  });
  // If this process was suspended in between, its empty file may have been replaced.
  return created && (await readLock(file)) === text;
}

type Found = { readonly id: string } & (
  { readonly state: 'held'; readonly owner: Owner } | { readonly state: 'stale' | 'settling' }
);

/** Returns the state of a lock, or undefined if it has just been released. */
async function inspect(file: string): Promise<Found | undefined> {
  const status = await lstat(file).catch(() => undefined);
  if (status === undefined) return undefined;
  // Locks are never links.
  if (status.isSymbolicLink()) return { id: String(status.ino), state: 'stale' };
  const text = await readLock(file);
  if (text === undefined) return undefined;
  // A time in the future comes from a different clock; its distance counts.
  const age = Math.abs(Date.now() - status.mtimeMs) / 1000;
  const owner = parseOwner(text);
  if (owner === undefined) return { id: String(status.ino), state: age < SETTLING_SECONDS ? 'settling' : 'stale' };
  const id = owner.token !== undefined && /^[\w-]{1,64}$/.test(owner.token) ? owner.token : String(status.ino);
  return (await isAlive(owner, age)) ? { id, state: 'held', owner } : { id, state: 'stale' };
}

function parseOwner(text: string): Owner | undefined {
  try {
    const owner = JSON.parse(text) as Partial<Owner> | null;
    return typeof owner?.pid === 'number' && typeof owner.host === 'string' && typeof owner.started === 'string'
      ? (owner as Owner)
      : undefined;
  } catch {
    return undefined;
  }
}

/** @param age seconds since the owner refreshed the lock, which alone counts if it runs on another host */
async function isAlive({ host, pid, started, system: owners }: Owner, age: number): Promise<boolean> {
  if (host !== hostname() || (owners !== undefined && owners !== (await system()))) return age < LOCK_MAX_AGE_SECONDS;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  const status = await statusOf(pid);
  return status.started === started && !ENDED.includes(status.state);
}

/** States of processes that have ended but were not yet reaped by their parent. */
const ENDED: readonly string[] = ['Z', 'X'];

/** Returns the state and start time of a process from /proc, if there is one: fields 1 and 20 after the name in parentheses. */
async function statusOf(pid: number): Promise<{ readonly state: string; readonly started: string }> {
  const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const fields = status.slice(status.lastIndexOf(')') + 2).split(' ');
  return { state: fields[0] ?? '', started: fields[19] ?? '' };
}

/** Returns the scope of process IDs: boot ID and process namespace. It is empty on systems without /proc. */
async function system(): Promise<string> {
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '');
  return [boot.trim(), await readlink('/proc/self/ns/pid').catch(() => '')].join(' ').trim();
}
