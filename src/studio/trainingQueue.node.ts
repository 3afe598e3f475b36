/** Trainings in processes of their own, which continue when the studio ends: a few at a time, and the rest in a queue on disk. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { InputError, messageOf, setting } from '../errors.js';
import { makeFolder, wrapWriteErrors, writeFileAtomically } from '../files/atomic.node.js';
import { lastLineOf } from './commandOutput.node.js';
import { readOwnText, STUDIO_FOLDER } from './ownFiles.node.js';
import { extension, type RunSummary, trainingRequest } from './schemas.js';
import { isTraining, type RunState } from './states.js';

const MAX_WAITING = 1000;
/** Bytes of the queue's file, and those at the end of an output that contain its last line. */
const [MAX_QUEUE, MAX_OUTPUT] = [2 ** 22, 10_000];

/** A training that is to be started, as it was requested at a time in milliseconds: the file of the queue contains no commands. */
const queued = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('new'), added: z.number(), request: trainingRequest }),
  z.object({ kind: z.literal('resumed'), added: z.number(), run: z.string(), data: z.string(), extension }),
]);
export type QueuedTraining = z.infer<typeof queued>;

/** A training whose process was started, until its run trains; `failure` if it ended before. */
interface Started {
  readonly training: QueuedTraining;
  readonly child: ChildProcess | undefined;
  failure?: string;
}

interface QueueOptions {
  /** The folder of the studio. */
  readonly folder: string;
  /** The program and its first arguments, such as `node main.js`. */
  readonly program: readonly [string, ...string[]];
  /** Returns the arguments of a training; throws an InputError if its data or its checkpoint is gone. */
  readonly argumentsOf: (training: QueuedTraining) => Promise<readonly string[]>;
  /** Trainings at a time, including those that were started elsewhere. */
  readonly limit: number;
  /** Returns the state of a run that has a folder. */
  readonly stateOf: (id: string) => RunState | undefined;
  /** Number of runs that train. */
  readonly countTraining: () => number;
}

export class TrainingQueue {
  private readonly started = new Map<string, Started>();
  /** Processes of this studio whose runs train. */
  private readonly training = new Map<string, ChildProcess>();
  private waiting: QueuedTraining[] = [];
  private advancing: Promise<void> = Promise.resolve();

  private constructor(private readonly options: QueueOptions) {}

  /** Opens the queue that an earlier studio has left in the folder. */
  static async open(options: QueueOptions): Promise<TrainingQueue> {
    const queue = new TrainingQueue(options);
    // Outputs of trainings that an earlier studio started; their errors are in the journals.
    await wrapWriteErrors(queue.outputs, () => rm(queue.outputs, { recursive: true, force: true }));
    const { text } = await readOwnText(queue.file, MAX_QUEUE);
    // A damaged file holds nothing that could be started.
    const stored = z.array(queued).safeParse(parsed(text));
    if (stored.success) queue.waiting = stored.data;
    return queue;
  }

  /** Whether nothing is left to do. */
  get isEmpty(): boolean {
    return this.waiting.length === 0 && this.training.size === 0 && this.starting.length === 0;
  }

  /** Trainings that wait, start, or failed before their run trained, in the order of the queue. */
  get summaries(): RunSummary[] {
    const begun = Array.from(this.started.values(), ({ training, failure }) =>
      summaryOf(training, failure === undefined ? 'starting' : 'failed', failure ?? null),
    );
    return [
      ...begun,
      ...this.waiting.map((training, index) => summaryOf(training, 'queued', `number ${index + 1} in the queue`)),
    ];
  }

  /** Whether a training waits or starts. */
  has(id: string): boolean {
    return this.isStarting(id) || this.waiting.some((training) => idOf(training) === id);
  }

  isStarting(id: string): boolean {
    const started = this.started.get(id);
    return started !== undefined && started.failure === undefined;
  }

  /**
   * Adds a training, and starts it if there is room.
   * @throws {InputError} if the run has one already, the queue is full or cannot be written
   */
  async add(training: QueuedTraining): Promise<void> {
    const id = idOf(training);
    if (this.has(id)) throw new InputError(setting('out'), `${id} is in the queue already`, 'choose another name');
    if (this.waiting.length >= MAX_WAITING)
      throw new InputError('queue', `has ${MAX_WAITING} runs already`, 'wait until some of them have ended');
    this.started.delete(id);
    this.waiting.push(training);
    try {
      await this.save();
    } catch (error) {
      this.waiting = this.waiting.filter((each) => each !== training);
      throw error;
    }
    await this.advance();
  }

