import { randomUUID } from 'node:crypto';
import { lstat, open, readdir, readFile, readlink, rm, stat, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { InputError } from '../errors.js';
import { wrapReadErrors, wrapWriteErrors, writeFileAtomically } from '../files/atomic.node.js';
import { FileTooLargeError, readRegularFile } from '../files/regularFile.node.js';
import { OwnFolder } from './ownFolder.node.js';

interface Owner {
  readonly host: string;
  readonly pid: number;
  /** Distinguishes the process from a later one with the same ID. */
  readonly started: string;
  /** Boot and process namespace; process IDs of another one cannot be looked up. */
  readonly system?: string;
  /** Distinguishes the locks of one process. */
  readonly token?: string;
}

export const LOCK_NAME = '.lock';
const MAX_LOCK_BYTES = 4096;

/** A lock of another host is stale if it was not refreshed for this time. */
export const LOCK_MAX_AGE_SECONDS = 120;
const HEARTBEAT_SECONDS = 10;
/** A lock that cannot be parsed counts as being written until this age. */
const SETTLING_SECONDS = 1;
/** How long to wait while processes replace a stale lock. */
const PATIENCE_SECONDS = 30;
const POLL_MILLISECONDS = 20;

/** Returns the process that trains into a folder, if one does. */
export async function holderOf(folder: string): Promise<{ readonly host: string; readonly pid: number } | undefined> {
  const found = await inspect(join(folder, LOCK_NAME));
  return found?.state === 'held' ? { host: found.owner.host, pid: found.owner.pid } : undefined;
}

/** The right of this process to write into a folder: a file in it, whose time is refreshed. */
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
   * Takes a folder; exactly one of several contenders succeeds. A lock whose owner has ended does not count.
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
   * Checks that the folder still belongs to this process. Writes a deleted lock file again, also into an empty folder in the place of this one.
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

  /** Returns whether it wrote the lock file again. */
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

/** Distinguishes a folder from another one that later has its path; empty if there is none. */
const inodeOf = (path: string): Promise<string> =>
  stat(path).then(
    ({ dev, ino }) => `${dev} ${ino}`,
    () => '',
  );

/** Returns undefined if there is no file, and an empty string if it is too long to be a lock. */
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
 * Creates a lock file, or replaces a stale one. Returns the living owner if there is one. A second lock, named after the stale one, makes
 * replacing exclusive.
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

/** Returns whether this process now holds the lock. */
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

/** Returns false if the file exists. */
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

/** Returns undefined if the lock has just been released. */
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

/** @param age seconds since the owner refreshed the lock, which alone count if it runs on another host */
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

/** Ended, but not reaped by the parent yet. */
const ENDED: readonly string[] = ['Z', 'X'];

/** Reads /proc, if there is one: fields 1 and 20 after the name in parentheses. */
async function statusOf(pid: number): Promise<{ readonly state: string; readonly started: string }> {
  const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const fields = status.slice(status.lastIndexOf(')') + 2).split(' ');
  return { state: fields[0] ?? '', started: fields[19] ?? '' };
}

/** Boot ID and process namespace; empty on systems without /proc. */
async function system(): Promise<string> {
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '');
  return [boot.trim(), await readlink('/proc/self/ns/pid').catch(() => '')].join(' ').trim();
}
