/** Trainings in processes of their own, which go on when the studio ends: a few at a time, and the rest in a queue on disk. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { InputError } from '../errors.js';
import { makeFolder, wrapWriteErrors, writeFileAtomically } from '../files/atomic.node.js';
import { readTextIfExists } from '../files/regularFile.node.js';
import { lastLineOf } from './commandOutput.js';
import { STUDIO_FOLDER } from './folders.js';
import { type RunState, runName, type RunSummary } from './schemas.js';

const MAX_WAITING = 1000;

/** A training that is to be started: the ID of its run, and the arguments of `agenet`. */
const waiting = z.object({ id: z.string(), data: z.string(), args: z.array(z.string()).max(500) });
type Waiting = z.infer<typeof waiting>;

/** A training whose process was started, until its run trains. */
interface Started extends Waiting {
  readonly process: ChildProcess;
  /** The last line of its output, if it ended before. */
  failure?: string;
}

interface QueueOptions {
  /** The folder of the studio. */
  readonly folder: string;
  /** The program and its first arguments, such as `node main.js`. */
  readonly program: readonly [string, ...string[]];
  /** Trainings at a time, including those that were started elsewhere. */
  readonly limit: number;
  /** Returns the state of a run that has a folder. */
  readonly stateOf: (id: string) => RunState | undefined;
  /** Number of runs that train. */
  readonly countTraining: () => number;
}

export class TrainingQueue {
  private readonly started = new Map<string, Started>();
  private waiting: Waiting[] = [];
  private advancing: Promise<void> = Promise.resolve();

  private constructor(private readonly options: QueueOptions) {}

  /** Opens the queue that an earlier studio has left in the folder. */
  static async open(options: QueueOptions): Promise<TrainingQueue> {
    const queue = new TrainingQueue(options);
    const text = await readTextIfExists(queue.file);
    // A damaged file holds nothing that could be started.
    const stored = z.array(waiting).safeParse(parsed(text));
    if (stored.success) queue.waiting = stored.data;
    return queue;
  }

  /** Whether anything is left to do. */
  get isEmpty(): boolean {
    return this.waiting.length === 0 && Array.from(this.started.values()).every(({ failure }) => failure !== undefined);
  }

  /** What waits, starts, or failed before its run trained, in the order of the queue. */
  get summaries(): RunSummary[] {
    const starting = Array.from(this.started.values(), (each) => summaryOf(each, each.failure === undefined ? 'starting' : 'failed', each.failure ?? null));
    return [...starting, ...this.waiting.map((each, index) => summaryOf(each, 'queued', `number ${index + 1} in the queue`))];
  }

  has(id: string): boolean {
    return this.started.get(id)?.failure === undefined && (this.started.has(id) || this.waiting.some((each) => each.id === id));
  }

  /**
   * Adds a training, and starts it if there is room.
   * @throws {InputError} if the queue is full or cannot be written
   */
  async add(training: Waiting): Promise<void> {
    if (this.waiting.length >= MAX_WAITING) throw new InputError(`the queue has ${MAX_WAITING} trainings already; wait until some of them have ended`);
    this.started.delete(training.id);
    this.waiting.push(training);
    await this.save();
    await this.advance();
  }

  /** Removes a training that waits, or has failed before its run trained. Returns whether there was one. */
  async remove(id: string): Promise<boolean> {
    const before = this.waiting.length;
    this.waiting = this.waiting.filter((each) => each.id !== id);
    if (this.waiting.length < before) {
      await this.save();
      return true;
    }
    return this.started.get(id)?.failure !== undefined && this.started.delete(id);
  }

  /** Starts what there is room for. Called regularly; calls wait for each other. */
  advance(): Promise<void> {
    this.advancing = this.advancing.catch(() => undefined).then(() => this.startNext());
    return this.advancing;
  }

  private async startNext(): Promise<void> {
    for (const [id, { failure }] of this.started) if (failure === undefined && isTraining(this.options.stateOf(id))) this.started.delete(id);
    const starting = Array.from(this.started.values()).filter(({ failure }) => failure === undefined).length;
    let room = this.options.limit - this.options.countTraining() - starting;
    while (room-- > 0 && this.waiting.length > 0) {
      const next = this.waiting.shift()!;
      await this.save();
      await this.start(next);
    }
  }

  private async start(training: Waiting): Promise<void> {
    const output = join(this.options.folder, STUDIO_FOLDER, 'output', `${training.id.replaceAll('/', '_')}.txt`);
    await wrapWriteErrors(output, () => makeFolder(join(this.options.folder, STUDIO_FOLDER, 'output')));
    const [program, ...first] = this.options.program;
    const descriptor = openSync(output, 'w');
    // Detached: Ctrl-C in the terminal of the studio does not reach it.
    const child = spawn(program, [...first, ...training.args], { detached: true, stdio: ['ignore', descriptor, descriptor] });
    closeSync(descriptor);
    child.unref();
    const started: Started = { ...training, process: child };
    this.started.set(training.id, started);
    const fail = async (): Promise<void> => {
      if (this.started.get(training.id) !== started) return;
      if (isTraining(this.options.stateOf(training.id)) || child.exitCode === 0) this.started.delete(training.id);
      else started.failure = await lastLine(output);
    };
    child.once('exit', () => void fail());
    child.once('error', () => void fail());
  }

  private get file(): string {
    return join(this.options.folder, STUDIO_FOLDER, 'queue.json');
  }

  private async save(): Promise<void> {
    await wrapWriteErrors(this.file, () => makeFolder(join(this.options.folder, STUDIO_FOLDER)));
    await writeFileAtomically(this.file, new TextEncoder().encode(`${JSON.stringify(this.waiting, null, 2)}\n`));
  }
}

const isTraining = (state: RunState | undefined): boolean => state === 'running' || state === 'paused' || state === 'starting';

function parsed(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '[]');
  } catch {
    return [];
  }
}

async function lastLine(file: string): Promise<string> {
  const text = (await readTextIfExists(file).catch(() => undefined)) ?? '';
  const line = lastLineOf(text).replace(/^agenet: /u, '');
  return line === '' ? 'its process ended without a message' : line;
}

const summaryOf = ({ id, data }: Waiting, state: RunState, reason: string | null): RunSummary => ({
  ...{ id, state, reason, data, step: 0, totalSteps: null, secondsLeft: null, figures: {}, model: '', updated: Date.now() },
  ...{ preview: null, checkpoint: null, tags: [] },
});

/** @throws {InputError} if the folder of a new run exists */
export async function requireFreeName(folder: string, name: string): Promise<void> {
  runName.parse(name);
  if ((await stat(join(folder, name)).catch(() => undefined)) !== undefined) throw new InputError(`--out: ${name} exists; choose another name`);
}
