import { readdir, rename, rm, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isFolder, makeFolder, partialPath, removeAbandoned, statesOf, writeFileAtomically } from './atomic.node.js';

/** For trimming. A cache that cannot be written can still be read. */
export const markUsed = (path: string) => utimes(path, new Date(), new Date()).catch(() => undefined);

export async function writeEntry(path: string, bytes: Uint8Array) {
  await makeFolder(dirname(path));
  // A rename cannot replace a folder.
  if (await isFolder(path)) await rm(path, { recursive: true });
  await writeFileAtomically(path, bytes);
}

/** Renames an entry first, so that no process sees half of it. Returns whether it is gone. */
export async function removeEntry(path: string) {
  const aside = partialPath(path);
  try {
    await rename(path, aside);
    await rm(aside, { recursive: true, force: true });
    return true;
  } catch {
    // Another process was faster, or has it open on Windows.
    return false;
  }
}

/**
 * Removes abandoned files, and the least recently used entries beyond `limit` bytes except `keep`. Ignores failures.
 */
export async function trimCache(folder: string, limit: number, isEntry: (name: string) => boolean, keep: string) {
  await removeAbandoned(folder);
  const names = (await readdir(folder).catch(() => [])).filter(isEntry);
  const entries = await Promise.all(names.map((name) => describeEntry(join(folder, name))));
  let total = entries.reduce((sum, { bytes }) => sum + bytes, 0);
  for (const { path, bytes } of entries.sort((a, b) => a.lastUse - b.lastUse)) {
    if (total <= limit) return;
    if (path !== join(folder, keep) && (await removeEntry(path))) total -= bytes;
  }
}

async function describeEntry(path: string) {
  const [entry, ...files] = await statesOf(path);
  const sized = files.length > 0 ? files : [entry];
  return { path, bytes: sized.reduce((sum, file) => sum + (file?.size ?? 0), 0), lastUse: entry?.mtimeMs ?? 0 };
}
