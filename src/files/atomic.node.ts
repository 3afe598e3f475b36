import { randomUUID } from 'node:crypto';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { InputError } from '../errors.js';

/** Writes a file whole or not at all: to a temporary name beside it, flushed to the disk, then renamed. Throws InputError if it cannot be written. */
export async function writeFileAtomically(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = unfinishedName(path);
  await wrapWriteErrors(path, async () => {
    try {
      await writeAndSync(temporary, bytes);
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  });
}

/** A name beside a file for what becomes that file, different each time: processes in two containers may have the same number. */
export const unfinishedName = (path: string): string => join(dirname(path), `.${basename(path)}.${randomUUID().slice(0, 8)}.partial`);

/** Writes a file and waits until it is on the disk. */
export async function writeAndSync(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'w');
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

/**
 * Makes a folder, and those above it that are missing; one that is there already is fine. Throws the system's error. Node's own way does
 * not end on file systems that say of a folder that cannot be made that it is missing, and says it of those that are read-only.
 */
export async function makeFolder(path: string): Promise<void> {
  const failure = await mkdir(path).catch((error: NodeJS.ErrnoException) => error);
  if (!failure || (failure.code === 'EEXIST' && (await isFolder(path)))) return;
  const parent = dirname(path);
  if (failure.code !== 'ENOENT' || (await isFolder(parent))) throw failure;
  await makeFolder(parent);
  await makeFolder(path);
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}

/** Runs something that reads, and turns the system's refusals into an error that the user can act on. */
export async function wrapReadErrors<T>(path: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw new InputError(`${path}: cannot be read (${describeSystemError(error)})`, { cause: error });
  }
}

/** The same for something that writes. */
export async function wrapWriteErrors(path: string, action: () => Promise<unknown>): Promise<void> {
  try {
    await action();
  } catch (error) {
    throw new InputError(`${path}: cannot be written (${writingFailure(error)})`, { cause: error });
  }
}

/** Whether something could not be written because there was no room for it: it can be tried again when there is. */
export const isDiskFull = (error: unknown): boolean =>
  error instanceof InputError && ['ENOSPC', 'EDQUOT'].includes((error.cause as NodeJS.ErrnoException | undefined)?.code ?? '');

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'not permitted',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  ENOENT: 'there is no such file or folder',
  ENOTDIR: 'a part of the path is not a folder',
  EEXIST: 'a file is in the way',
  EISDIR: 'it is a folder',
  ELOOP: 'its links lead in a circle',
  EMFILE: 'too many files are open',
  ENFILE: 'too many files are open',
  EFBIG: 'the file would exceed the size limit',
  EIO: 'the disk reports an error',
  ENXIO: 'expected a regular file but got a socket or a device',
};

/** Why the system refused something, in words. */
export const describeSystemError = (error: unknown): string =>
  REASONS[(error as NodeJS.ErrnoException).code ?? ''] ?? (error instanceof Error ? error.message : String(error));

/** The same for writing, where what does not exist can only be the folder. */
export const writingFailure = (error: unknown): string =>
  (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'its folder does not exist' : describeSystemError(error);
