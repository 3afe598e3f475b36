import { createHash } from 'node:crypto';
import { appendFile, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError, setting, text } from '../errors.js';
import { makeFolder, wrapReadErrors, writeFileAtomically, wrapWriteErrors } from '../files/atomic.node.js';
import { readRegularFile, readTextFile } from '../files/regularFile.node.js';
import type { Compile } from '../engine/index.js';
import { encodeNpy } from '../data/formats/npy.js';
import { encodePng } from '../images/files.node.js';
import { TrainedModel } from '../model/trainedModel.js';
import {
  type Checkpoint,
  decodeCheckpoint,
  decodeConfiguration,
  type Digest,
  encodeCheckpoint,
  encodeConfiguration,
} from '../training/checkpoint.js';
import { type Configuration, iterationSpec } from '../training/configuration.js';
import type { PreviewFiles } from '../training/events.js';
import type { Preview } from '../training/previews.js';
import type { LogEntry, RunStore, StoredCheckpoint } from '../training/runStore.js';
import { modelWeights } from '../training/trainer.js';
import { FolderLock, LOCK_NAME } from './lock.node.js';
import { STEERING_NAME } from './steering.node.js';

/**
 * Reads a checkpoint file.
 * @throws {InputError} if it cannot be read, or is corrupt or of another format
 */
export async function readCheckpointFile(file: string): Promise<StoredCheckpoint> {
  return { ...(await decodeCheckpoint(await wrapReadErrors(file, () => readRegularFile(file)), file, sha256)), file };
}

/** Returns the SHA-256 of consecutive pieces in hexadecimal. */
export const sha256: Digest = (...pieces) =>
  pieces.reduce((hash, piece) => hash.update(piece), createHash('sha256')).digest('hex');

/** Returns the bytes of an array, without a copy. */
export const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

const SUBFOLDERS = ['samples', 'reconstructions', 'codes', 'checkpoints'] as const;
/** Temporary files of `writeFileAtomically`. */
const UNFINISHED_NAME = /^\..*\.partial$/;
/** The lock, and the locks that guard the replacement of a stale one. */
const LOCK_FILE = /^\.lock(\.|$)/;
const PREVIEW_NAME = /^\d+\.png$/;
const CHECKPOINT_NAME = /^(\d+)\.safetensors$/;

/** A run in a folder: configuration, log, previews and checkpoints. */
export class RunFolder implements RunStore {
  private hasPartialLine = false;
  /** The lock under which the folder was created, until `lock` returns it. */
  private firstLock: FolderLock | undefined;

  private constructor(readonly path: string) {}

  /**
   * Creates a run folder, which this process holds until its lock is released.
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
    if (path === '') throw new InputError(setting('out'), 'expected the path of a run folder but got ""');
    // A process that was killed before it wrote the configuration leaves nothing worth keeping.
    const entries = ((await listFolder(path)) ?? []).filter(
      (name) => !UNFINISHED_NAME.test(name) && !LOCK_FILE.test(name),
    );
    if (entries.length > 0)
      throw new InputError(
        path,
        'the run folder exists and is not empty',
        text`choose another with ${setting('out')}, or resume its run with ${setting('resume')}`,
      );
  }

  /**
   * Opens an existing run folder.
   * @throws {InputError} if there is none
   */
  static async open(path: string): Promise<RunFolder> {
    const entries = await listFolder(path);
    if (entries === undefined) throw new InputError(path, 'run folder not found');
    if (!entries.includes('config.json')) throw new InputError(path, 'not a run folder', 'it has no config.json');
    return new RunFolder(path);
  }

  writeConfiguration(configuration: Configuration): Promise<void> {
    return writeFileAtomically(join(this.path, 'config.json'), encodeConfiguration(configuration));
  }

  /**
   * Reads the configuration of the run.
   * @throws {InputError} if it is corrupt or of another version
   */
  async readConfiguration(): Promise<Configuration> {
    const file = join(this.path, 'config.json');
    return decodeConfiguration(await wrapReadErrors(file, () => readTextFile(file)), file);
  }

  /**
   * Takes the folder for this process, and removes temporary files of a killed process. The caller releases the lock.
   * @throws {InputError} if another process holds the folder, or it cannot be written
   */
  async lock(): Promise<FolderLock> {
    const lock = this.firstLock ?? (await FolderLock.take(this.path));
    this.firstLock = undefined;
    try {
      await this.createSubfolders();
      for (const name of ['.', ...SUBFOLDERS]) await removeUnfinished(join(this.path, name));
      // A request was for the training before.
      await remove(join(this.path, STEERING_NAME));
    } catch (error) {
      await lock.release();
      throw error;
    }
    return lock;
  }

  /**
   * Recreates what is missing in a folder that was emptied.
   * @throws {InputError} if there is no folder
   */
  async recreate(configuration: Configuration): Promise<void> {
    const entries = await listFolder(this.path);
    if (entries === undefined) throw new InputError(this.path, 'run folder not found');
    await this.createSubfolders();
    if (!entries.includes('config.json')) await this.writeConfiguration(configuration);
  }

  private async createSubfolders(): Promise<void> {
    for (const name of SUBFOLDERS)
      await wrapWriteErrors(join(this.path, name), () => makeFolder(join(this.path, name)));
  }

  /** Writes a checkpoint, removes older ones that its configuration does not keep, and returns its path. */
  async writeCheckpoint(checkpoint: Checkpoint): Promise<string> {
    const file = this.checkpointFile(checkpoint.step);
    await writeFileAtomically(file, encodeCheckpoint(checkpoint, sha256));
    await this.prune(checkpoint);
    return file;
  }

