import { randomUUID } from 'node:crypto';
import { open, readFile, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { InputError } from '../errors.js';
import { writing } from '../files.node.js';
import { readTextFile } from '../regularFile.node.js';

/** Who holds a lock. The start of the process tells it from a later one that was given the same number. */
interface Owner {
  readonly host: string;
  readonly pid: number;
  readonly started: string;
}

/** How long a lock must stay before it counts: whoever judged its predecessor dead at the same time has removed it by then. */
const SETTLING_MILLISECONDS = 50;

/**
 * Takes a folder for this process: of two that try, one is refused. A lock whose process is dead does not count. Returns the function
 * that gives it back. Throws InputError if a living process holds it, or the folder cannot be written.
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  const file = join(folder, '.lock');
  const own: Owner = { host: hostname(), pid: process.pid, started: (await statusOf(process.pid)).started };
  // Two that try in one process are told apart by the token.
  const text = JSON.stringify({ ...own, token: randomUUID() });
  const isOwn = async () => (await readTextFile(file).catch(() => '')) === text;
  for (;;) {
    if (await create(file, text)) {
      await pause(SETTLING_MILLISECONDS);
      if (await isOwn()) return async () => void ((await isOwn()) && (await rm(file, { force: true })));
      continue;
    }
    const owner = await readOwner(file);
    if (owner !== undefined && (await isAlive(owner))) {
      throw new InputError(
        `${folder}: process ${owner.pid}${owner.host === own.host ? '' : ` on ${owner.host}`} is training into this folder; wait for it, or name another with --out`,
      );
    }
    await rm(file, { force: true });
  }
}

/** False if the file exists. */
async function create(file: string, text: string): Promise<boolean> {
  let created = true;
  await writing(file, async () => {
    try {
      const handle = await open(file, 'wx');
      await handle.writeFile(text);
      await handle.close();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      created = false;
    }
  });
  return created;
}

/** Undefined for a lock that a crash left empty or that was given back meanwhile. */
async function readOwner(file: string): Promise<Owner | undefined> {
  try {
    const owner = JSON.parse(await readTextFile(file)) as Partial<Owner> | null;
    return typeof owner?.pid === 'number' && typeof owner.host === 'string' && typeof owner.started === 'string' ? (owner as Owner) : undefined;
  } catch {
    return undefined;
  }
}

/** Of a process on another machine nothing is known: it counts as living. */
async function isAlive({ host, pid, started }: Owner): Promise<boolean> {
  if (host !== hostname()) return true;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  const status = await statusOf(pid);
  return status.started === started && !ENDED.includes(status.state);
}

/** States of processes that have ended, and whose parent was not told yet. */
const ENDED: readonly string[] = ['Z', 'X'];

/** The state of a process and when it started, where the system says so in /proc: of its status, after the name in brackets, the 1st and the 20th field. */
async function statusOf(pid: number): Promise<{ readonly state: string; readonly started: string }> {
  const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const fields = status.slice(status.lastIndexOf(')') + 2).split(' ');
  return { state: fields[0] ?? '', started: fields[19] ?? '' };
}
