import type { ImageSource } from '../data/source.js';
import { type Compile, DeviceError } from '../engine/index.js';
import { DescribedError, InputError, setting, text } from '../errors.js';
import type { Configuration } from './configuration.js';
import type { Emit, Subscriber, TrainingSummary } from './events.js';
import { Previews } from './previews.js';
import { requireResumable, resumedState } from './resumption.js';
import { type RunLock, type RunStore, RunWriter } from './runStore.js';
import { initialState, totalStepsFor, Trainer, type TrainerState } from './trainer.js';

/** Whether training continues, waits with its state in memory, or saves and ends. */
export type Direction = 'train' | 'pause' | 'stop';

/** Milliseconds between two questions whether a pause has ended. */
const PAUSE_MS = 100;

/** What is trained, with what, and where the results go. */
export interface TrainingOptions {
  readonly configuration: Configuration;
  readonly source: ImageSource;
  readonly store: RunStore;
  readonly compile: Compile;
  /** Compiles an iteration, if that is not done by `compile`: several processes compute iterations together, and nothing else. */
  readonly compileIteration?: Compile | undefined;
  /** Returns the state of a run that has no checkpoint yet (default: fresh weights from the seed). */
  readonly start?: (() => Promise<TrainerState>) | undefined;
  /** When aborted, the current iteration is finished and saved, and training ends. */
  readonly signal?: AbortSignal | undefined;
  /**
   * What to do after a number of iterations (default: end if the signal is aborted). Called before each iteration, and again and again while
   * training is paused.
   */
  readonly steer?: ((step: number) => Direction) | undefined;
  /** Receive each event one after another; training waits for each of them. */
  readonly subscribers?: readonly Subscriber[];
  /** Seconds between two attempts to write what must not be lost (default: 5). */
  readonly retrySeconds?: number | undefined;
}

/**
 * Trains from the last checkpoint in the store, if there is one, and writes log, previews and checkpoints there. The store is locked
 * before the checkpoint is read, so that only one of several processes trains. Training ends with a checkpoint and previews of the last
 * iteration. If a loss or gradient becomes NaN or infinite, training rolls back if the configuration says so.
 * @throws {InputError} if another process trains into the store, or the configuration contradicts its checkpoint
 * @throws {Error} if a loss or gradient becomes NaN or infinite and no rollback is left; nothing is saved then
 */
export async function runTraining(options: TrainingOptions): Promise<TrainingSummary> {
  const { store, configuration, source, start } = options;
  const lock = await store.lock();
  try {
    const checkpoint = await store.readLatestCheckpoint();
    if (checkpoint) requireResumable(configuration, checkpoint, source.train.count);
    const totalSteps = totalStepsFor(configuration, source.train.count);
    if (checkpoint && checkpoint.step > totalSteps) {
      throw new InputError(
        store.path,
        `already has ${checkpoint.step} iterations, more than the requested ${totalSteps}`,
        'nothing to do',
      );
    }
    const state = checkpoint
      ? resumedState(checkpoint, configuration)
      : ((await start?.()) ?? initialState(configuration));
    await store.writeConfiguration(configuration);
    const summary = await trainFrom(state, options, lock);
    // The remaining images are decoded for the next run.
    if (!summary.interrupted) await source.finishDecoding?.();
    return summary;
  } finally {
    await lock.release();
  }
}

interface Session {
  readonly options: TrainingOptions;
  readonly trainer: Trainer;
  readonly writer: RunWriter;
  readonly emit: Emit;
  readonly clock: Clock;
}

/** The time of a session without evaluations and pauses. */
class Clock {
  private begin = performance.now();
  private waited = 0;

  start(): void {
    [this.begin, this.waited] = [performance.now(), 0];
  }

  /** To milliseconds. */
  get seconds(): number {
    return Math.round(performance.now() - this.begin - this.waited) / 1000;
  }

  async pausedDuring<T>(action: () => Promise<T>): Promise<T> {
    const start = performance.now();
    const result = await action();
    this.waited += performance.now() - start;
    return result;
  }
}

