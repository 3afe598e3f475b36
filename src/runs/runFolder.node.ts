import { createHash } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError, setting, text } from '../errors.js';
import { isPartial, makeFolder, numbered, wrapReadErrors, wrapWriteErrors } from '../files/atomic.node.js';
import { readFileBytes } from '../files/regularFile.node.js';
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
import type { LogEntry, RunLock, RunStore, StoredCheckpoint } from '../training/runStore.js';
import { modelWeights } from '../training/trainer.js';
import { parseJson } from '../validation.js';
import { FolderLock, LOCK_NAME } from './lock.node.js';
import { OwnFolder } from './ownFolder.node.js';
import { STEERING_NAME } from './steering.node.js';

export async function readCheckpointFile(file: string): Promise<StoredCheckpoint> {
  return { ...(await decodeCheckpoint(await readFileBytes(file), file, sha256)), file };
}

/** In hexadecimal. */
export const sha256: Digest = (...pieces) =>
  pieces.reduce((hash, piece) => hash.update(piece), createHash('sha256')).digest('hex');

export const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array) =>
  new Uint8Array(buffer, byteOffset, byteLength);

const SUBFOLDERS = ['samples', 'reconstructions', 'codes', 'checkpoints'] as const;
/** The lock, and guards of its replacement. */
const LOCK_FILE = /^\.lock(\.|$)/;
const CONFIGURATION_NAME = 'config.json';
const MAX_CONFIGURATION_BYTES = 2 ** 20;
export const LOG_NAME = 'log.jsonl';

/** A run in a folder. Each write takes the lock, unless this process holds it. */
export class RunFolder implements RunStore {
  private held: Promise<FolderLock> | undefined;
  /** Unreleased locks, which share one file. */
  private holders = 0;
  /** The lock under which the folder was created, until `lock` returns it. */
  private firstLock: RunLock | undefined;

  /** @internal */
  readonly files: OwnFolder;

  private constructor(folder: OwnFolder) {
    this.files = folder.heldBy((write) => this.whileHeld(write));
  }

  get path() {
    return this.files.path;
  }

