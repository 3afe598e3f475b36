/** The queue of runs, each of which trains in its own process. The process continues when the studio ends. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { lstat, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { InputError, setting } from '../errors.js';
import { wrapWriteErrors } from '../files/atomic.node.js';
import type { OwnFolder } from '../runs/ownFolder.node.js';
import { errorPrinted, lastLineOf, type Program } from './commandOutput.node.js';
import { STUDIO_FOLDER } from './folders.js';
import { extension, type ListedRun, newRun } from './schemas.js';
import { isTraining, type RunState } from './states.js';

/** The queue, and what processes print until their runs train. */
const [FILE, OUTPUTS] = [`${STUDIO_FOLDER}/queue.json`, `${STUDIO_FOLDER}/output`];
/** Bytes of the file. */
const MAX_QUEUE = 2 ** 22;
/** Bytes at the end of an output that contain its error. */
const MAX_OUTPUT = 10_000;
/** Exit status of a run that was stopped and has saved. */
const INTERRUPTED = 130;

/** A request to train, with its time in milliseconds. The file contains no commands. */
const queuedRun = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('new'), added: z.number(), request: newRun }),
  z.object({ kind: z.literal('resumed'), added: z.number(), run: z.string(), data: z.string(), extension }),
]);
export type QueuedRun = z.infer<typeof queuedRun>;

/** A run in the queue, until it trains or is removed. */
interface Entry {
  readonly id: string;
  readonly queued: QueuedRun;
  /** `saving` until the file of the queue contains it. */
  state: 'saving' | 'queued' | 'starting' | 'failed';
  child?: ChildProcess;
  /** Why it has failed, or could not be started yet. */
  reason?: string;
}

interface QueueOptions {
  /** Of the studio. */
  readonly folder: OwnFolder;
  readonly program: Program;
  /** @throws {InputError} if the data, the run or its checkpoint is gone */
  readonly argumentsOf: (queued: QueuedRun) => Promise<readonly string[]>;
  /** Number of runs that train at a time, including runs started elsewhere. */
  readonly limit: number;
  /** Of a run that has a folder. */
  readonly stateOf: (id: string) => RunState | undefined;
  readonly countTraining: () => number;
  /** Returns an error as a page may see it. */
  readonly describe: (error: unknown) => string;
}

/**
 * The file has every accepted run that does not train yet. Changes happen in memory first, without a turn of another request in between. Saves
 * follow each other, and each writes what memory has then.
 */
export class RunQueue {
  private entries: Entry[] = [];
  /** Processes of this studio whose runs train. */
  private readonly training = new Map<string, ChildProcess>();
  private advancing: Promise<void> = Promise.resolve();
  private saving: Promise<void> = Promise.resolve();
  /** Whether the file differs from memory. */
  private isDirty = false;

  private constructor(private readonly options: QueueOptions) {}

  /** Opens the queue that an earlier studio left. */
  static async open(options: QueueOptions): Promise<RunQueue> {
    const queue = new RunQueue(options);
    // Processes of an earlier studio have their errors in the journals.
    await wrapWriteErrors(queue.outputs, () => rm(queue.outputs, { recursive: true, force: true }));
    const stored = await options.folder.readEnd(FILE, MAX_QUEUE).catch(() => undefined);
    for (const queued of storedRuns(stored?.text ?? '')) {
      const id = idOf(queued);
      const hasBegun = queued.kind === 'new' && options.stateOf(id) !== undefined;
      if (!hasBegun && !queue.find(id)) queue.entries.push({ id, queued, state: 'queued' });
    }
    return queue;
  }

  get isEmpty(): boolean {
    return this.training.size === 0 && this.unfinished.length === 0 && !this.isDirty;
  }

  /** Runs that wait, start, or failed before they trained. */
  get summaries(): ListedRun[] {
    const waiting = this.entries.filter(isWaiting);
    return this.entries.map((entry) => {
      const { state, reason = null } = entry;
      if (state === 'starting' || state === 'failed') return summaryOf(entry, state, reason);
      const place = `number ${waiting.indexOf(entry) + 1} in the queue`;
      return summaryOf(entry, 'queued', reason === null ? place : `${place}; ${reason}`);
    });
  }

