import { constants } from 'node:fs';
import { type FileHandle, lstat, open, readdir, realpath, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { InputError } from '../errors.js';
import { errorCode, makeFolder, wrapReadErrors, wrapWriteErrors, writeFileAtomically } from '../files/atomic.node.js';
import { OPEN_FOR_READING, requireRegular } from '../files/regularFile.node.js';

export const READING_WITHOUT_LINKS = OPEN_FOR_READING | (constants.O_NOFOLLOW ?? 0);
/** Also reads: opening a pipe for writing fails without saying that it is one. */
const APPENDING = READING_WITHOUT_LINKS | constants.O_RDWR | constants.O_CREAT;
/** This program leaves no longer line incomplete. */
const MAX_LINE = 65_536;

export type OpenedFile = Awaited<ReturnType<OwnFolder['open']>>;

/** Holds a lock during a write. `confirm` rejects if another process has it. */
type WhileHeld = <T>(write: (confirm: () => Promise<void>) => Promise<T>) => Promise<T>;

/**
 * A folder that others may change. Each use checks first that no link has replaced it, and refuses files that are not
 * regular without waiting. Names are relative, such as `samples/000500.png`.
 */
export class OwnFolder {
  private constructor(
    readonly path: string,
    /** The path without links. */
    private readonly real: string,
    private readonly whileHeld: WhileHeld = (write) => write(() => Promise.resolve()),
  ) {}

  /** Links on the way must not change later. */
  static at(path: string) {
    return wrapReadErrors(path, async () => new OwnFolder(path, await realpath(path)));
  }

  /** It need not exist. */
  below(...names: readonly string[]) {
    return new OwnFolder(join(this.path, ...names), join(this.real, ...names), this.whileHeld);
  }

  heldBy(whileHeld: WhileHeld) {
    return new OwnFolder(this.path, this.real, whileHeld);
  }

  async isIntact() {
    const found = await lstat(this.path).catch(() => undefined);
    return (found?.isDirectory() ?? false) && (await realpath(this.path).catch(() => undefined)) === this.real;
  }

  async confirm() {
    const found = await wrapReadErrors(this.path, () => realpath(this.path));
    if (found !== this.real) throw new InputError(this.path, 'a link has replaced this folder', 'put the folder back');
  }

  async open(name: string) {
    const path = await this.confirmParent(name);
    return wrapReadErrors(path, async () => {
      const file = await open(path, READING_WITHOUT_LINKS);
      try {
        const found = await file.stat();
        requireRegular(found);
        // The version changes with the file.
        return { file, size: found.size, version: `${found.size}-${Math.round(found.mtimeMs)}` };
      } catch (error) {
        await file.close();
        throw error;
      }
    });
  }

  /** Undefined if there is no file. */
  async readEnd(name: string, limit: number) {
    const opened = await this.open(name).catch((error: unknown) => {
      if (!isMissing(error)) throw error;
    });
    if (!opened) return undefined;
    const { file, size } = opened;
    try {
      const { start, bytes } = await readTail(file, size, limit);
      return { text: bytes.toString('utf8'), isWhole: start === 0 };
    } finally {
      await file.close();
    }
  }

  async readText(name: string, limit: number) {
    const found = await this.readEnd(name, limit);
    if (found?.isWhole === false)
      throw new InputError(join(this.path, name), `has more than the ${limit} bytes that such a file may have`);
    return found?.text;
  }

  /** None if there is no folder. */
  async list() {
    try {
      await this.confirm();
      return await wrapReadErrors(this.path, () => readdir(this.path));
    } catch (error) {
      if (isMissing(error)) return [];
      throw error;
    }
  }

  write(name: string, content: Uint8Array | string) {
    return this.writing(name, async (path) => {
      await writeFileAtomically(path, content);
      return path;
    });
  }

  /** Appends complete lines, or nothing. Removes an incomplete line of a killed process. */
  append(name: string, lines: string) {
    return this.extend(name, Buffer.from(lines), endOfLines);
  }

  writeEnd(name: string, position: number, bytes: Uint8Array) {
    return this.extend(name, bytes, () => position);
  }

  private extend(
    name: string,
    bytes: Uint8Array,
    startIn: (file: FileHandle, size: number) => number | Promise<number>,
  ) {
    return this.writing(name, async (path) => {
      const file = await open(path, APPENDING, 0o666);
      try {
        const found = await file.stat();
        requireRegular(found);
        await writeFrom(await startIn(file, found.size), file, bytes);
      } finally {
        await file.close();
      }
    });
  }

  remove(name: string) {
    return this.writing(name, (path) => rm(path, { force: true }));
  }

  async makeFolder(name: string) {
    await this.writing(name, makeFolder);
    await this.below(name).confirm();
  }

  private writing<T>(name: string, write: (path: string) => Promise<T>) {
    return this.whileHeld(async (confirm) => {
      const path = await this.confirmParent(name).catch((error: unknown) => {
        if (isMissing(error))
          throw new InputError(join(this.path, name), 'cannot be written (its folder does not exist)');
        throw error;
      });
      await confirm();
      return wrapWriteErrors(path, () => write(path));
    });
  }

  private async confirmParent(name: string) {
    await (dirname(name) === '.' ? this : this.below(dirname(name))).confirm();
    return join(this.path, name);
  }
}

const isMissing = (error: unknown) => error instanceof InputError && errorCode(error.cause) === 'ENOENT';

async function readTail(file: FileHandle, size: number, limit: number) {
  const start = Math.max(0, size - limit);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(size - start), 0, size - start, start);
  return { start, bytes: buffer.subarray(0, bytesRead) };
}

async function endOfLines(file: FileHandle, size: number) {
  for (const length of [1, MAX_LINE]) {
    const { start, bytes } = await readTail(file, size, length);
    const last = bytes.lastIndexOf('\n');
    if (last >= 0 || start === 0) return start + last + 1;
  }
  return size;
}

async function writeFrom(end: number, file: FileHandle, bytes: Uint8Array) {
  try {
    await file.truncate(end);
    for (let done = 0; done < bytes.length;)
      done += (await file.write(bytes, done, bytes.length - done, end + done)).bytesWritten;
  } catch (error) {
    // A full disk may have taken the first part.
    await file.truncate(end).catch(() => undefined);
    throw error;
  }
}