  /** This process holds the folder until its lock is released. @throws {InputError} if the folder is not empty */
  static async create(path: string, configuration: Configuration) {
    await RunFolder.requireEmpty(path);
    await wrapWriteErrors(path, () => makeFolder(path));
    const folder = new RunFolder(await OwnFolder.at(path));
    const lock = await folder.hold();
    try {
      // Another process may have trained into it since.
      await RunFolder.requireEmpty(path);
      // Written first, because a run with a configuration can be resumed.
      await folder.writeConfiguration(configuration);
      await folder.createSubfolders();
      folder.firstLock = lock;
      return folder;
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  /** @throws {InputError} if a folder is not empty */
  static async requireEmpty(path: string) {
    if (path === '') throw new InputError(setting('out'), 'expected the path of a run folder but got ""');
    // These remain if a process is killed before it writes the configuration.
    const entries = ((await listFolder(path)) ?? []).filter((name) => !isPartial(name) && !LOCK_FILE.test(name));
    if (entries.length > 0)
      throw new InputError(
        path,
        'the run folder exists and is not empty',
        text`choose another with ${setting('out')}, or resume its run with ${setting('resume')}`,
      );
  }

  /** @throws {InputError} if there is no run folder */
  static async open(path: string) {
    const entries = await listFolder(path);
    if (entries === undefined) throw new InputError(path, 'run folder not found');
    if (!entries.includes(CONFIGURATION_NAME))
      throw new InputError(path, 'not a run folder because it has no config.json');
    return new RunFolder(await OwnFolder.at(path));
  }

  /** @throws {InputError} if it is corrupt or of another version */
  async readConfiguration() {
    const file = join(this.path, CONFIGURATION_NAME);
    const content = await this.files.readText(CONFIGURATION_NAME, MAX_CONFIGURATION_BYTES);
    if (content === undefined) throw new InputError(file, 'not found');
    return decodeConfiguration(content, file);
  }

  async writeConfiguration(configuration: Configuration) {
    await this.files.write(CONFIGURATION_NAME, encodeConfiguration(configuration));
  }

  /** @throws {InputError} if another process holds the folder */
  async lock() {
    const isFirst = this.holders === (this.firstLock ? 1 : 0);
    const lock = this.firstLock ?? (await this.hold());
    this.firstLock = undefined;
    try {
      await this.createSubfolders();
      if (isFirst) await this.clear();
      return lock;
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  async recreate(configuration: Configuration) {
    const entries = await listFolder(this.path);
    if (entries === undefined) throw new InputError(this.path, 'run folder not found');
    await this.createSubfolders();
    if (!entries.includes(CONFIGURATION_NAME)) await this.writeConfiguration(configuration);
  }

  /** Also removes older checkpoints that the configuration does not keep. */
  async writeCheckpoint(checkpoint: Checkpoint) {
    const file = await this.files.write(checkpointName(checkpoint.step), encodeCheckpoint(checkpoint, sha256));
    await this.prune(checkpoint);
    return file;
  }

  /** @throws {InputError} if it is corrupt */
  async readLatestCheckpoint() {
    const [step, before] = (await this.stepsOf('checkpoints')).reverse();
    if (step === undefined) return undefined;
    try {
      return await readCheckpointFile(join(this.path, checkpointName(step)));
    } catch (error) {
      if (!(error instanceof InputError) || before === undefined) throw error;
      const remedy = `delete it to resume from ${join(this.path, checkpointName(before))}`;
      throw new InputError(error.about, error.problem, remedy);
    }
  }

  private async prune({ configuration: { keepLast, keepEvery }, step: newest }: Checkpoint) {
    if (keepLast === 0) return;
    const older = (await this.stepsOf('checkpoints')).filter((step) => step <= newest).slice(0, -keepLast);
    for (const step of older)
      if (keepEvery === 0 || step % keepEvery !== 0) await this.files.remove(checkpointName(step));
  }

  async writePreviews(step: number, { codes, samples, reconstructions }: Preview) {
    const name = numbered(step);
    await this.files.write(`codes/${name}.npy`, encodeNpy(codes));
    return {
      samples: await this.files.write(`samples/${name}.png`, await encodePng(samples)),
      reconstructions: await this.files.write(`reconstructions/${name}.png`, await encodePng(reconstructions)),
    };
  }

  async previews(kind: keyof PreviewFiles) {
    return (await this.stepsOf(kind)).map((step) => ({ step, file: join(this.path, kind, `${numbered(step)}.png`) }));
  }

  private async stepsOf(kind: keyof PreviewFiles | 'checkpoints') {
    return stepsIn((await listFolder(join(this.path, kind))) ?? [], kind);
  }

  appendLog(entries: readonly LogEntry[]) {
    return this.files.append(LOG_NAME, linesOf(entries));
  }

  async truncateLog(step: number) {
    const entries = (await this.readLog()).filter((entry) => entry.step! <= step);
    await this.files.write(LOG_NAME, linesOf(entries));
    return entries.at(-1);
  }

  /** If an iteration has several lines, the last one counts. */
  async readLog() {
    const lines = ((await this.files.readText(LOG_NAME, Infinity)) ?? '').split('\n').flatMap(parseLogLine);
    return [...new Map(lines.map((entry) => [entry.step, entry])).values()];
  }

  memoryMb() {
    return Math.round(process.memoryUsage.rss() / 2 ** 20);
  }

  private async whileHeld<T>(write: (confirm: () => Promise<void>) => Promise<T>) {
    const lock = await this.hold();
    try {
      return await write(() => lock.confirm());
    } finally {
      await lock.release();
    }
  }

  private async hold() {
    this.holders++;
    this.held ??= this.files.confirm().then(() => FolderLock.take(this.path));
    const lock = await this.held.catch((error: unknown) => {
      this.holders--;
      this.held = undefined;
      throw error;
    });
    let isReleased = false;
    const release = async () => {
      if (isReleased) return;
      isReleased = true;
      if (--this.holders > 0) return;
      this.held = undefined;
      await lock.release();
    };
    return { confirm: () => lock.confirm(), release };
  }

  private async createSubfolders() {
    for (const name of SUBFOLDERS) await this.files.makeFolder(name);
  }

  /** Removes what killed processes have left, and an old steering request. */
  private async clear() {
    for (const kind of ['', ...SUBFOLDERS]) {
      const folder = this.files.below(kind);
      for (const name of await folder.list())
        if (isPartial(name) || (LOCK_FILE.test(name) && name !== LOCK_NAME)) await folder.remove(name);
    }
    await this.files.remove(STEERING_NAME);
  }
}

/** In ascending order. */
export function stepsIn(names: readonly string[], kind: keyof PreviewFiles | 'checkpoints') {
  const pattern = kind === 'checkpoints' ? /^\d+\.safetensors$/ : /^\d+\.png$/;
  const steps = names.filter((name) => pattern.test(name)).map((name) => parseInt(name));
  return steps.filter(Number.isSafeInteger).sort((a, b) => a - b);
}

const checkpointName = (step: number) => `checkpoints/${numbered(step)}.safetensors`;

const linesOf = (entries: readonly LogEntry[]) => entries.map((entry) => `${JSON.stringify(entry)}\n`).join('');

/** Drops a line that a crash cut short. */
function parseLogLine(line: string) {
  const entry = parseJson(line) as LogEntry | null | undefined;
  return typeof entry?.step === 'number' ? [entry] : [];
}

/** Reads the latest checkpoint of a run folder, or a checkpoint file. @throws {InputError} if there is none */
export async function readCheckpoint(path: string): Promise<StoredCheckpoint> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) throw new InputError(path, 'run folder or checkpoint not found');
  if (!found.isDirectory()) return readCheckpointFile(path);
  const latest = await (await RunFolder.open(path)).readLatestCheckpoint();
  if (latest === undefined) throw new InputError(path, 'the run has no checkpoint yet');
  return latest;
}

/** @param ema whether to use the EMA weights if there are any */
export function modelOf({ configuration, vectors, density }: Checkpoint, compile: Compile, ema = true) {
  const { pair, objective } = iterationSpec(configuration);
  const model = TrainedModel.of(pair, objective.prior, modelWeights(vectors, { ema }), compile);
  // It was fitted to codes of the EMA weights.
  return ema || configuration.ema === 0 ? model.withDensity(density) : model;
}

/** @throws {InputError} if there is no checkpoint */
export async function openRun(path: string, compile: Compile, { ema }: { ema?: boolean | undefined } = {}) {
  const checkpoint = await readCheckpoint(path);
  return { checkpoint, model: modelOf(checkpoint, compile, ema) };
}

export type OpenedRun = Awaited<ReturnType<typeof openRun>>;

async function listFolder(path: string) {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return undefined;
  if (!found.isDirectory()) throw new InputError(path, 'expected a run folder but got a file');
  return wrapReadErrors(path, () => readdir(path));
}
