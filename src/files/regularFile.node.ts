/** Reading files that the user names, which may turn out to be anything that has a path. */
import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { open } from 'node:fs/promises';

/** Opening neither waits for a writer at the other end of a pipe nor takes a terminal for this process. Some systems lack these flags. */
export const OPEN_FOR_READING = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0);
/** One call of the system reads at most 2^31 - 1 bytes. */
const MAX_READ_BYTES = 2 ** 30;

/** A file with more bytes than the caller accepts. */
export class FileTooLargeError extends Error {}

/**
 * Reads a whole regular file. Named pipes, sockets, devices and folders are rejected without waiting for them. The check looks at the open
 * file, so nothing can take its place in between.
 * @param limit the largest accepted number of bytes
 * @throws the system's error, or an Error whose message names the kind of file that is not accepted
 * @throws {FileTooLargeError} if the file has more than `limit` bytes
 */
export async function readRegularFile(path: string, limit = Infinity): Promise<Buffer> {
  const file = await open(path, OPEN_FOR_READING);
  try {
    const size = acceptedSize(await file.stat(), limit);
    // Memory of its own: parsers make typed arrays of the bytes, and these must be aligned.
    const bytes = Buffer.allocUnsafeSlow(size);
    for (let done = 0; done < size;) {
      const { bytesRead } = await file.read(bytes, done, Math.min(size - done, MAX_READ_BYTES), done);
      done += requireProgress(bytesRead);
    }
    return bytes;
  } finally {
    await file.close();
  }
}

/** Reads a regular file as UTF-8 text. Rejects as `readRegularFile` does. */
export const readTextFile = async (path: string): Promise<string> => (await readRegularFile(path)).toString('utf8');

/** The same as `readRegularFile` without the thread pool. */
export function readRegularFileSync(path: string, limit = Infinity): Buffer {
  const file = openSync(path, OPEN_FOR_READING);
  try {
    const size = acceptedSize(fstatSync(file), limit);
    const bytes = Buffer.allocUnsafe(size);
    for (let done = 0; done < size;) done += requireProgress(readSync(file, bytes, done, Math.min(size - done, MAX_READ_BYTES), done));
    return bytes;
  } finally {
    closeSync(file);
  }
}

/** Throws unless an open file is a regular one. */
export function requireRegular(found: Pick<Stats, 'isFile' | 'isDirectory' | 'isFIFO' | 'isSocket'>): void {
  if (found.isFile()) return;
  // The code of the system's own refusal, which has its words already.
  if (found.isDirectory()) throw Object.assign(new Error('is a folder'), { code: 'EISDIR' });
  const kind = found.isFIFO() ? 'a named pipe' : found.isSocket() ? 'a socket' : 'a device';
  throw new Error(`expected a regular file but got ${kind}`);
}

function acceptedSize(found: Stats, limit: number): number {
  requireRegular(found);
  if (found.size > limit) throw new FileTooLargeError(`the file has ${found.size} bytes, and at most ${limit} are read`);
  return found.size;
}

/** A read that gives fewer bytes than were asked for is continued; one that gives none before the end says that the file has changed. */
function requireProgress(bytesRead: number): number {
  if (bytesRead === 0) throw new Error('the file was cut short while it was being read');
  return bytesRead;
}