  /** Whether a run waits or starts. */
  has(id: string): boolean {
    const entry = this.find(id);
    return entry !== undefined && entry.state !== 'failed';
  }

  isStarting(id: string): boolean {
    return this.find(id)?.state === 'starting';
  }

  /**
   * Adds a run, and starts it if there is room.
   * @throws {InputError} if it is in the queue already, or the queue is full or cannot be written
   */
  async add(queued: QueuedRun): Promise<void> {
    const id = idOf(queued);
    if (this.has(id)) throw inQueueAlready(queued);
    const entry: Entry = { id, queued, state: 'saving' };
    // A failure to start the run before is forgotten.
    const others = this.entries.filter((each) => each.id !== id);
    if (encode([...others, entry]).length > MAX_QUEUE)
      throw new InputError('queue', 'is full', 'wait until some of its runs have ended');
    this.entries = [...others, entry];
    try {
      await this.save();
    } catch (error) {
      this.drop(entry);
      throw error;
    }
    entry.state = 'queued';
    await this.advance();
  }

  /** Removes a run that waits, stops one that starts, or forgets one that failed. Returns whether there was one. */
  async remove(id: string): Promise<boolean> {
    const entry = this.find(id);
    if (entry === undefined) return false;
    this.drop(entry);
    if (entry.state === 'starting') entry.child?.kill();
    if (entry.state !== 'failed') await this.save();
    return true;
  }

  /** Starts runs if there is room. Called regularly; calls wait for each other. */
  advance(): Promise<void> {
    this.advancing = this.advancing.catch(() => undefined).then(() => this.startNext());
    return this.advancing;
  }

  private find(id: string): Entry | undefined {
    return this.entries.find((entry) => entry.id === id);
  }

  /** The entries that the file contains: a run that starts stays in it until it trains. */
  private get unfinished(): Entry[] {
    return this.entries.filter(({ state }) => state !== 'failed');
  }

  private drop(entry: Entry): void {
    this.entries = this.entries.filter((each) => each !== entry);
    this.isDirty = true;
  }

  private fail(entry: Entry, reason: string): void {
    Object.assign(entry, { state: 'failed', reason } satisfies Partial<Entry>);
    this.isDirty = true;
  }

  private async startNext(): Promise<void> {
    for (const entry of this.entries) {
      if (entry.state !== 'starting' || !isTraining(this.options.stateOf(entry.id))) continue;
      this.drop(entry);
      if (entry.child) this.training.set(entry.id, entry.child);
    }
    // Without its folder, a process would wait for the folder to come back.
    for (const [id, child] of this.training) if (await isMissing(join(this.options.folder.path, id))) child.kill();
    const starting = this.entries.filter(({ state }) => state === 'starting').length;
    for (let room = this.options.limit - this.options.countTraining() - starting; room > 0; room--) {
      const next = this.entries.find(({ id, state }) => state === 'queued' && !isTraining(this.options.stateOf(id)));
      if (next === undefined || !(await this.start(next))) break;
    }
    // If the disk is full, the next call tries again.
    if (this.isDirty) await this.save().catch(() => undefined);
  }

  /** Starts a process, and returns whether the next one can be started: not if the disk is full. */
  private async start(entry: Entry): Promise<boolean> {
    entry.state = 'starting';
    delete entry.reason;
    let output: string;
    try {
      output = await this.createOutput();
    } catch (error) {
      Object.assign(entry, { state: 'queued', reason: this.options.describe(error) } satisfies Partial<Entry>);
      return false;
    }
    try {
      const args = await this.options.argumentsOf(entry.queued);
      // It may have been removed in the meantime.
      if (this.entries.includes(entry)) this.spawn(entry, args, output);
      else await rm(join(this.outputs, output), { force: true });
    } catch (error) {
      this.fail(entry, this.options.describe(error));
    }
    return true;
  }

