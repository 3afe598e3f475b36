import { rmSync } from 'node:fs';
import { type FileHandle, mkdir, open, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { InputError, messageOf } from '../errors.js';
import { partialPath, removeAbandonedOnce } from './partial.node.js';

/** @throws {InputError} if the file cannot be written */
export const writeFileAtomically = (path: string, bytes: Uint8Array): Promise<void> =>
  writeFileInPieces(path, (append) => append(bytes));

/** Returns a number for names of files, such as 000123: they sort by number. */
export const numbered = (number: number): string => String(number).padStart(6, '0');

type Append = (bytes: Uint8Array) => Promise<void>;

/**
 * Writes a file completely or not at all: `write` appends pieces to a partial file, which is then synced to disk and
 * renamed. The next process that writes into the folder removes the partial file of a killed one.
 * @param signal aborts at the next piece, and rejects with its reason
 * @throws {InputError} if the file cannot be written
 */
export async function writeFileInPieces(
  path: string,
  write: (append: Append) => Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  await removeAbandonedOnce(dirname(path));
  const partial = partialPath(path);
  let handle: FileHandle | undefined;
  await wrapWriteErrors(path, async () => (handle = await open(partial, 'w')));
  // No catch runs if the process exits while a promise is pending.
  const removeAtExit = () => rmSync(partial, { force: true });
  process.once('exit', removeAtExit);
  try {
    await write(async (bytes) => {
      signal?.throwIfAborted();
      await wrapWriteErrors(path, async () => {
        for (let done = 0; done < bytes.length;) done += (await handle!.write(bytes, done)).bytesWritten;
      });
    });
    signal?.throwIfAborted();
    await wrapWriteErrors(path, async () => {
      await handle!.sync();
      await handle!.close();
      await rename(partial, path);
    });
  } catch (error) {
    await handle!.close().catch(() => undefined);
    await rm(partial, { force: true });
    // Streams reject with errors of their own after an abort.
    signal?.throwIfAborted();
    throw error;
  } finally {
    process.off('exit', removeAtExit);
  }
}

/**
 * Writes all files of a new or empty folder, or none. Syncing thousands one by one would take minutes.
 * @param names paths below the folder
 * @param signal aborts before the next file
 * @throws {InputError} if a file cannot be written
 */
export async function writeFolderAtomically(
  path: string,
  names: readonly string[],
  contentOf: (index: number) => Promise<Uint8Array>,
  signal: AbortSignal,
): Promise<void> {
  const target = resolve(path);
  await removeAbandonedOnce(dirname(target));
  const partial = partialPath(target);
  await wrapWriteErrors(path, () => makeFolder(partial));
  const remove = () => rmSync(partial, { recursive: true, force: true });
  process.once('exit', remove);
  try {
    for (const folder of new Set(names.map((name) => dirname(name))))
      await wrapWriteErrors(path, () => makeFolder(join(partial, folder)));
    for (const [index, name] of names.entries()) {
      signal.throwIfAborted();
      const bytes = await contentOf(index);
      await wrapWriteErrors(join(path, name), () => writeFile(join(partial, name), bytes));
    }
    await wrapWriteErrors(path, () => rename(partial, target));
  } finally {
    process.off('exit', remove);
    remove();
  }
}

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
 * Creates missing parents too. On file systems that report ENOENT for a folder that cannot be created, recursive mkdir
 * of Node never returns.
 */
export async function makeFolder(path: string): Promise<void> {
  const failure = await mkdir(path).catch((error: NodeJS.ErrnoException) => error);
  if (!failure || (failure.code === 'EEXIST' && (await isFolder(path)))) return;
  const parent = dirname(path);
  if (failure.code !== 'ENOENT' || (await isFolder(parent))) throw failure;
  await makeFolder(parent);
  await makeFolder(path);
}

export const isFolder = async (path: string): Promise<boolean> =>
  (await stat(path).catch(() => undefined))?.isDirectory() ?? false;

/** @throws {InputError} with the path if the system refuses the action */
export async function wrapReadErrors<T>(path: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw new InputError(path, `cannot be read (${describeSystemError(error)})`, undefined, { cause: error });
  }
}

export async function wrapWriteErrors(path: string, action: () => Promise<unknown>): Promise<void> {
  try {
    await action();
  } catch (error) {
    throw new InputError(path, `cannot be written (${writingFailure(error)})`, undefined, { cause: error });
  }
}

/** Whether an error of `wrapWriteErrors` may pass when the disk has space again. */
export const isDiskFull = (error: unknown): boolean =>
  error instanceof InputError &&
  ['ENOSPC', 'EDQUOT'].includes((error.cause as NodeJS.ErrnoException | undefined)?.code ?? '');

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'not permitted',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  ENOENT: 'no such file or folder',
  ENOTDIR: 'a part of the path is not a folder',
  ENAMETOOLONG: 'the name is too long',
  EEXIST: 'a file is in the way',
  EISDIR: 'it is a folder',
  ELOOP: 'its links lead in a circle',
  EMFILE: 'too many files are open',
  ENFILE: 'too many files are open',
  EFBIG: 'the file would exceed the size limit',
  EIO: 'the disk reports an error',
  ENXIO: 'expected a regular file but got a socket or a device',
};

export const describeSystemError = (error: unknown): string =>
  REASONS[(error as NodeJS.ErrnoException).code ?? ''] ?? messageOf(error);

/** Only the folder of a new file can be missing. */
export const writingFailure = (error: unknown): string =>
  (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'its folder does not exist' : describeSystemError(error);