  /**
   * Reads the checkpoint of the most iterations. Returns undefined if there is none.
   * @throws {InputError} if it is corrupt
   */
  async readLatestCheckpoint(): Promise<StoredCheckpoint | undefined> {
    const [step, before] = (await this.checkpointSteps()).reverse();
    if (step === undefined) return undefined;
    try {
      return await readCheckpointFile(this.checkpointFile(step));
    } catch (error) {
      if (!(error instanceof InputError) || before === undefined) throw error;
      throw new InputError(error.about, error.problem, `delete it to resume from ${this.checkpointFile(before)}`);
    }
  }

  /** Returns the iterations of all checkpoints in ascending order. */
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

  /** Writes the previews of an iteration: PNG files, and the codes as a NumPy array. */
  async writePreviews(step: number, preview: Preview): Promise<PreviewFiles> {
    const write = async (name: string, bytes: Uint8Array) => {
      const file = join(this.path, name);
      await writeFileAtomically(file, bytes);
      return file;
    };
    await write(`codes/${numbered(step)}.npy`, encodeNpy(preview.codes));
    return {
      samples: await write(`samples/${numbered(step)}.png`, await encodePng(preview.samples)),
      reconstructions: await write(`reconstructions/${numbered(step)}.png`, await encodePng(preview.reconstructions)),
    };
  }

  /** Returns the previews of a kind in the order of their iterations. */
  async previews(kind: keyof PreviewFiles): Promise<{ readonly step: number; readonly file: string }[]> {
    const names = (await listFolder(join(this.path, kind))) ?? [];
    return names
      .filter((name) => PREVIEW_NAME.test(name))
      .map((name) => ({ step: parseInt(name), file: join(this.path, kind, name) }))
      .sort((a, b) => a.step - b.step);
  }

  /** Appends entries to the log, each as a line of JSON. */
  async appendLog(entries: readonly LogEntry[]): Promise<void> {
    const lines = entries.map((entry) => `${JSON.stringify(entry)}\n`).join('');
    // After a failure the file may end with a partial line; an empty line does no harm.
    const text = this.hasPartialLine ? `\n${lines}` : lines;
    this.hasPartialLine = true;
    await wrapWriteErrors(this.logFile, () => appendFile(this.logFile, text));
    this.hasPartialLine = false;
  }

  /** Removes the log entries after an iteration, and returns the last one that is left. */
  async truncateLog(step: number): Promise<LogEntry | undefined> {
    const entries = (await this.readLog()).filter((entry) => entry.step! <= step);
    await writeFileAtomically(
      this.logFile,
      new TextEncoder().encode(entries.map((entry) => `${JSON.stringify(entry)}\n`).join('')),
    );
    return entries.at(-1);
  }

  memoryMb(): number {
    return Math.round(process.memoryUsage.rss() / 2 ** 20);
  }

  /**
   * Reads the log.
   * @throws {InputError} if it exists but cannot be read
   */
  async readLog(): Promise<LogEntry[]> {
    const text = await wrapReadErrors(this.logFile, () =>
      readTextFile(this.logFile).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return '';
        throw error;
      }),
    );
    // An append that failed half-way was repeated completely.
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

/** Returns 000123, so that names sort by number. */
export const numbered = (step: number): string => String(step).padStart(6, '0');

/** Parses a line of the log; a line that a crash cut short counts as not written. */
function parseLogLine(line: string): LogEntry[] {
  try {
    const entry = JSON.parse(line) as LogEntry | null;
    return typeof entry?.step === 'number' ? [entry] : [];
  } catch {
    return [];
  }
}

/**
 * Reads the latest checkpoint of a run folder, or a checkpoint file.
 * @throws {InputError} if there is none
 */
export async function readCheckpoint(path: string): Promise<StoredCheckpoint> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) throw new InputError(path, 'run folder or checkpoint not found');
  if (!found.isDirectory()) return readCheckpointFile(path);
  const latest = await (await RunFolder.open(path)).readLatestCheckpoint();
  if (latest === undefined) throw new InputError(path, 'the run has no checkpoint yet');
  return latest;
}

/**
 * Opens the model in the latest checkpoint of a run folder, or in a checkpoint file. The caller releases it.
 * @param options.ema whether to use the EMA weights if the run has them (default: true)
 * @throws {InputError} if there is no checkpoint
 */
export async function openRun(
  path: string,
  compile: Compile,
  { ema = true }: { readonly ema?: boolean | undefined } = {},
): Promise<OpenedRun> {
  const checkpoint = await readCheckpoint(path);
  const { pair, objective } = iterationSpec(checkpoint.configuration);
  return {
    checkpoint,
    model: TrainedModel.of(pair, objective.prior, modelWeights(checkpoint.vectors, { ema }), compile),
  };
}

/** A checkpoint and its model. */
export interface OpenedRun {
  readonly checkpoint: StoredCheckpoint;
  readonly model: TrainedModel;
}

const remove = (file: string): Promise<void> => wrapWriteErrors(file, () => rm(file, { force: true }));

async function removeUnfinished(folder: string): Promise<void> {
  for (const name of (await listFolder(folder)) ?? []) {
    if (UNFINISHED_NAME.test(name) || (LOCK_FILE.test(name) && name !== LOCK_NAME)) await remove(join(folder, name));
  }
}

/** Returns the names in a folder, or undefined if there is none. */
async function listFolder(path: string): Promise<string[] | undefined> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return undefined;
  if (!found.isDirectory()) throw new InputError(path, 'expected a run folder but got a file');
  return wrapReadErrors(path, () => readdir(path));
}
