import { constants, type Stats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { wrapReadErrors } from './atomic.node.js';

/** Neither waits for the writer of a pipe nor takes a terminal. Some systems lack the flags. */
export const OPEN_FOR_READING = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0);
/** A system call reads at most 2^31 - 1 bytes. */
const MAX_READ_BYTES = 2 ** 30;

export class FileTooLargeError extends Error {}

/** Rejects pipes, sockets, devices and folders without waiting. The file cannot be replaced after the check. */
async function withRegularFile<T>(path: string, action: (file: FileHandle, size: number) => Promise<T>) {
  const file = await open(path, OPEN_FOR_READING);
  try {
    const found = await file.stat();
    requireRegular(found);
    return await action(file, found.size);
  } finally {
    await file.close();
  }
}

export const regularFileSize = (path: string) => withRegularFile(path, (_, size) => Promise.resolve(size));

/** @throws the system's error, one that names the kind of file, or a FileTooLargeError */
export const readRegularFile = (path: string, limit = Infinity) =>
  withRegularFile(path, (file, size) => {
    if (size > limit) throw new FileTooLargeError(`the file has ${size} bytes, more than the limit of ${limit}`);
    return readBytes(file, 0, size);
  });

export const readFileBytes = (path: string) => wrapReadErrors(path, () => readRegularFile(path));

export const readRange = (path: string, offset: number, length: number) =>
  withRegularFile(path, (file) => readBytes(file, offset, length));

async function readBytes(file: FileHandle, offset: number, length: number) {
  // Not pooled, because typed arrays of parsers must be aligned.
  const bytes = Buffer.allocUnsafeSlow(length);
  for (let done = 0; done < length;) {
    const { bytesRead } = await file.read(bytes, done, Math.min(length - done, MAX_READ_BYTES), offset + done);
    // A read may return fewer bytes, and none at the end.
    if (bytesRead === 0) throw new Error('the file was truncated while it was read');
    done += bytesRead;
  }
  return bytes;
}

export const readTextFile = async (path: string) => (await readRegularFile(path)).toString('utf8');

export function requireRegular(found: Pick<Stats, 'isFile' | 'isDirectory' | 'isFIFO' | 'isSocket'>) {
  if (found.isFile()) return;
  // This code has a message.
  if (found.isDirectory()) throw Object.assign(new Error('is a folder'), { code: 'EISDIR' });
  const kind = found.isFIFO() ? 'a named pipe' : found.isSocket() ? 'a socket' : 'a device';
  throw new Error(`expected a regular file but got ${kind}`);
}
