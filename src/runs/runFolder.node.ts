import { createHash } from 'node:crypto';
import { appendFile, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError } from '../errors.js';
import { makeFolder, wrapReadErrors, writeFileAtomically, wrapWriteErrors } from '../files/atomic.node.js';
import { readRegularFile, readTextFile } from '../files/regularFile.node.js';
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint, readConfiguration } from '../training/checkpoint.js';
import type { Configuration } from '../training/configuration.js';
import { FolderLock, LOCK_NAME } from './lock.node.js';
import type { Digest } from '../training/seal.js';

/** A line of the log: `step`, `epoch`, `seconds`, and everything that an iteration reports. */
export type LogEntry = Readonly<Record<string, number>>;

/** A checkpoint and where it was read. */
export type StoredCheckpoint = Checkpoint & { readonly file: string };

/** Reads a checkpoint file. Throws InputError if it is damaged or none. */
export async function readCheckpointFile(file: string): Promise<StoredCheckpoint> {
  return { ...decodeCheckpoint(await wrapReadErrors(file, () => readRegularFile(file)), file, sha256), file };
}

const sha256: Digest = (...pieces) => pieces.reduce((hash, piece) => hash.update(piece), createHash('sha256')).digest('hex');

const SUBFOLDERS = ['samples', 'reconstructions', 'checkpoints'] as const;
/** What `writeFileAtomically` had not renamed yet. */
const UNFINISHED_NAME = /^\..*\.partial$/;
/** The lock, and those by which stale ones are replaced. */
const LOCK_FILE = /^\.lock(\.|$)/;
const PICTURE_NAME = /^\d+\.png$/;
const CHECKPOINT_NAME = /^(\d+)\.safetensors$/;

/** The folder that a training writes: configuration, log, pictures and checkpoints. */
export class RunFolder {
  private hasPartialLine = false;
  /** The lock under which the folder was created, until a training takes it over. */
  private firstLock: FolderLock | undefined;

  private constructor(readonly path: string) {}

  /**
   * Creates a run folder, which this process holds until the lock is released.
   * @throws {InputError} if it exists and is not empty, cannot be created, or another process is creating it
   */
  static async create(path: string, configuration: Configuration): Promise<RunFolder> {
    await RunFolder.requireEmpty(path);
    const folder = new RunFolder(path);
    await wrapWriteErrors(path, () => makeFolder(path));
    folder.firstLock = await FolderLock.take(path);
    try {
      // Another process may have trained into it since.
      await RunFolder.requireEmpty(path);
      // Written first, because a run with a configuration can be resumed.
      await folder.writeConfiguration(configuration);
      await folder.createSubfolders();
      return folder;
    } catch (error) {
      await folder.firstLock.release();
      throw error;
    }
  }

  /**
   * Requires that a folder can become a run folder.
   * @throws {InputError} if it exists and is not empty
   */
  static async requireEmpty(path: string): Promise<void> {
    if (path === '') throw new InputError('the run folder needs a name (--out)');
    // A process that was killed before it had written the configuration leaves nothing worth keeping.
    const entries = ((await listFolder(path)) ?? []).filter((name) => !UNFINISHED_NAME.test(name) && !LOCK_FILE.test(name));
    if (entries.length > 0) throw new InputError(`${path}: the run folder exists and is not empty; choose another with --out, or resume its run with --resume`);
  }

  /** Opens the folder of an earlier training. Throws InputError if there is none. */
  static async open(path: string): Promise<RunFolder> {
    const entries = await listFolder(path);
    if (entries === undefined) throw new InputError(`${path}: there is no such run folder`);
    if (!entries.includes('config.json')) throw new InputError(`${path}: not a run folder, it has no config.json`);
    return new RunFolder(path);
  }

  writeConfiguration(configuration: Configuration): Promise<void> {
    return writeFileAtomically(join(this.path, 'config.json'), new TextEncoder().encode(`${JSON.stringify(configuration, null, 2)}\n`));
  }

  /** The configuration that the run was started with. Throws InputError if it is damaged. */
  async readConfiguration(): Promise<Configuration> {
    const file = join(this.path, 'config.json');
    return readConfiguration(await wrapReadErrors(file, () => readTextFile(file)), file);
  }

  /**
   * Takes the folder for this process, and removes what a killed process left half-written. The caller releases the lock.
   * @throws {InputError} if another process holds the folder, or it cannot be written
   */
  async lock(): Promise<FolderLock> {
    const lock = this.firstLock ?? (await FolderLock.take(this.path));
    this.firstLock = undefined;
    try {
      await this.createSubfolders();
      for (const part of ['.', ...SUBFOLDERS]) await clearUnfinished(join(this.path, part));
    } catch (error) {
      await lock.release();
      throw error;
    }
    return lock;
  }

  /**
   * Creates what is missing in a folder that was emptied or recreated.
   * @throws {InputError} if there is no folder
   */
  async recreate(configuration: Configuration): Promise<void> {
    const entries = await listFolder(this.path);
    if (entries === undefined) throw new InputError(`${this.path}: there is no such run folder`);
    await this.createSubfolders();
    if (!entries.includes('config.json')) await this.writeConfiguration(configuration);
  }

