/** Each run trains in its own process, which continues when the studio ends. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { lstat, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { InputError, setting } from '../errors.js';
import { wrapWriteErrors } from '../files/atomic.node.js';
import type { OwnFolder } from '../runs/ownFolder.node.js';
import { oneAtATime } from '../turns.js';
import { parseJson } from '../validation.js';
import { errorPrinted, lastLineOf, type Program } from './commandOutput.node.js';
import { STUDIO_FOLDER } from './paths.node.js';
import { extension, type ListedRun, type NewRun, newRun } from './schemas.js';
import { isTraining, type RunState } from './states.js';

/** The queue, and what processes print until their runs train. */
const [FILE, OUTPUTS] = [`${STUDIO_FOLDER}/queue.json`, `${STUDIO_FOLDER}/output`];
/** Bytes of the file, and bytes at the end of an output that contain its error. */
const [MAX_QUEUE, MAX_OUTPUT] = [2 ** 22, 10_000];
/** Exit status of a run that was stopped. */
const INTERRUPTED = 130;

/** The file contains no commands. */
const queuedRun = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('new'), added: z.number(), request: newRun }),
  z.object({ kind: z.literal('resumed'), added: z.number(), run: z.string(), data: z.string(), extension }),
]);
type QueuedRun = z.infer<typeof queuedRun>;

interface Entry {
  id: string;
  queued: QueuedRun;
  /** `saving` until the file contains it. */
  state: 'saving' | 'queued' | 'starting' | 'failed';
  child?: ChildProcess;
  reason?: string;
}

interface QueueOptions {
  folder: OwnFolder;
  program: Program;
  /** @throws {InputError} if the data, the run or its checkpoint is gone */
  argumentsOf: (queued: QueuedRun) => Promise<readonly string[]>;
  limit: number;
  /** Undefined for a run without a folder. */
  stateOf: (id: string) => RunState | undefined;
  countTraining: () => number;
  describe: (error: unknown) => string;
}

/** No request interrupts a change in memory; saves follow each other. */
export class RunQueue {
  private entries: Entry[] = [];
  /** Processes of this studio whose runs train. */
  private readonly training = new Map<string, ChildProcess>();
  private readonly advancing = oneAtATime();
  private readonly saving = oneAtATime();
  private isDirty = false;

  private constructor(private readonly options: QueueOptions) {}

  static async open(options: QueueOptions): Promise<RunQueue> {
    const queue = new RunQueue(options);
    // Processes of an earlier studio have their errors in the journals.
    const outputs = join(options.folder.path, OUTPUTS);
    await wrapWriteErrors(outputs, () => rm(outputs, { recursive: true, force: true }));
    const stored = await options.folder.readEnd(FILE, MAX_QUEUE).catch(() => undefined);
    for (const queued of storedRuns(stored?.text ?? '')) {
      const id = idOf(queued);
      const hasBegun = queued.kind === 'new' && options.stateOf(id) !== undefined;
      if (!hasBegun && !queue.find(id)) queue.entries.push({ id, queued, state: 'queued' });
    }
    return queue;
  }

  get isEmpty() {
    return this.training.size === 0 && this.unfinished.length === 0 && !this.isDirty;
  }

  get summaries() {
    const waiting = this.entries.filter(({ state }) => state === 'saving' || state === 'queued');
    return this.entries.map((entry) => {
      const { state, reason = null } = entry;
      if (state === 'starting' || state === 'failed') return summaryOf(entry, state, reason);
      const place = `number ${waiting.indexOf(entry) + 1} in the queue`;
      return summaryOf(entry, 'queued', reason === null ? place : `${place}; ${reason}`);
    });
  }

  has(id: string) {
    return this.unfinished.some((entry) => entry.id === id);
  }

  isStarting(id: string) {
    return this.find(id)?.state === 'starting';
  }

  requireAbsent(queued: QueuedRun) {
    if (!this.has(idOf(queued))) return;
    throw queued.kind === 'new'
      ? new InputError(setting('out'), `${queued.request.name} is in the queue already`, 'choose another name')
      : new InputError(queued.run, 'in the queue already', 'wait until it trains');
  }

  /** @throws {InputError} if a folder or another run has the name */
  async requireFreeName(request: NewRun) {
    if (!(await isMissing(this.pathOf(request.name))))
      throw new InputError(setting('out'), `${request.name} exists`, 'choose another name');
    this.requireAbsent({ kind: 'new', added: 0, request });
  }

  /** @throws {InputError} if the run is in the queue, or the queue is full or cannot be written */
  async add(queued: QueuedRun) {
    this.requireAbsent(queued);
    const entry: Entry = { id: idOf(queued), queued, state: 'saving' };
    // Also forget a failed start of this run.
    const entries = [...this.entries.filter(({ id }) => id !== entry.id), entry];
    if (encode(entries).length > MAX_QUEUE)
      throw new InputError('queue', 'is full', 'wait until some of its runs have ended');
    this.entries = entries;
    try {
      await this.save();
    } catch (error) {
      this.drop(entry);
      throw error;
    }
    entry.state = 'queued';
    await this.advance();
  }

