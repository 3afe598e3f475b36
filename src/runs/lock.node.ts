import { randomUUID } from 'node:crypto';
import { lstat, open, readFile, readlink, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { InputError } from '../errors.js';
import { describeSystemError, wrapWriteErrors } from '../files/atomic.node.js';
import { readTextFile } from '../files/regularFile.node.js';

/** Who holds a lock, as its file records it. */
interface Owner {
  readonly host: string;
  readonly pid: number;
  /** When the process started: it distinguishes the process from a later one of the same number. */
  readonly started: string;
  /** The boot and the process namespace that the number belongs to; processes of another cannot be looked up. */
  readonly system?: string;
  /** Distinguishes locks of one process. */
  readonly token?: string;
}

export const LOCK_NAME = '.lock';

/** A lock whose owner cannot be looked up, because it runs on another host, is stale if it was not refreshed for so long. */
export const LOCK_MAX_AGE_SECONDS = 120;
const HEARTBEAT_SECONDS = 10;
/** A lock that cannot be parsed is being written, unless it is older. */
const SETTLING_SECONDS = 1;
/** How long processes may be busy with replacing a stale lock. */
const PATIENCE_SECONDS = 30;
/** Milliseconds before another look at a lock that is about to change. */
const POLL_MILLISECONDS = 20;

/** The right of this process to write into a folder, as a file in it. The file's time is refreshed while the lock is held. */
export class FolderLock {
  private readonly heartbeat: NodeJS.Timeout;

  private constructor(
    private readonly folder: string,
    private readonly text: string,
  ) {
    this.heartbeat = setInterval(() => void this.refresh(), HEARTBEAT_SECONDS * 1000).unref();
  }

  /**
   * Takes a folder for this process: of several that try, exactly one succeeds. A lock whose owner has ended does not count.
   * @throws {InputError} if a living process holds it, or the folder cannot be written
   */
  static async take(folder: string): Promise<FolderLock> {
    const file = join(folder, LOCK_NAME);
    const own: Owner = { host: hostname(), pid: process.pid, started: (await statusOf(process.pid)).started, system: await system(), token: randomUUID() };
    const text = JSON.stringify(own);
    const holder = await seize(file, text);
    if (holder === undefined) return new FolderLock(folder, text);
    const where = holder.host === own.host ? '' : ` on ${holder.host}`;
    throw new InputError(
      `${folder}: process ${holder.pid}${where} is training into this folder; wait for it, choose another folder with --out, or delete ${file} if that process has ended`,
    );
  }

  /**
   * Makes sure that the folder still belongs to this process. A lock file that is gone, by hand or with its folder, is written again.
   * @throws {Error} if another process has taken the folder
   * @throws {InputError} if the lock file cannot be read or written
   */
  async confirm(): Promise<void> {
    const found = await readText(this.file);
    if (found === this.text || (found === undefined && (await create(this.file, this.text)))) return;
    const owner = parseOwner((await readText(this.file)) ?? '');
    throw new Error(
      `${this.folder}: ${owner ? `process ${owner.pid} on ${owner.host}` : 'another process'} has taken this run folder; nothing more is written into it`,
    );
  }

  /** Gives the folder back. */
  async release(): Promise<void> {
    clearInterval(this.heartbeat);
    if (await this.isHeld()) await rm(this.file, { force: true });
  }

  private get file(): string {
    return join(this.folder, LOCK_NAME);
  }

  private async isHeld(): Promise<boolean> {
    return (await readText(this.file).catch(() => undefined)) === this.text;
  }

  private async refresh(): Promise<void> {
    const now = new Date();
    // A full or unreachable disk shows when the next checkpoint is written.
    if (await this.isHeld()) await utimes(this.file, now, now).catch(() => undefined);
  }
}

/**
 * Creates a lock file, in the place of one whose owner has ended. Returns undefined if the lock is now ours, else its living owner.
 * Replacing a stale lock is exclusive in its turn: of several processes that found it stale, the one that holds the lock of that name
 * may replace it, and only while it is still the same.
 */
async function seize(file: string, text: string): Promise<Owner | undefined> {
  const start = performance.now();
  while (performance.now() - start < PATIENCE_SECONDS * 1000) {
    if (await create(file, text)) return undefined;
    const found = await inspect(file);
    if (found?.state === 'held') return found.owner;
    if (found?.state === 'stale' && (await replaceStale(file, text, found.id))) return undefined;
    // It was given back, is being written, or another process is replacing it.
    await pause(POLL_MILLISECONDS);
  }
  throw new InputError(`${file}: cannot be taken although no process holds it; delete it`);
}

/** Whether a stale lock was replaced by ours. */
async function replaceStale(file: string, text: string, id: string): Promise<boolean> {
  const guard = `${file}.${id}`;
  if ((await seize(guard, text)) !== undefined) return false;
  try {
    if ((await inspect(file))?.id !== id) return false;
    await replace(file, text);
    return true;
  } finally {
    await rm(guard, { force: true });
  }
}

/** Whether the file was created with this text; false if there is one. */
async function create(file: string, text: string): Promise<boolean> {
  let created = true;
  await wrapWriteErrors(file, async () => {
    try {
      const handle = await open(file, 'wx');
      try {
        await handle.writeFile(text);
      } catch (error) {
        // An empty lock would hold others up.
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
  // A process that was stopped in between may find that its empty file was replaced.
  return created && (await readText(file)) === text;
}

async function replace(file: string, text: string): Promise<void> {
  const temporary = join(dirname(file), `${basename(file)}.${randomUUID()}.partial`);
  await wrapWriteErrors(file, async () => {
    await writeFile(temporary, text, { flag: 'wx' });
    await rename(temporary, file);
  });
}

/** Undefined if there is no file. */
async function readText(file: string): Promise<string | undefined> {
  try {
    return await readTextFile(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new InputError(`${file}: cannot be read (${describeSystemError(error)})`);
  }
}

type Found = { readonly id: string } & ({ readonly state: 'held'; readonly owner: Owner } | { readonly state: 'stale' | 'settling' });

/** A lock as it stands; undefined if it has just been given back. */
async function inspect(file: string): Promise<Found | undefined> {
  const status = await lstat(file).catch(() => undefined);
  if (status === undefined) return undefined;
  // No lock of ours is a link.
  if (status.isSymbolicLink()) return { id: String(status.ino), state: 'stale' };
  const text = await readText(file);
  if (text === undefined) return undefined;
  // A time in the future comes from another clock: it is as old as it is young.
  const age = Math.abs(Date.now() - status.mtimeMs) / 1000;
  const owner = parseOwner(text);
  if (owner === undefined) return { id: String(status.ino), state: age < SETTLING_SECONDS ? 'settling' : 'stale' };
  const id = owner.token !== undefined && /^[\w-]{1,64}$/.test(owner.token) ? owner.token : String(status.ino);
  return (await isAlive(owner, age)) ? { id, state: 'held', owner } : { id, state: 'stale' };
}

function parseOwner(text: string): Owner | undefined {
  try {
    const owner = JSON.parse(text) as Partial<Owner> | null;
    return typeof owner?.pid === 'number' && typeof owner.host === 'string' && typeof owner.started === 'string' ? (owner as Owner) : undefined;
  } catch {
    return undefined;
  }
}

/** @param age seconds since the owner refreshed the lock: all that is known of a process on another host */
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

/** States of processes that have ended but whose parent has not asked for their status yet. */
const ENDED: readonly string[] = ['Z', 'X'];

/** The state of a process and when it started, if the system has /proc: after the name in parentheses, fields 1 and 20 of its status. */
async function statusOf(pid: number): Promise<{ readonly state: string; readonly started: string }> {
  const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const fields = status.slice(status.lastIndexOf(')') + 2).split(' ');
  return { state: fields[0] ?? '', started: fields[19] ?? '' };
}

/** What process numbers refer to: this boot of the kernel, and the process namespace of this container. Empty on systems without /proc. */
async function system(): Promise<string> {
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '');
  return [boot.trim(), await readlink('/proc/self/ns/pid').catch(() => '')].join(' ').trim();
}
