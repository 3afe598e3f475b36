import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ImageSource } from '../data/source.js';
import type { Compile } from '../engine/index.js';
import { InputError } from '../errors.js';
import { type Configuration, requireSameTraining } from '../training/configuration.js';
import { EventQueue } from '../training/eventQueue.js';
import type { Subscriber, Emit, TrainingEvent, TrainingSummary } from '../training/events.js';
import type { FolderLock } from './lock.node.js';
import { Previews } from './previews.node.js';
import type { RunFolder } from './runFolder.node.js';
import { RunWriter } from './runWriter.node.js';
import { initialState, type IterationReport, totalStepsFor, Trainer, type TrainerState } from '../training/trainer.js';

export interface TrainOptions {
  readonly configuration: Configuration;
  readonly source: ImageSource;
  readonly folder: RunFolder;
  readonly compile: Compile;
  /** Where to begin if the folder has no checkpoint yet; default: fresh weights. */
  readonly start?: TrainerState;
  /** When aborted, the iteration that runs is finished and saved, and the training ends. */
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: TrainingEvent) => void;
  /** Others who hear the events, one after another, each of them waited for. */
  readonly subscribers?: readonly Subscriber[];
  /** Seconds between attempts to write to a disk that refuses; default 5. */
  readonly retrySeconds?: number;
}

/**
 * Trains as configured from the last checkpoint in the run folder, if there is one, and writes log, pictures and checkpoints there. The
 * folder is locked from before the checkpoint is read, so that of several processes one trains. Training ends with a checkpoint and
 * pictures of the last iteration, unless a loss or gradient is NaN or infinite: then it rolls back to the last checkpoint with half the
 * learning rate if the configuration says so, else it throws before anything is saved.
 * @throws {InputError} if another process trains into the folder, or the configuration contradicts its checkpoint
 */
export async function train(options: TrainOptions): Promise<TrainingSummary> {
  const { folder, configuration, source } = options;
  const lock = await folder.lock();
  try {
    const checkpoint = await folder.readLatestCheckpoint();
    if (checkpoint) requireSameTraining(configuration, checkpoint);
    const start = checkpoint ?? options.start;
    const totalSteps = totalStepsFor(configuration, source.train.count);
    if (start && start.step > totalSteps) {
      throw new InputError(`${folder.path}: already has ${start.step} iterations, more than the requested ${totalSteps}; nothing to do`);
    }
    await folder.writeConfiguration(configuration);
    const summary = await trainInto(options, start, lock);
    // Images that training did not wait for are decoded for the next time.
    if (!summary.interrupted) await source.finishDecoding?.();
    return summary;
  } finally {
    await lock.release();
  }
}

/**
 * The same as a sequence of events, which ends with the training's; leaving the loop early stops it like an abort. If the consumer is
 * slower than the training, iteration events are dropped (see `EventQueue`); all others are delivered.
 */
export async function* trainingEvents(options: Omit<TrainOptions, 'onEvent'>): AsyncGenerator<TrainingEvent, void> {
  const controller = new AbortController();
  const queue = new EventQueue();
  const subscribers = [queue.push, ...(options.subscribers ?? [])];
  const signal = AbortSignal.any([controller.signal, ...(options.signal ? [options.signal] : [])]);
  const training = train({ ...options, signal, subscribers }).finally(() => queue.close());
  // Awaited below; a rejection before that is not unhandled.
  training.catch(() => undefined);
  try {
    yield* queue.take();
  } finally {
    controller.abort();
    queue.close();
    await training;
  }
}