  private spawn(entry: Entry, args: readonly string[], output: string): void {
    const descriptor = openSync(join(this.outputs, output), 'a');
    const [program, ...first] = this.options.program;
    try {
      // Detached, so that Ctrl-C in the terminal of the studio does not reach it.
      entry.child = spawn(program, [...first, ...args, '--json'], {
        detached: true,
        stdio: ['ignore', descriptor, descriptor],
      });
    } finally {
      closeSync(descriptor);
    }
    const { child } = entry;
    child.unref();
    const ended = new Promise<number | null>(
      (resolve, reject) => void child.once('exit', resolve).once('error', reject),
    );
    ended
      .then((status) => this.end(entry, status, output))
      .catch((error: unknown) => this.fail(entry, this.options.describe(error)));
  }

  private async end(entry: Entry, status: number | null, output: string): Promise<void> {
    const printed = await this.options.folder.readEnd(`${OUTPUTS}/${output}`, MAX_OUTPUT).catch(() => undefined);
    // The folder may be gone; the next studio removes what is left.
    await rm(join(this.outputs, output), { force: true }).catch(() => undefined);
    if (this.training.get(entry.id) === entry.child) this.training.delete(entry.id);
    if (!this.entries.includes(entry)) return;
    if (status === 0 || status === INTERRUPTED) return this.drop(entry);
    const { text } = printed ?? { text: '' };
    const error = errorPrinted(text) ?? (lastLineOf(text) || 'its process ended without a message');
    this.fail(entry, this.options.describe(error));
  }

  private get outputs(): string {
    return join(this.options.folder.path, OUTPUTS);
  }

  /** Creates a file for what a process prints. It must be new, because opening a pipe without a reader would block the server. */
  private async createOutput(): Promise<string> {
    const output = `${randomUUID()}.txt`;
    await this.options.folder.makeFolder(OUTPUTS);
    await wrapWriteErrors(OUTPUTS, async () => (await open(join(this.outputs, output), 'ax')).close());
    return output;
  }

  private save(): Promise<void> {
    this.isDirty = true;
    this.saving = this.saving.catch(() => undefined).then(() => this.write());
    return this.saving;
  }

  private async write(): Promise<void> {
    this.isDirty = false;
    try {
      await this.options.folder.write(FILE, encode(this.unfinished));
    } catch (error) {
      this.isDirty = true;
      throw error;
    }
  }
}

const isWaiting = ({ state }: Entry): boolean => state === 'saving' || state === 'queued';

const encode = (entries: readonly Entry[]): Uint8Array =>
  new TextEncoder().encode(`${JSON.stringify(entries.map(({ queued }) => queued))}\n`);

const isMissing = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => false,
    (error: NodeJS.ErrnoException) => error.code === 'ENOENT',
  );

const idOf = (queued: QueuedRun): string => (queued.kind === 'new' ? queued.request.name : queued.run);

/** Skips damaged entries. */
function storedRuns(text: string): QueuedRun[] {
  let stored: unknown;
  try {
    stored = JSON.parse(text);
  } catch {
    return [];
  }
  if (!Array.isArray(stored)) return [];
  return stored.flatMap((each) => queuedRun.safeParse(each).data ?? []);
}

export function inQueueAlready(queued: QueuedRun): InputError {
  return queued.kind === 'new'
    ? new InputError(setting('out'), `${queued.request.name} is in the queue already`, 'choose another name')
    : new InputError(queued.run, 'in the queue already', 'wait until it trains');
}

const summaryOf = ({ id, queued }: Entry, state: RunState, reason: string | null): ListedRun => ({
  id,
  state,
  reason,
  data: queued.kind === 'new' ? queued.request.data : queued.data,
  updated: queued.added,
  model: '',
  step: 0,
  totalSteps: null,
  secondsLeft: null,
  metrics: {},
  preview: null,
  checkpoint: null,
  journalBytes: 0,
  tags: [],
});

/** @throws {InputError} if the folder exists */
export async function requireFreeName(folder: string, name: string): Promise<void> {
  if (!(await isMissing(join(folder, name))))
    throw new InputError(setting('out'), `${name} exists`, 'choose another name');
}
