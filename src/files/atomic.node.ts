import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, readlinkSync, rmSync } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { InputError, messageOf } from '../errors.js';

export const writeFileAtomically = (path: string, content: Uint8Array | string) =>
  writeFileInPieces(path, (append) => append(typeof content === 'string' ? Buffer.from(content) : content));

/** Names of files such as 000123 sort by number. */
export const numbered = (number: number) => String(number).padStart(6, '0');

/** Writes a file completely or not at all. An abort rejects with the signal's reason. */
export async function writeFileInPieces(
  path: string,
  write: (append: (bytes: Uint8Array) => Promise<void>) => Promise<void>,
  signal?: AbortSignal,
) {
  await withPartial(path, async (partial) => {
    const file = await wrapWriteErrors(path, () => open(partial, 'w'));
    try {
      await write(async (bytes) => {
        signal?.throwIfAborted();
        await wrapWriteErrors(path, async () => {
          for (let done = 0; done < bytes.length;) done += (await file.write(bytes, done)).bytesWritten;
        });
      });
      signal?.throwIfAborted();
      await wrapWriteErrors(path, async () => {
        await file.sync();
        await file.close();
        await rename(partial, path);
      });
    } catch (error) {
      await file.close().catch(() => undefined);
      // Streams reject with errors of their own after an abort.
      signal?.throwIfAborted();
      throw error;
    }
  });
}

/** Writes all files of a new or empty folder, or none. Syncing thousands would take minutes. */
export async function writeFolderAtomically(
  path: string,
  names: readonly string[],
  contentOf: (index: number) => Promise<Uint8Array>,
  signal: AbortSignal,
) {
  const target = resolve(path);
  await withPartial(target, async (partial) => {
    for (const folder of new Set(['', ...names.map((name) => dirname(name))]))
      await wrapWriteErrors(path, () => makeFolder(join(partial, folder)));
    for (const [index, name] of names.entries()) {
      signal.throwIfAborted();
      const bytes = await contentOf(index);
      await wrapWriteErrors(join(path, name), () => writeFile(join(partial, name), bytes));
    }
    await wrapWriteErrors(path, () => rename(partial, target));
  });
}

/** Folders without abandoned files. */
const cleaned = new Set<string>();

/** Removes the partial file or folder unless `write` renames it. */
async function withPartial(path: string, write: (partial: string) => Promise<void>) {
  const folder = resolve(dirname(path));
  if (!cleaned.has(folder)) {
    cleaned.add(folder);
    await removeAbandoned(folder);
  }
  const partial = partialPath(path);
  const remove = () => {
    try {
      rmSync(partial, { recursive: true, force: true });
    } catch {
      // The folder is missing or read-only.
    }
  };
  // No catch runs if the process exits while a promise is pending.
  process.once('exit', remove);
  try {
    await write(partial);
  } finally {
    process.off('exit', remove);
    remove();
  }
}

export const writeAndSync = (path: string, bytes: Uint8Array) => writeFile(path, bytes, { flush: true });

/** Creates missing parents too. Node's recursive mkdir never returns if it gets ENOENT in an existing folder. */
export async function makeFolder(path: string) {
  const failure = await mkdir(path).catch((error: NodeJS.ErrnoException) => error);
  if (!failure || (failure.code === 'EEXIST' && (await isFolder(path)))) return;
  const parent = dirname(path);
  if (failure.code !== 'ENOENT' || (await isFolder(parent))) throw failure;
  await makeFolder(parent);
  await makeFolder(path);
}

export const isFolder = async (path: string) => (await stat(path).catch(() => undefined))?.isDirectory() ?? false;

export async function wrapReadErrors<T>(path: string, action: () => Promise<T>) {
  try {
    return await action();
  } catch (error) {
    throw new InputError(path, `cannot be read (${describeSystemError(error)})`, undefined, { cause: error });
  }
}

export async function wrapWriteErrors<T>(path: string, action: () => Promise<T>) {
  try {
    return await action();
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError(path, `cannot be written (${writingFailure(error)})`, undefined, { cause: error });
  }
}

export const errorCode = (error: unknown) => (error as NodeJS.ErrnoException | undefined)?.code;

export const isDiskFull = (error: unknown) =>
  error instanceof InputError && ['ENOSPC', 'EDQUOT'].includes(errorCode(error.cause) ?? '');

const REASONS: Record<string, string> = {
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

export const describeSystemError = (error: unknown) => REASONS[errorCode(error) ?? ''] ?? messageOf(error);

/** Only the folder of a new file can be missing. */
export const writingFailure = (error: unknown) =>
  errorCode(error) === 'ENOENT' ? 'its folder does not exist' : describeSystemError(error);

/** Of the 255 bytes of a name, partial ones add 34. */
const MAX_STEM_BYTES = 200;
const hexDigest = (text: string) => createHash('sha256').update(text).digest('hex');

const orEmpty = (read: () => string) => {
  try {
    return read();
  } catch {
    return '';
  }
};

const BOOT = orEmpty(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8'));
/** Boot and process namespace, on Linux: with the host, they make a process ID unique. */
export const SYSTEM = `${BOOT.trim()} ${orEmpty(() => readlinkSync('/proc/self/ns/pid'))}`.trim();
const HOST_DIGEST = hexDigest(`${hostname()}\n${SYSTEM}`).slice(0, 8);

export function partialPath(path: string) {
  const name = basename(path);
  const stem = Buffer.byteLength(name) > MAX_STEM_BYTES ? hexDigest(name).slice(0, 32) : name;
  const owner = HOST_DIGEST + process.pid.toString(16).padStart(8, '0');
  return join(dirname(path), `.${stem}.${owner}${randomBytes(4).toString('hex')}.partial`);
}

export const isPartial = (name: string) => /^\..*\.partial$/s.test(name);

const OWNER = /\.([\da-f]{8})([\da-f]{8})[\da-f]{8}\.partial$/;
/** Since the last write of another system. */
const ABANDONED_AFTER_MS = 3_600_000;

/** Ignores failures. */
export async function removeAbandoned(folder: string) {
  for (const name of (await readdir(folder).catch(() => [])).filter(isPartial)) {
    const path = join(folder, name);
    if (await isAbandoned(path)) await rm(path, { recursive: true, force: true }).catch(() => undefined);
  }
}

async function isAbandoned(path: string) {
  const [, host, pid] = OWNER.exec(path) ?? [];
  if (host === HOST_DIGEST && !isRunning(Number.parseInt(pid!, 16))) return true;
  const times = (await statesOf(path)).map((each) => each?.mtimeMs ?? 0);
  return Date.now() - Math.max(...times) > ABANDONED_AFTER_MS;
}

/** Of a path, then of what is in it. */
export async function statesOf(path: string) {
  const inside = (await readdir(path).catch(() => [])).map((name) => join(path, name));
  return Promise.all([path, ...inside].map((each) => stat(each).catch(() => undefined)));
}

export function isRunning(pid: number) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Processes of other users may not be signaled.
    return errorCode(error) === 'EPERM';
  }
}