async function trainFrom(state: TrainerState, options: TrainingOptions, lock: RunLock): Promise<TrainingSummary> {
  const { configuration, source, store, compile, compileIteration = compile, signal, retrySeconds } = options;
  const secondsBefore = (await store.truncateLog(state.step))?.seconds ?? 0;
  const trainer = await Trainer.create(configuration, source.train, compileIteration, state);
  const previews = new Previews(configuration, source.test, state.vectors, compile);
  const clock = new Clock();
  const deliver: Emit = async (event) => {
    for (const subscriber of options.subscribers ?? [])
      await subscriber(event, { emit, confirm: () => lock.confirm() });
  };
  const emit: Emit = (event) =>
    event.type === 'evaluationDue' ? clock.pausedDuring(() => deliver(event)) : deliver(event);
  const writer = new RunWriter({ trainer, configuration, store, previews, emit, signal, retrySeconds });
  try {
    await emit({
      type: 'start',
      run: store.path,
      configuration,
      images: { train: source.train.count, test: source.test.count },
      step: trainer.step,
      totalSteps: trainer.totalSteps,
      batchesPerEpoch: trainer.batchesPerEpoch,
      parameters: trainer.parameterCounts,
    });
    clock.start();
    await writer.begin();
    await iterate({ options, trainer, writer, emit, clock }, secondsBefore);
    const { seconds } = clock;
    const summary: TrainingSummary = {
      steps: trainer.step,
      session_steps: Math.max(0, trainer.step - state.step),
      interrupted: trainer.step < trainer.totalSteps,
      seconds,
      runtime_fraction: seconds === 0 ? 0 : trainer.runtimeSeconds / seconds,
      ...(await writer.finish()),
    };
    await emit({ type: 'trained', summary });
    return summary;
  } catch (error) {
    if (error instanceof DeviceError) await saveAfterFailure(error, trainer, writer, options);
    throw error;
  } finally {
    // A device that failed may fail again, which must not replace its first error.
    await Promise.allSettled([trainer.release(), previews.release()]);
  }
}

async function iterate(session: Session, secondsBefore: number): Promise<void> {
  const { options, trainer, writer, emit, clock } = session;
  let previous = clock.seconds;
  while (trainer.step < trainer.totalSteps && (await isContinued(session))) {
    const report = await trainer.iterate();
    const { seconds } = clock;
    const problem = Object.entries(report.scalars).find(([, value]) => !Number.isFinite(value));
    if (problem)
      await recover(`${problem[0]} is ${problem[1]} at iteration ${report.step}`, trainer, writer, options, emit);
    else {
      await emit({ type: 'iteration', report });
      await writer.afterIteration(report, secondsBefore + clock.seconds, seconds - previous);
    }
    previous = seconds;
    await nextTurn();
  }
}

/** Waits during a pause, and returns whether training goes on. */
async function isContinued({ options, trainer, writer, emit, clock }: Session): Promise<boolean> {
  const { steer = () => (options.signal?.aborted ? 'stop' : 'train') } = options;
  const first = steer(trainer.step);
  if (first !== 'pause') return first === 'train';
  const next = await clock.pausedDuring(async () => {
    await writer.pause();
    let direction = steer(trainer.step);
    while (direction === 'pause') {
      await new Promise((resolve) => void setTimeout(resolve, PAUSE_MS));
      direction = steer(trainer.step);
    }
    await emit({ type: 'continued', step: trainer.step });
    return direction;
  });
  return next === 'train';
}

/** Nothing in the input is wrong. */
class TrainingFailure extends DescribedError {
  override readonly name: string = 'TrainingFailure';
}

/** A runtime may occupy the thread during an iteration: signals and timers get their turn between two. */
const nextTurn = (): Promise<void> => new Promise((resolve) => void (globalThis.setImmediate ?? setTimeout)(resolve));

/** @throws {InputError} with the failure and the last iteration that is saved */
async function saveAfterFailure(
  error: DeviceError,
  trainer: Trainer,
  writer: RunWriter,
  { store }: TrainingOptions,
): Promise<never> {
  const saved = await writer.save().catch(() => undefined);
  const last = saved ?? (await store.readLatestCheckpoint());
  const state = last === undefined ? 'no checkpoint was saved yet' : `iteration ${last.step} is saved`;
  throw new InputError(
    error.about,
    text`${error.problem} after ${trainer.step} iterations; ${state}`,
    text`continue with ${setting('resume')} ${store.path}, and with ${setting('device')} cpu if this device fails again`,
  );
}

/** @throws {Error} if the configuration allows no further rollback */
async function recover(
  problem: string,
  trainer: Trainer,
  writer: RunWriter,
  options: TrainingOptions,
  emit: Emit,
): Promise<void> {
  const { configuration, store } = options;
  const { onNan, maxRollbacks } = configuration;
  const before = trainer.rateScale;
  // Each rollback halved the rate, so that those before a resumption count as well.
  const rollbacks = Math.round(-Math.log2(before));
  if (onNan === 'stop' || rollbacks >= maxRollbacks) {
    const tried = rollbacks > 0 ? ` after ${rollbacks} rollbacks` : '';
    const rollBack = onNan === 'stop' ? text`, or set ${setting('onNan')} to rollback` : '';
    throw new TrainingFailure(
      'training diverged',
      `${problem}${tried}; earlier checkpoints are intact`,
      text`lower ${setting('learningRate')}${rollBack}`,
    );
  }
  const checkpoint = await store.readLatestCheckpoint();
  const last = checkpoint ? resumedState(checkpoint, configuration) : initialState(configuration);
  const rateScale = before / 2;
  await trainer.restore({ ...last, rateScale });
  await writer.rollBack(last.step);
  // So that a resumed run continues with this rate.
  await writer.save();
  await emit({
    type: 'warning',
    message: `${problem}; rolled back to iteration ${last.step}, learning rate now ${rateScale}x the configured value`,
  });
}