  private async createSubfolders(): Promise<void> {
    for (const part of SUBFOLDERS) await wrapWriteErrors(join(this.path, part), () => makeFolder(join(this.path, part)));
  }

  /** Writes a checkpoint, removes older ones that the configuration does not keep, and returns its path. */
  async writeCheckpoint(checkpoint: Checkpoint): Promise<string> {
    const file = this.checkpointFile(checkpoint.step);
    await writeFileAtomically(file, encodeCheckpoint(checkpoint, sha256));
    await this.prune(checkpoint);
    return file;
  }

  /** Reads the checkpoint of the most iterations, or undefined if there is none. Throws InputError if it is damaged. */
  async readLatestCheckpoint(): Promise<StoredCheckpoint | undefined> {
    const [step, before] = (await this.checkpointSteps()).reverse();
    if (step === undefined) return undefined;
    try {
      return await readCheckpointFile(this.checkpointFile(step));
    } catch (error) {
      if (!(error instanceof InputError) || before === undefined) throw error;
      throw new InputError(`${error.message}; take it away to go on from ${this.checkpointFile(before)}`);
    }
  }

  /** Iterations of which there is a checkpoint, in rising order. */
  private async checkpointSteps(): Promise<number[]> {
    const names = (await listFolder(join(this.path, 'checkpoints'))) ?? [];
    return names
      .filter((name) => CHECKPOINT_NAME.test(name))
      .map((name) => parseInt(name))
      .sort((a, b) => a - b);
  }

  private checkpointFile(step: number): string {
    return join(this.path, 'checkpoints', `${numbered(step)}.safetensors`);
  }

  private async prune({ configuration: { keepLast, keepEvery }, step: newest }: Checkpoint): Promise<void> {
    if (keepLast === 0) return;
    const older = (await this.checkpointSteps()).filter((step) => step <= newest).slice(0, -keepLast);
    for (const step of older) if (keepEvery === 0 || step % keepEvery !== 0) await remove(this.checkpointFile(step));
  }

  /** Writes a picture of an iteration and returns its path. */
  async writePicture(kind: 'samples' | 'reconstructions', step: number, png: Uint8Array): Promise<string> {
    const file = join(this.path, kind, `${numbered(step)}.png`);
    await writeFileAtomically(file, png);
    return file;
  }

  /** The pictures of a kind in the order of their iterations. */
  async pictures(kind: 'samples' | 'reconstructions'): Promise<{ readonly step: number; readonly file: string }[]> {
    const names = (await listFolder(join(this.path, kind))) ?? [];
    return names
      .filter((name) => PICTURE_NAME.test(name))
      .map((name) => ({ step: parseInt(name), file: join(this.path, kind, name) }))
      .sort((a, b) => a.step - b.step);
  }

  /** Appends objects to the log, each as a line of JSON. */
  async log(entries: readonly LogEntry[]): Promise<void> {
    const lines = entries.map((entry) => `${JSON.stringify(entry)}\n`).join('');
    // After a failure half a line may stand there; an empty one before the next does no harm.
    const text = this.hasPartialLine ? `\n${lines}` : lines;
    this.hasPartialLine = true;
    await wrapWriteErrors(this.logFile, () => appendFile(this.logFile, text));
    this.hasPartialLine = false;
  }

  /** Cuts the log back to what was logged up to an iteration, and returns the last entry that is left. */
  async truncateLog(step: number): Promise<LogEntry | undefined> {
    const entries = (await this.readLog()).filter((entry) => entry.step! <= step);
    await writeFileAtomically(this.logFile, new TextEncoder().encode(entries.map((entry) => `${JSON.stringify(entry)}\n`).join('')));
    return entries.at(-1);
  }

  /** What was logged so far. Throws InputError if it is there but cannot be read. */
  async readLog(): Promise<LogEntry[]> {
    const text = await wrapReadErrors(this.logFile, () =>
      readTextFile(this.logFile).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return '';
        throw error;
      }),
    );
    // An append that failed half-way was made again as a whole.
    return [
      ...new Map(
        text
          .split('\n')
          .flatMap(parseLogLine)
          .map((entry) => [entry.step, entry]),
      ).values(),
    ];
  }

  private get logFile(): string {
    return join(this.path, 'log.jsonl');
  }
}

/** 000123, so that names sort by number. */
const numbered = (step: number): string => String(step).padStart(6, '0');

/** A line that a crash cut short counts as not written. */
function parseLogLine(line: string): LogEntry[] {
  try {
    const entry = JSON.parse(line) as LogEntry | null;
    return typeof entry?.step === 'number' ? [entry] : [];
  } catch {
    return [];
  }
}

const remove = (file: string): Promise<void> => wrapWriteErrors(file, () => rm(file, { force: true }));

async function clearUnfinished(folder: string): Promise<void> {
  for (const name of (await listFolder(folder)) ?? []) {
    if (UNFINISHED_NAME.test(name) || (LOCK_FILE.test(name) && name !== LOCK_NAME)) await remove(join(folder, name));
  }
}

/** The names in a folder, or undefined if there is none. Throws InputError for what is not a folder. */
async function listFolder(path: string): Promise<string[] | undefined> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return undefined;
  if (!found.isDirectory()) throw new InputError(`${path}: is a file, not a run folder`);
  return wrapReadErrors(path, () => readdir(path));
}
