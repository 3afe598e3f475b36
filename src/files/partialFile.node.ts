import { rmSync } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { unfinishedName, wrapWriteErrors } from './atomic.node.js';

/** A file that is being written piece by piece. */
export interface PartialFile {
  /** Bytes that were appended so far. */
  readonly size: number;
  readonly append: (bytes: Uint8Array) => Promise<void>;
  /** Replaces bytes that were appended before. */
  readonly replace: (position: number, bytes: Uint8Array) => Promise<void>;
}

/**
 * Writes a file that is too large for memory, whole or not at all: `write` appends to a temporary file beside it, which is then flushed to
 * the disk and renamed. If anything fails, or the process exits early, the temporary file is removed.
 * @param signal ends the writing at the next piece
 * @throws {InputError} if the file cannot be written; what `write` throws, and the reason of the signal, as they are
 */
export async function writeFileInPieces(path: string, write: (file: PartialFile) => Promise<void>, signal?: AbortSignal): Promise<void> {
  const temporary = unfinishedName(path);
  let handle: FileHandle | undefined;
  await wrapWriteErrors(path, async () => (handle = await open(temporary, 'w')));
  // An exit while a promise is pending runs no catch.
  const removeAtExit = () => rmSync(temporary, { force: true });
  process.once('exit', removeAtExit);
  try {
    await write(partialFile(path, handle!, signal));
    signal?.throwIfAborted();
    await wrapWriteErrors(path, async () => {
      await handle!.sync();
      await handle!.close();
      await rename(temporary, path);
    });
  } catch (error) {
    await handle!.close().catch(() => undefined);
    await rm(temporary, { force: true });
    // Streams have errors of their own for an abort.
    signal?.throwIfAborted();
    throw error;
  } finally {
    process.off('exit', removeAtExit);
  }
}

function partialFile(path: string, handle: FileHandle, signal: AbortSignal | undefined): PartialFile {
  let size = 0;
  const writeAt = async (position: number, bytes: Uint8Array) => {
    signal?.throwIfAborted();
    await wrapWriteErrors(path, async () => {
      for (let done = 0; done < bytes.length;) done += (await handle.write(bytes, done, bytes.length - done, position + done)).bytesWritten;
    });
  };
  return {
    get size() {
      return size;
    },
    append: async (bytes) => {
      await writeAt(size, bytes);
      size += bytes.length;
    },
    replace: writeAt,
  };
}
