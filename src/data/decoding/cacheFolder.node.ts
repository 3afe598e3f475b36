import { randomUUID } from 'node:crypto';
import { readdir, rename, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { InputError } from '../../errors.js';

const GIGABYTE = 1e9;
const DEFAULT_LIMIT = 20;
/** Unfinished entries that nothing was written to for so long are what a process left that was killed. */
const ABANDONED_AFTER_MS = 3_600_000;
const ENTRY_NAME = /^[0-9a-f]{64}$/;
const UNFINISHED_NAME = /^\.(partial|removed)-/;

type Environment = Readonly<Record<string, string | undefined>>;

/** Where decoded images are kept from one command to the next: AGENET_CACHE, or a folder in the user's cache. */
export function defaultCacheFolder(environment: Environment = process.env): string {
  if (environment.AGENET_CACHE) return environment.AGENET_CACHE;
  if (environment.XDG_CACHE_HOME) return join(environment.XDG_CACHE_HOME, 'agenet');
  return join(homedir(), '.cache', 'agenet');
}

/** How many bytes they may take together: AGENET_CACHE_LIMIT in GB, or 20 GB. Throws InputError for what is no such number. */
export function cacheLimit(environment: Environment = process.env): number {
  const given = environment.AGENET_CACHE_LIMIT;
  const gigabytes = given === undefined || given === '' ? DEFAULT_LIMIT : Number(given);
  if (!(gigabytes >= 0)) throw new InputError(`AGENET_CACHE_LIMIT="${given}": should be the largest size of the cache in GB, such as 20`);
  return gigabytes * GIGABYTE;
}

/** A new name in a folder of entries for one that is being written or removed. */
export const unfinishedPath = (folder: string, purpose: 'partial' | 'removed'): string => join(folder, `.${purpose}-${randomUUID()}`);

/** Takes an entry away at once, then deletes it: nobody sees a half of it. Whether it is gone. */
export async function removeEntry(folder: string, name: string): Promise<boolean> {
  const aside = unfinishedPath(folder, 'removed');
  try {
    await rename(join(folder, name), aside);
    await rm(aside, { recursive: true, force: true });
    return true;
  } catch {
    // Another process was quicker, or holds it open on a system that forbids this.
    return false;
  }
}

/**
 * Removes the entries that were used least recently until those that are left have at most `limit` bytes, but not the one named `keep`;
 * and what killed processes left. What cannot be removed stays: the cache is a convenience.
 */
export async function trimCache(folder: string, limit: number, keep: string): Promise<void> {
  const names = await readdir(folder).catch(() => [] as string[]);
  await Promise.all(names.filter((name) => UNFINISHED_NAME.test(name)).map((name) => removeAbandoned(folder, name)));
  const entries = await Promise.all(names.filter((name) => ENTRY_NAME.test(name)).map((name) => describeEntry(folder, name)));
  let total = entries.reduce((sum, { bytes }) => sum + bytes, 0);
  for (const { name, bytes } of entries.filter((entry) => entry.name !== keep).sort((a, b) => a.lastUse - b.lastUse)) {
    if (total <= limit) return;
    if (await removeEntry(folder, name)) total -= bytes;
  }
}

/** The index is touched whenever an entry is opened. */
async function describeEntry(folder: string, name: string): Promise<{ name: string; bytes: number; lastUse: number }> {
  const [pixels, checksums, index] = await Promise.all(
    ['pixels', 'checksums', 'index.json'].map((file) => stat(join(folder, name, file)).catch(() => undefined)),
  );
  return { name, bytes: (pixels?.size ?? 0) + (checksums?.size ?? 0) + (index?.size ?? 0), lastUse: index?.mtimeMs ?? 0 };
}

async function removeAbandoned(folder: string, name: string): Promise<void> {
  const found = await Promise.all([join(folder, name), join(folder, name, 'pixels')].map((path) => stat(path).catch(() => undefined)));
  const lastWritten = Math.max(...found.map((each) => each?.mtimeMs ?? 0));
  if (Date.now() - lastWritten > ABANDONED_AFTER_MS) await rm(join(folder, name), { recursive: true, force: true }).catch(() => undefined);
}
