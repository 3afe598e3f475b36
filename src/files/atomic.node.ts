import { rmSync } from 'node:fs';
import { type FileHandle, mkdir, open, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { InputError, messageOf } from '../errors.js';
import { partialPath, removeAbandonedOnce } from './partial.node.js';

/**
 * Writes a file completely or not at all.
 * @throws {InputError} if it cannot be written
 */
export const writeFileAtomically = (path: string, bytes: Uint8Array): Promise<void> =>
  writeFileInPieces(path, (append) => append(bytes));

type Append = (bytes: Uint8Array) => Promise<void>;

/**
 * Writes a file that may exceed the memory, completely or not at all: `write` appends bytes to a partial file, which is then synced to disk and
 * renamed. If the process is killed, the next one that writes into the folder removes the partial file.
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
 * Writes the files of a new or empty folder, all of them or none. They are not synced to disk one by one, which takes minutes for thousands.
 * @param names paths below the folder
 * @param contentOf returns the bytes of a file by its index
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

/** Writes a file and syncs it to disk. */
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
 * Creates a folder and its missing parents. Node's recursive mkdir never returns on file systems that report ENOENT for a folder that cannot be
 * created, and reports ENOENT on read-only ones.
 */
export async function makeFolder(path: string): Promise<void> {
  const failure = await mkdir(path).catch((error: NodeJS.ErrnoException) => error);
  if (!failure || (failure.code === 'EEXIST' && (await isFolder(path)))) return;
  const parent = dirname(path);
  if (failure.code !== 'ENOENT' || (await isFolder(parent))) throw failure;
  await makeFolder(parent);
  await makeFolder(path);
}

const isFolder = async (path: string): Promise<boolean> =>
  (await stat(path).catch(() => undefined))?.isDirectory() ?? false;

/** Runs an action that reads a file. @throws {InputError} with the path if the system refuses it */
export async function wrapReadErrors<T>(path: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw new InputError(path, `cannot be read (${describeSystemError(error)})`, undefined, { cause: error });
  }
}

/** Runs an action that writes a file. @throws {InputError} with the path if the system refuses it */
export async function wrapWriteErrors(path: string, action: () => Promise<unknown>): Promise<void> {
  try {
    await action();
  } catch (error) {
    throw new InputError(path, `cannot be written (${writingFailure(error)})`, undefined, { cause: error });
  }
}

/** Whether an error of `wrapWriteErrors` says that the disk is full, which may change. */
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

/** Returns the reason of a system error in words. */
export const describeSystemError = (error: unknown): string =>
  REASONS[(error as NodeJS.ErrnoException).code ?? ''] ?? messageOf(error);

/** Returns the reason why writing failed. A missing path can only be the folder then. */
export const writingFailure = (error: unknown): string =>
  (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'its folder does not exist' : describeSystemError(error);
