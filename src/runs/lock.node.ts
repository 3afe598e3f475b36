import { randomUUID } from 'node:crypto';
import { lstat, open, readdir, readFile, rm, stat, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { InputError } from '../errors.js';
import {
  errorCode,
  isRunning,
  SYSTEM,
  wrapReadErrors,
  wrapWriteErrors,
  writeFileAtomically,
} from '../files/atomic.node.js';
import { FileTooLargeError, readRegularFile } from '../files/regularFile.node.js';
import { parseJson } from '../validation.js';
import { OwnFolder } from './ownFolder.node.js';

interface Owner {
  host: string;
  pid: number;
  /** Distinguishes the process from a later one with the same ID. */
  started: string;
  /** Its process IDs cannot be looked up on another. */
  system?: string;
  /** Distinguishes the locks of one process. */
  token?: string;
}

export const LOCK_NAME = '.lock';
const MAX_LOCK_BYTES = 4096;

/** Since the last refresh by another host. */
export const LOCK_MAX_AGE_SECONDS = 120;
const HEARTBEAT_SECONDS = 10;
/** A younger lock that cannot be parsed is being written. */
const SETTLING_SECONDS = 1;
/** For processes that replace a stale lock. */
const PATIENCE_SECONDS = 30;
const POLL_MILLISECONDS = 20;

export async function holderOf(folder: string) {
  return (await inspect(join(folder, LOCK_NAME)))?.owner;
}

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

  /** Exactly one of several contenders succeeds. @throws {InputError} if a living process holds the lock */
  static async take(path: string) {
    const file = join(path, LOCK_NAME);
    const [host, { pid }] = [hostname(), process];
    const { started } = await statusOf(pid);
    const text = JSON.stringify({ host, pid, started, system: SYSTEM, token: randomUUID() } satisfies Owner);
    const holder = await seize(file, text);
    if (holder === undefined) return new FolderLock(await OwnFolder.at(path), text, await inodeOf(path));
    const where = holder.host === host ? '' : ` on ${holder.host}`;
    throw new InputError(
      path,
      `process ${holder.pid}${where} is training into this folder`,
      `wait for it, choose another folder, or delete ${file} if that process has ended`,
    );
  }

  /** Writes a deleted lock file again, also into an empty folder that replaced this one. */
  async confirm() {
    const { path } = this.folder;
    if (this.isReleased) throw new Error(`${path}: the lock of this run folder was released`);
    const found = await this.read();
    if (found === this.text || (found === undefined && (await this.takeAgain()))) return;
    const owner = parseOwner((await this.read()) ?? '');
    const holder = owner ? `process ${owner.pid} on ${owner.host}` : 'another process';
    throw new Error(`${path}: ${holder} has taken over this run folder; nothing more is written into it`);
  }

  async release() {
    this.isReleased = true;
    clearInterval(this.heartbeat);
    if (await this.isHeld()) await rm(this.file, { force: true });
  }

  private get file() {
    return join(this.folder.path, LOCK_NAME);
  }

  private read() {
    return this.folder.readText(LOCK_NAME, MAX_LOCK_BYTES);
  }

  private async isHeld() {
    return (await this.read().catch(() => undefined)) === this.text;
  }

  private async refresh() {
    const now = new Date();
    // The next checkpoint reports a full or unreachable disk.
    if (await this.isHeld()) await utimes(this.file, now, now).catch(() => undefined);
  }

  private async takeAgain() {
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

/** Distinguishes folders that replace each other; empty if there is none. */
const inodeOf = (path: string) =>
  stat(path).then(
    ({ dev, ino }) => `${dev} ${ino}`,
    () => '',
  );

/** Undefined if there is no file, and empty if it is too long. */
const readLock = (file: string) =>
  wrapReadErrors(file, async () => {
    try {
      return (await readRegularFile(file, MAX_LOCK_BYTES)).toString('utf8');
    } catch (error) {
      if (error instanceof FileTooLargeError) return '';
      if (errorCode(error) !== 'ENOENT') throw error;
      return undefined;
    }
  });

/** Returns the living owner if there is one. */
async function seize(file: string, text: string): Promise<Owner | undefined> {
  const start = performance.now();
  while (performance.now() - start < PATIENCE_SECONDS * 1000) {
    if (await create(file, text)) return undefined;
    const found = await inspect(file);
    if (found?.owner) return found.owner;
    if (found?.isStale && (await replaceStale(file, text, found.id))) return undefined;
    // It was released, or is being written or replaced.
    await pause(POLL_MILLISECONDS);
  }
  throw new InputError(file, 'the lock cannot be taken, although no process holds it', 'delete the file');
}

/** A second lock, named after the stale one, makes this exclusive. */
async function replaceStale(file: string, text: string, id: string) {
  const guard = `${file}.${id}`;
  if ((await seize(guard, text)) !== undefined) return false;
  try {
    if ((await inspect(file))?.id !== id) return false;
    await writeFileAtomically(file, text);
    return true;
  } finally {
    await rm(guard, { force: true });
  }
}

/** Returns false if the file exists. */
async function create(file: string, text: string) {
  const isCreated = await wrapWriteErrors(file, async () => {
    const handle = await open(file, 'wx').catch((error: unknown) => {
      if (errorCode(error) !== 'EEXIST') throw error;
    });
    if (!handle) return false;
    try {
      await handle.writeFile(text);
      return true;
    } catch (error) {
      // An empty lock would block other processes.
      await rm(file, { force: true });
      throw error;
    } finally {
      await handle.close();
    }
  });
  // While this process was suspended, another may have replaced its empty file.
  return isCreated && (await readLock(file)) === text;
}

/** The owner is absent unless it is alive. */
async function inspect(file: string): Promise<{ id: string; owner?: Owner; isStale: boolean } | undefined> {
  const status = await lstat(file).catch(() => undefined);
  if (status === undefined) return undefined;
  const inode = String(status.ino);
  // Locks are never links.
  if (status.isSymbolicLink()) return { id: inode, isStale: true };
  const text = await readLock(file);
  if (text === undefined) return undefined;
  // The clock of another host may be ahead.
  const age = Math.abs(Date.now() - status.mtimeMs) / 1000;
  const owner = parseOwner(text);
  if (owner === undefined) return { id: inode, isStale: age >= SETTLING_SECONDS };
  const id = owner.token !== undefined && /^[\w-]{1,64}$/.test(owner.token) ? owner.token : inode;
  return (await isAlive(owner, age)) ? { id, owner, isStale: false } : { id, isStale: true };
}

function parseOwner(text: string) {
  const owner = parseJson(text) as Partial<Owner> | null | undefined;
  return typeof owner?.pid === 'number' && typeof owner.host === 'string' && typeof owner.started === 'string'
    ? (owner as Owner)
    : undefined;
}

/** @param age seconds since the last refresh, which alone counts on another host */
async function isAlive({ host, pid, started, system }: Owner, age: number) {
  if (host !== hostname() || (system !== undefined && system !== SYSTEM)) return age < LOCK_MAX_AGE_SECONDS;
  if (!isRunning(pid)) return false;
  const status = await statusOf(pid);
  // Z and X: ended, but not reaped by the parent yet.
  return status.started === started && !['Z', 'X'].includes(status.state);
}

/** Reads /proc, if there is one: fields 1 and 20 after the name in parentheses. */
async function statusOf(pid: number) {
  const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const fields = status.slice(status.lastIndexOf(')') + 2).split(' ');
  return { state: fields[0] ?? '', started: fields[19] ?? '' };
}
