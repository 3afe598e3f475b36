import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, readlinkSync, type Stats } from 'node:fs';
import { readdir, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';

/** Of the 255 bytes of a name, partial ones add 34. */
const MAX_STEM_BYTES = 200;
const hexDigest = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Systems other than Linux have no /proc. */
const orEmpty = (read: () => string): string => {
  try {
    return read();
  } catch {
    return '';
  }
};

/** A process ID is unique on this machine since it was started, without other containers. */
const SYSTEM = hexDigest(
  [
    hostname(),
    orEmpty(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8')),
    orEmpty(() => readlinkSync('/proc/self/ns/pid')),
  ].join('\n'),
).slice(0, 8);

/** Returns a new path in the same folder: the name, this process and a random number. */
export function partialPath(path: string): string {
  const name = basename(path);
  const stem = Buffer.byteLength(name) > MAX_STEM_BYTES ? hexDigest(name).slice(0, 32) : name;
  const owner = SYSTEM + process.pid.toString(16).padStart(8, '0');
  return join(dirname(path), `.${stem}.${owner}${randomBytes(4).toString('hex')}.partial`);
}

/** Whether a file or folder is being written, or its process was killed. */
export const isPartial = (name: string): boolean => /^\..*\.partial$/s.test(name);

const OWNER = /\.([\da-f]{8})([\da-f]{8})[\da-f]{8}\.partial$/;
/** Age without a write at which a partial file of another system is abandoned. */
const ABANDONED_AFTER_MS = 3_600_000;

const cleaned = new Set<string>();

/** Once per folder and process. */
export async function removeAbandonedOnce(folder: string): Promise<void> {
  const path = resolve(folder);
  if (cleaned.has(path)) return;
  cleaned.add(path);
  await removeAbandoned(path);
}

/** Ignores failures. */
export async function removeAbandoned(folder: string): Promise<void> {
  const names = (await readdir(folder).catch(() => [])).filter(isPartial);
  for (const path of names.map((name) => join(folder, name)))
    if (await isAbandoned(path)) await rm(path, { recursive: true, force: true }).catch(() => undefined);
}

async function isAbandoned(path: string): Promise<boolean> {
  const [, system, pid] = OWNER.exec(path) ?? [];
  if (system === SYSTEM && !isRunning(Number.parseInt(pid!, 16))) return true;
  const times = (await statesOf(path)).map((each) => each?.mtimeMs ?? 0);
  return Date.now() - Math.max(...times) > ABANDONED_AFTER_MS;
}

/** Returns the states of a file or folder, then of what is inside. */
export async function statesOf(path: string): Promise<(Stats | undefined)[]> {
  const inside = (await readdir(path).catch(() => [])).map((name) => join(path, name));
  return Promise.all([path, ...inside].map((each) => stat(each).catch(() => undefined)));
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Processes of other users may not be signaled.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
