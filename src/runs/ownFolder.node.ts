/** The one rule for folders that others may change while a process uses them, such as run folders. */
import { constants } from 'node:fs';
import { type FileHandle, lstat, open, readdir, realpath, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { InputError } from '../errors.js';
import { makeFolder, wrapReadErrors, wrapWriteErrors, writeFileAtomically } from '../files/atomic.node.js';
import { OPEN_FOR_READING, requireRegular } from '../files/regularFile.node.js';

/** Some systems lack the flags. */
export const READING_WITHOUT_LINKS = OPEN_FOR_READING | (constants.O_NOFOLLOW ?? 0);
/** Reading as well, because opening a pipe for writing fails without saying that it is one. */
const APPENDING = READING_WITHOUT_LINKS | constants.O_RDWR | constants.O_CREAT;
/** A longer last line is not one that this program has left incomplete. */
const MAX_LINE = 65_536;

export interface OpenedFile {
  readonly file: FileHandle;
  readonly size: number;
  /** Changes with the file. */
  readonly version: string;
}

/** The end of a text file, or all of it. */
export interface TextEnd {
  readonly text: string;
  readonly isWhole: boolean;
}

/** Holds a lock during a write, which calls `confirm` first: it rejects if this process may not write any more. */
type WhileHeld = <T>(write: (confirm: () => Promise<void>) => Promise<T>) => Promise<T>;

/**
 * A folder that a process means for some time. Each use checks first that its path still leads there, without links. Files must be regular:
 * links, pipes, sockets and devices are refused without waiting for them. Names are relative, such as `samples/000500.png`.
 */
export class OwnFolder {
  private constructor(
    readonly path: string,
    /** The path without links. */
    private readonly real: string,
    private readonly whileHeld: WhileHeld = (write) => write(() => Promise.resolve()),
  ) {}

  /**
   * Returns the folder that a path leads to now. Links on the way must not change later.
   * @throws {InputError} if there is none
   */
  static at(path: string): Promise<OwnFolder> {
    return wrapReadErrors(path, async () => new OwnFolder(path, await realpath(path)));
  }

  /** It need not exist. */
  below(...names: readonly string[]): OwnFolder {
    return new OwnFolder(join(this.path, ...names), join(this.real, ...names), this.whileHeld);
  }

  /** Returns this folder for writes under a lock. */
  heldBy(whileHeld: WhileHeld): OwnFolder {
    return new OwnFolder(this.path, this.real, whileHeld);
  }

  /** Whether the path leads to a folder without a link. */
  async isIntact(): Promise<boolean> {
    const found = await lstat(this.path).catch(() => undefined);
    return (found?.isDirectory() ?? false) && (await realpath(this.path).catch(() => undefined)) === this.real;
  }

  /** @throws {InputError} unless the path leads to this folder */
  async confirm(): Promise<void> {
    const found = await wrapReadErrors(this.path, () => realpath(this.path));
    if (found !== this.real) throw new InputError(this.path, 'a link has replaced this folder', 'put the folder back');
  }

  /** @throws {InputError} if there is no regular file */
  async open(name: string): Promise<OpenedFile> {
    const path = await this.confirmParent(name);
    return wrapReadErrors(path, async () => {
      const file = await open(path, READING_WITHOUT_LINKS);
      try {
        const found = await file.stat();
        requireRegular(found);
        return { file, size: found.size, version: `${found.size}-${Math.round(found.mtimeMs)}` };
      } catch (error) {
        await file.close();
        throw error;
      }
    });
  }

  /**
   * Reads the last bytes of a file as text; undefined if there is no file.
   * @throws {InputError} if it cannot be read
   */
  async readEnd(name: string, limit: number): Promise<TextEnd | undefined> {
    const opened = await this.open(name).catch((error: unknown) => {
      if (isMissing(error)) return undefined;
      throw error;
    });
    if (opened === undefined) return undefined;
    const { file, size } = opened;
    try {
      const start = Math.max(0, size - limit);
      const { buffer, bytesRead } = await file.read(Buffer.alloc(size - start), 0, size - start, start);
      return { text: buffer.toString('utf8', 0, bytesRead), isWhole: start === 0 };
    } finally {
      await file.close();
    }
  }

  /**
   * Returns undefined if there is no file.
   * @param limit maximum number of bytes
   * @throws {InputError} if it cannot be read, or is longer
   */
  async readText(name: string, limit: number): Promise<string | undefined> {
    const found = await this.readEnd(name, limit);
    if (found?.isWhole === false)
      throw new InputError(join(this.path, name), `has more than the ${limit} bytes that such a file may have`);
    return found?.text;
  }

  /** None if there is no folder. */
  async list(): Promise<string[]> {
    if (!(await exists(this.path))) return [];
    await this.confirm();
    return wrapReadErrors(this.path, () => readdir(this.path));
  }

  /**
   * Writes a file completely or not at all, and returns its path.
   * @throws {InputError} if it cannot be written
   */
  write(name: string, content: Uint8Array | string): Promise<string> {
    return this.writing(name, async (path) => {
      await writeFileAtomically(path, typeof content === 'string' ? new TextEncoder().encode(content) : content);
      return path;
    });
  }

  /**
   * Appends complete lines, or nothing if that fails. Removes an incomplete line that a killed process has left.
   * @throws {InputError} if the file cannot be written
   */
  append(name: string, lines: string): Promise<void> {
    return this.extend(name, Buffer.from(lines), endOfLines);
  }

  /** Replaces the end of a file from a position on. @throws {InputError} if the file cannot be written */
  writeEnd(name: string, position: number, bytes: Uint8Array): Promise<void> {
    return this.extend(name, bytes, () => Promise.resolve(position));
  }

  private extend(
    name: string,
    bytes: Uint8Array,
    startIn: (file: FileHandle, size: number) => Promise<number>,
  ): Promise<void> {
    const write = async (path: string): Promise<void> => {
      const file = await open(path, APPENDING, 0o666);
      try {
        const found = await file.stat();
        requireRegular(found);
        await writeEnd(file, await startIn(file, found.size), bytes);
      } finally {
        await file.close();
      }
    };
    return this.writing(name, (path) => wrapWriteErrors(path, () => write(path)));
  }

  /** @throws {InputError} if a file cannot be removed */
  remove(name: string): Promise<void> {
    return this.writing(name, (path) => wrapWriteErrors(path, () => rm(path, { force: true })));
  }

  /** @throws {InputError} if the folder is missing and cannot be created */
  async makeFolder(name: string): Promise<void> {
    await this.writing(name, (path) => wrapWriteErrors(path, () => makeFolder(path)));
    await this.below(name).confirm();
  }

  private writing<T>(name: string, write: (path: string) => Promise<T>): Promise<T> {
    return this.whileHeld(async (confirm) => {
      const path = await this.confirmParent(name).catch((error: unknown) => {
        if (isMissing(error))
          throw new InputError(join(this.path, name), 'cannot be written (its folder does not exist)');
        throw error;
      });
      await confirm();
      return write(path);
    });
  }

  /** Returns the path of a file whose folder is intact. */
  private async confirmParent(name: string): Promise<string> {
    await (dirname(name) === '.' ? this : this.below(dirname(name))).confirm();
    return join(this.path, name);
  }
}

const isMissing = (error: unknown): boolean =>
  error instanceof InputError && (error.cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT';

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code !== 'ENOENT',
  );

async function endOfLines(file: FileHandle, size: number): Promise<number> {
  for (const length of [1, MAX_LINE]) {
    const start = Math.max(0, size - length);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(size - start), 0, size - start, start);
    const last = buffer.subarray(0, bytesRead).lastIndexOf('\n');
    if (last >= 0 || start === 0) return start + last + 1;
  }
  return size;
}

async function writeEnd(file: FileHandle, end: number, bytes: Uint8Array): Promise<void> {
  try {
    await file.truncate(end);
    for (let done = 0; done < bytes.length;)
      done += (await file.write(bytes, done, bytes.length - done, end + done)).bytesWritten;
  } catch (error) {
    // A full disk takes the first part of what is written.
    await file.truncate(end).catch(() => undefined);
    throw error;
  }
}
