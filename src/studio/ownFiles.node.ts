/** Files below the studio's folder, which may be anything: links are not followed, and no more is read than a file of its kind may have. */
import { constants } from 'node:fs';
import { type FileHandle, lstat, open, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { OPEN_FOR_READING, requireRegular } from '../files/regularFile.node.js';

/** Folder in the studio's folder for its own files. */
export const STUDIO_FOLDER = '.studio';
/** Folder in the studio's folder for uploaded data sets. It contains no runs. */
export const UPLOADS = 'uploads';

/** Some systems lack the flag. */
const WITHOUT_LINKS = OPEN_FOR_READING | (constants.O_NOFOLLOW ?? 0);

/**
 * Opens a regular file for an action.
 * @throws the system's error, also if the path is a link
 */
export async function withOwnFile<T>(path: string, action: (file: FileHandle, size: number) => Promise<T>): Promise<T> {
  const file = await open(path, WITHOUT_LINKS);
  try {
    const found = await file.stat();
    requireRegular(found);
    return await action(file, found.size);
  } finally {
    await file.close();
  }
}

/** Reads the last bytes of a file as text. It is empty if the file cannot be read. */
export async function readOwnText(
  path: string,
  limit: number,
): Promise<{ readonly text: string; readonly isWhole: boolean }> {
  const read = withOwnFile(path, async (file, size) => {
    const start = Math.max(0, size - limit);
    const { buffer, bytesRead } = await file.read(
      Buffer.alloc(Math.min(size, limit) || 1),
      0,
      Math.min(size, limit),
      start,
    );
    return { text: buffer.toString('utf8', 0, bytesRead), isWhole: start === 0 };
  });
  return read.catch(() => ({ text: '', isWhole: true }));
}

/** Reads the last lines of a file, without one that is cut off. */
export async function readOwnLines(path: string, limit: number): Promise<string[]> {
  const { text, isWhole } = await readOwnText(path, limit);
  const lines = text.split('\n');
  return isWhole ? lines : lines.slice(1);
}

/** Whether a folder is one, and no link on the way from `base` leads elsewhere. */
export async function isOwnFolder(base: string, ...names: readonly string[]): Promise<boolean> {
  const path = join(base, ...names);
  const found = await lstat(path).catch(() => undefined);
  return (found?.isDirectory() ?? false) && (await realpath(path)) === [await realpath(base), ...names].join(sep);
}

/** A file that is served; its handle is closed with its stream, or by the caller if nothing is read. */
export interface OpenedFile {
  readonly file: FileHandle;
  readonly size: number;
  /** Changes with the file. */
  readonly version: string;
}

/** Opens a file in a folder of a run, if it is a regular file there; undefined for anything else. */
export async function openOwnFile(folder: string, kind: string, name: string): Promise<OpenedFile | undefined> {
  if (!(await isOwnFolder(folder, kind))) return undefined;
  const file = await open(join(folder, kind, name), WITHOUT_LINKS).catch(() => undefined);
  const found = await file?.stat();
  if (file && found?.isFile()) return { file, size: found.size, version: `${found.size}-${Math.round(found.mtimeMs)}` };
  await file?.close();
  return undefined;
}