  /** Removes a training that waits, stops one that starts, and forgets one that has failed to begin. Returns whether there was one. */
  async remove(id: string): Promise<boolean> {
    const before = this.waiting.length;
    this.waiting = this.waiting.filter((training) => idOf(training) !== id);
    if (this.waiting.length < before) {
      await this.save();
      return true;
    }
    const started = this.started.get(id);
    if (started?.failure === undefined) started?.child?.kill();
    return this.started.delete(id);
  }

  /** Starts what there is room for. Called regularly; calls wait for each other. */
  advance(): Promise<void> {
    this.advancing = this.advancing.catch(() => undefined).then(() => this.startNext());
    return this.advancing;
  }

  private get starting(): string[] {
    return Array.from(this.started.keys()).filter((id) => this.isStarting(id));
  }

  private async startNext(): Promise<void> {
    for (const [id, { child }] of this.started) {
      if (!isTraining(this.options.stateOf(id))) continue;
      this.started.delete(id);
      if (child) this.training.set(id, child);
    }
    // Without its folder, a training would wait for it to come back.
    for (const [id, child] of this.training) if (await isMissing(join(this.options.folder, id))) child.kill();
    let room = this.options.limit - this.options.countTraining() - this.starting.length;
    while (room-- > 0 && this.waiting.length > 0) {
      const next = this.waiting.shift()!;
      await this.save();
      await this.start(next).catch((error: unknown) =>
        this.started.set(idOf(next), { training: next, child: undefined, failure: messageOf(error) }),
      );
    }
  }

  private async start(training: QueuedTraining): Promise<void> {
    const args = await this.options.argumentsOf(training);
    await wrapWriteErrors(this.outputs, () => makeFolder(this.outputs));
    const output = join(this.outputs, `${randomUUID()}.txt`);
    // Only a new file: opening an existing pipe without a reader would block the server.
    const descriptor = openSync(output, 'ax');
    const [program, ...first] = this.options.program;
    // Detached: Ctrl-C in the terminal of the studio does not reach it.
    const child = spawn(program, [...first, ...args], { detached: true, stdio: ['ignore', descriptor, descriptor] });
    closeSync(descriptor);
    child.unref();
    const id = idOf(training);
    const started: Started = { training, child };
    this.started.set(id, started);
    child.once('error', (error) => (started.failure = messageOf(error)));
    child.once('exit', (status) => void this.end(id, started, status, output));
  }

  private async end(id: string, started: Started, status: number | null, output: string): Promise<void> {
    const { text } = await readOwnText(output, MAX_OUTPUT);
    await rm(output, { force: true });
    if (this.training.get(id) === started.child) this.training.delete(id);
    if (this.started.get(id) !== started) return;
    const line = lastLineOf(text).replace(/^agenet: /u, '');
    if (status === 0 || status === INTERRUPTED) this.started.delete(id);
    else started.failure ??= line === '' ? 'its process ended without a message' : line;
  }

  private get outputs(): string {
    return join(this.options.folder, STUDIO_FOLDER, 'output');
  }

  private get file(): string {
    return join(this.options.folder, STUDIO_FOLDER, 'queue.json');
  }

  private async save(): Promise<void> {
    await writeFileAtomically(this.file, new TextEncoder().encode(`${JSON.stringify(this.waiting, null, 2)}\n`));
  }
}

const isMissing = (path: string): Promise<boolean> =>
  stat(path).then(
    () => false,
    (error: NodeJS.ErrnoException) => error.code === 'ENOENT',
  );

/** Exit status of a training that was stopped and has saved. */
const INTERRUPTED = 130;

/** The ID of the run of a training. */
const idOf = (training: QueuedTraining): string => (training.kind === 'new' ? training.request.name : training.run);

function parsed(text: string): unknown {
  try {
    return JSON.parse(text === '' ? '[]' : text);
  } catch {
    return [];
  }
}

const summaryOf = (training: QueuedTraining, state: RunState, reason: string | null): RunSummary => ({
  ...{ id: idOf(training), state, reason, data: training.kind === 'new' ? training.request.data : training.data },
  ...{ step: 0, totalSteps: null, secondsLeft: null, metrics: {}, model: '', updated: training.added },
  ...{ preview: null, checkpoint: null, journalBytes: 0, tags: [] },
});

/** @throws {InputError} if the folder of a new run exists */
export async function requireFreeName(folder: string, name: string): Promise<void> {
  if ((await stat(join(folder, name)).catch(() => undefined)) !== undefined)
    throw new InputError(setting('out'), `${name} exists`, 'choose another name');
}
