import { constants, type Stats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

/** Waits for no writer of a pipe, and takes no terminal. Some systems lack these flags. */
export const OPEN_FOR_READING = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0);
/** A system call reads at most 2^31 - 1 bytes. */
const MAX_READ_BYTES = 2 ** 30;

/** More bytes than the caller accepts. */
export class FileTooLargeError extends Error {}

/**
 * Rejects pipes, sockets, devices and folders without waiting. The check looks at the open file, which nothing can
 * replace.
 */
async function withRegularFile<T>(path: string, action: (file: FileHandle, size: number) => Promise<T>): Promise<T> {
  const file = await open(path, OPEN_FOR_READING);
  try {
    const found = await file.stat();
    requireRegular(found);
    return await action(file, found.size);
  } finally {
    await file.close();
  }
}

export const regularFileSize = (path: string): Promise<number> =>
  withRegularFile(path, (_, size) => Promise.resolve(size));

/**
 * @throws the system's error, or an Error that names the kind of file
 * @throws {FileTooLargeError} if the file has more than `limit` bytes
 */
export const readRegularFile = (path: string, limit = Infinity): Promise<Buffer> =>
  withRegularFile(path, (file, size) => {
    if (size > limit) throw new FileTooLargeError(`the file has ${size} bytes, more than the limit of ${limit}`);
    return readBytes(file, 0, size);
  });

/** Rejects as `readRegularFile` does, and if there are fewer bytes. */
export const readRange = (path: string, offset: number, length: number): Promise<Buffer> =>
  withRegularFile(path, (file) => readBytes(file, offset, length));

async function readBytes(file: FileHandle, offset: number, length: number): Promise<Buffer> {
  // Not pooled, because typed arrays of parsers must be aligned.
  const bytes = Buffer.allocUnsafeSlow(length);
  for (let done = 0; done < length;) {
    const { bytesRead } = await file.read(bytes, done, Math.min(length - done, MAX_READ_BYTES), offset + done);
    // A read may return fewer bytes, but none only at the end.
    if (bytesRead === 0) throw new Error('the file was truncated while it was read');
    done += bytesRead;
  }
  return bytes;
}

export const readTextFile = async (path: string): Promise<string> => (await readRegularFile(path)).toString('utf8');

/** @throws unless an open file is a regular file */
export function requireRegular(found: Pick<Stats, 'isFile' | 'isDirectory' | 'isFIFO' | 'isSocket'>): void {
  if (found.isFile()) return;
  // The system error with this code has a message.
  if (found.isDirectory()) throw Object.assign(new Error('is a folder'), { code: 'EISDIR' });
  const kind = found.isFIFO() ? 'a named pipe' : found.isSocket() ? 'a socket' : 'a device';
  throw new Error(`expected a regular file but got ${kind}`);
}