async function trainInto(
  { configuration, source, folder, compile, signal, onEvent = () => undefined, subscribers = [], retrySeconds }: TrainOptions,
  start: TrainerState | undefined,
  lock: FolderLock,
): Promise<TrainingSummary> {
  const secondsBefore = (await folder.truncateLog(start?.step ?? 0))?.seconds ?? 0;
  const trainer = await Trainer.create(configuration, source.train, compile, start);
  const previews = new Previews(configuration, source.test, trainer.state.vectors, compile);
  const audience = new EventDispatcher([onEvent, ...subscribers], lock);
  const { emit } = audience;
  const now = () => performance.now() - audience.evaluating;
  const writer = new RunWriter(trainer, configuration, folder, lock, previews, emit, signal, retrySeconds);
  const rescue = new NanRecovery(trainer, configuration, folder, writer, emit);
  await emit({ type: 'start', step: trainer.step, totalSteps: trainer.totalSteps, batchesPerEpoch: trainer.batchesPerEpoch, parameters: trainer.parameterCounts });

  const begin = now();
  const seconds = () => rounded((now() - begin) / 1000);
  let previous = begin;
  try {
    await writer.begin();
    while (trainer.step < trainer.totalSteps && !signal?.aborted) {
      const report = await trainer.iterate();
      const end = now();
      const broken = notFinite(report);
      if (broken !== undefined) await rescue.recover(report.step, broken);
      else {
        await emit({ type: 'iteration', report });
        await writer.afterIteration(report, secondsBefore + seconds(), (end - previous) / 1000);
      }
      previous = end;
      // A runtime may hold the thread during an iteration: signals and timers get their turn here.
      await nextTurn();
    }
    const trained = seconds();
    const files = await writer.finish();
    const summary: TrainingSummary = {
      steps: trainer.step,
      interrupted: trainer.step < trainer.totalSteps,
      seconds: trained,
      runtimeShare: trained === 0 ? 0 : trainer.runtimeSeconds / trained,
      ...files,
    };
    await emit({ type: 'end', summary });
    return summary;
  } finally {
    await Promise.all([trainer.release(), writer.release()]);
  }
}

/** Everybody who hears of a training. */
class EventDispatcher {
  /** Milliseconds in which training waited for evaluations: no part of its own time. */
  evaluating = 0;

  constructor(
    private readonly subscribers: readonly Subscriber[],
    private readonly lock: FolderLock,
  ) {}

  readonly emit: Emit = async (event) => {
    const start = performance.now();
    const training = { emit: this.emit, confirm: () => this.lock.confirm() };
    for (const subscriber of this.subscribers) await subscriber(event, training);
    if (event.type === 'epochs') this.evaluating += performance.now() - start;
  };
}

/** The first loss or gradient that is not finite, as `NAME is VALUE`. It never becomes finite again. */
function notFinite({ scalars }: IterationReport): string | undefined {
  const broken = Object.entries(scalars).find(([, value]) => !Number.isFinite(value));
  return broken && `${broken[0]} is ${broken[1]}`;
}

/** What is done where a loss or gradient is not finite. */
class NanRecovery {
  constructor(
    private readonly trainer: Trainer,
    private readonly configuration: Configuration,
    private readonly folder: RunFolder,
    private readonly writer: RunWriter,
    private readonly emit: Emit,
  ) {}

  /** Goes back to the last checkpoint with half the learning rate, as often as the configuration allows. Throws where it does not. */
  async recover(step: number, problem: string): Promise<void> {
    const { onNan, maxRollbacks } = this.configuration;
    const { rateScale: before } = this.trainer.state;
    // Each time halved the rate, so that those before a resumption count as well.
    const times = Math.round(-Math.log2(before));
    if (onNan === 'stop' || times >= maxRollbacks) {
      const tried = times > 0 ? `, after going back ${times} times` : '';
      const remedies = onNan === 'stop' ? 'try a lower --learning-rate, other weights, or --on-nan rollback' : 'try a lower --learning-rate or other weights';
      throw new Error(`iteration ${step}: ${problem}${tried}; the checkpoints before it are intact, ${remedies}`);
    }
    const last = (await this.folder.readLatestCheckpoint()) ?? initialState(this.configuration);
    const rateScale = before / 2;
    await this.trainer.restore({ ...last, rateScale });
    await this.writer.rollBack(last.step);
    // So that a resumed run goes on with this rate as well.
    await this.writer.save();
    await this.emit({ type: 'warning', message: `iteration ${step}: ${problem}; back to iteration ${last.step} with ${rateScale} times the learning rate` });
  }
}

const rounded = (seconds: number): number => Math.round(seconds * 1000) / 1000;