  async remove(id: string) {
    const entry = this.find(id);
    if (entry === undefined) return false;
    this.drop(entry);
    if (entry.state === 'starting') entry.child?.kill();
    if (entry.state !== 'failed') await this.save();
    return true;
  }

  advance() {
    return this.advancing(() => this.startNext());
  }

  private find(id: string) {
    return this.entries.find((entry) => entry.id === id);
  }

  /** A run stays in the file until it trains. */
  private get unfinished() {
    return this.entries.filter(({ state }) => state !== 'failed');
  }

  private drop(entry: Entry) {
    this.entries = this.entries.filter((each) => each !== entry);
    this.isDirty = true;
  }

  private fail(entry: Entry, error: unknown) {
    entry.state = 'failed';
    entry.reason = this.options.describe(error);
    this.isDirty = true;
  }

  private async startNext() {
    const { limit, stateOf, countTraining } = this.options;
    for (const entry of this.entries) {
      if (entry.state !== 'starting' || !isTraining(stateOf(entry.id))) continue;
      this.drop(entry);
      if (entry.child) this.training.set(entry.id, entry.child);
    }
    // A process whose folder is gone would wait for it.
    for (const [id, child] of this.training) if (await isMissing(this.pathOf(id))) child.kill();
    const starting = this.entries.filter(({ state }) => state === 'starting').length;
    for (let room = limit - countTraining() - starting; room > 0; room--) {
      const next = this.entries.find(({ id, state }) => state === 'queued' && !isTraining(stateOf(id)));
      if (next === undefined || !(await this.start(next))) break;
    }
    // If the disk is full, the next call tries again.
    if (this.isDirty) await this.save().catch(() => undefined);
  }

  /** Returns false if the disk is full. */
  private async start(entry: Entry) {
    entry.state = 'starting';
    delete entry.reason;
    const output = `${OUTPUTS}/${randomUUID()}.txt`;
    try {
      await this.options.folder.makeFolder(OUTPUTS);
      // A new file: opening a pipe without a reader would block the server.
      await wrapWriteErrors(OUTPUTS, () => writeFile(this.pathOf(output), '', { flag: 'ax' }));
    } catch (error) {
      entry.state = 'queued';
      entry.reason = this.options.describe(error);
      return false;
    }
    try {
      const args = await this.options.argumentsOf(entry.queued);
      // It may have been removed meanwhile.
      if (this.entries.includes(entry)) this.spawn(entry, args, output);
      else await rm(this.pathOf(output), { force: true });
    } catch (error) {
      this.fail(entry, error);
    }
    return true;
  }

  private spawn(entry: Entry, args: readonly string[], output: string) {
    const descriptor = openSync(this.pathOf(output), 'a');
    const [program, ...first] = this.options.program;
    try {
      // Detached from Ctrl-C in the terminal of the studio.
      entry.child = spawn(program, [...first, ...args, '--json'], {
        detached: true,
        stdio: ['ignore', descriptor, descriptor],
      });
    } finally {
      closeSync(descriptor);
    }
    entry.child.unref();
    once(entry.child, 'exit')
      .then(([status]) => this.end(entry, status as number | null, output))
      .catch((error: unknown) => this.fail(entry, error));
  }

  private async end(entry: Entry, status: number | null, output: string) {
    const printed = await this.options.folder.readEnd(output, MAX_OUTPUT).catch(() => undefined);
    // The next studio removes what is left.
    await rm(this.pathOf(output), { force: true }).catch(() => undefined);
    if (this.training.get(entry.id) === entry.child) this.training.delete(entry.id);
    if (!this.entries.includes(entry)) return;
    if (status === 0 || status === INTERRUPTED) return this.drop(entry);
    const text = printed?.text ?? '';
    this.fail(entry, errorPrinted(text) ?? (lastLineOf(text) || 'its process ended without a message'));
  }

  private pathOf(name: string) {
    return join(this.options.folder.path, name);
  }

  private save() {
    this.isDirty = true;
    return this.saving(async () => {
      this.isDirty = false;
      try {
        await this.options.folder.write(FILE, encode(this.unfinished));
      } catch (error) {
        this.isDirty = true;
        throw error;
      }
    });
  }
}

const encode = (entries: readonly Entry[]) => Buffer.from(`${JSON.stringify(entries.map(({ queued }) => queued))}\n`);

const isMissing = (path: string) =>
  lstat(path).then(
    () => false,
    (error: NodeJS.ErrnoException) => error.code === 'ENOENT',
  );

const idOf = (queued: QueuedRun) => (queued.kind === 'new' ? queued.request.name : queued.run);

function storedRuns(text: string) {
  const stored = z.array(z.unknown()).safeParse(parseJson(text)).data ?? [];
  return stored.flatMap((each) => queuedRun.safeParse(each).data ?? []);
}

const summaryOf = ({ id, queued }: Entry, state: RunState, reason: string | null): ListedRun => ({
  id,
  state,
  reason,
  warning: null,
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
  note: '',
  settings: {},
});
