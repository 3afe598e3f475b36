import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { Pace } from '../pace.js';

/** Does not wait for what a pipe might say; a flag that not all systems have. */
const OPENING = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);
/** What a file may take on average from where it is read at once. */
const QUICK_MS = 0.2;

/**
 * Reads many whole files. At once, while they come from where this takes microseconds: to hand one over to the thread pool, which has
 * images to decode, takes ten times as long. Through the thread pool, several at a time, as soon as files take longer than that.
 */
export class FileReader {
  constructor(private readonly pace = new Pace(QUICK_MS)) {}

  /** The file's bytes, or a sentence if it is no file or has more than `limit` bytes. Rejects with the system's error. */
  async read(path: string, limit: number): Promise<Uint8Array | string> {
    return this.pace.isQuick ? this.pace.measure(() => readAtOnce(path, limit)) : readThroughPool(path, limit);
  }
}

function readAtOnce(path: string, limit: number): Uint8Array | string {
  const file = openSync(path, OPENING);
  try {
    const found = fstatSync(file);
    const refusal = refusalOf(found, limit);
    if (refusal !== undefined) return refusal;
    const bytes = Buffer.allocUnsafe(found.size);
    return bytes.subarray(0, readSync(file, bytes, 0, found.size, 0));
  } finally {
    closeSync(file);
  }
}

async function readThroughPool(path: string, limit: number): Promise<Uint8Array | string> {
  const file = await open(path, OPENING);
  try {
    const found = await file.stat();
    const refusal = refusalOf(found, limit);
    if (refusal !== undefined) return refusal;
    const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(found.size), 0, found.size, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

function refusalOf(found: { readonly size: number; isFile(): boolean }, limit: number): string | undefined {
  if (!found.isFile()) return 'it is not a file';
  return found.size > limit ? `the file has ${found.size} bytes, and at most ${limit} are read` : undefined;
}
