import type { FeatureMaps } from '../age/imageDistance.js';
import type { Iteration } from '../age/iteration.js';
import type { ImageSource } from '../data/source.js';
import { type Compile, DeviceError } from '../engine/index.js';
import { DescribedError, InputError, setting, text } from '../errors.js';
import { watchCodes } from './collapse.js';
import { TrainedModel } from '../model/trainedModel.js';
import { type Configuration, iterationSpec } from './configuration.js';
import type { Emit, Subscriber, TrainingSummary } from './events.js';
import { requireResumable, resumedState } from './resumption.js';
import { type RunStore, RunWriter } from './runStore.js';
import { initialState, modelWeights, totalStepsFor, Trainer, type TrainerState } from './trainer.js';

/** Whether training continues, waits with its state in memory, or saves and ends. */
export type Direction = 'train' | 'pause' | 'stop';

const PAUSE_MS = 100;

export interface TrainingOptions {
  configuration: Configuration;
  source: ImageSource;
  store: RunStore;
  compile: Compile;
  /** Compiles the training iteration, which several processes may share (default: `compile`). */
  compileIteration?: Compile | undefined;
  /** Which `matchX` compares. */
  features?: FeatureMaps | undefined;
  /** Of the configuration, if it has been built and there are no stages. */
  iteration?: Iteration | undefined;
  /** For a run without a checkpoint (default: fresh weights from the seed). */
  start?: (() => Promise<TrainerState>) | undefined;
  /** When aborted, training finishes the current iteration, saves and ends. */
  signal?: AbortSignal | undefined;
  /** Called before each iteration, and repeatedly during a pause (default: stop if the signal is aborted). */
  steer?: ((step: number) => Direction) | undefined;
  subscribers?: readonly Subscriber[];
  /** Time between attempts to write a checkpoint or the log (default: 5). */
  retrySeconds?: number | undefined;
}

/**
 * Trains from the last checkpoint in the store, if there is one. Only the process that locks the store trains. Training
 * ends with a checkpoint and previews of the last iteration. A NaN or infinite loss or gradient rolls training back if
 * the configuration says so.
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
      const problem = `already has ${checkpoint.step} iterations, more than the requested ${totalSteps}`;
      throw new InputError(store.path, problem, 'nothing to do');
    }
    const state = checkpoint
      ? resumedState(checkpoint, configuration)
      : ((await start?.()) ?? initialState(configuration));
    await store.writeConfiguration(configuration);
    const summary = await trainFrom(state, options);
    // A short run may not have decoded all images; the next run finds them in the cache.
    if (!summary.interrupted) await source.finishDecoding?.();
    return summary;
  } finally {
    await lock.release();
  }
}

/** Measures training time, without evaluations and pauses. */
class Clock {
  private begin = performance.now();
  private waited = 0;

  start(): void {
    [this.begin, this.waited] = [performance.now(), 0];
  }

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

interface Session {
  options: TrainingOptions;
  trainer: Trainer;
  writer: RunWriter;
  emit: Emit;
  clock: Clock;
}

async function trainFrom(state: TrainerState, options: TrainingOptions) {
  const { configuration, source, store, compile, compileIteration = compile, subscribers = [] } = options;
  const secondsBefore = (await store.truncateLog(state.step))?.seconds ?? 0;
  const trainer = await Trainer.create(configuration, source.train, compileIteration, state, options);
  const { pair, objective } = iterationSpec(configuration);
  const model = TrainedModel.of(pair, objective.prior, modelWeights(state.vectors), compile);
  const clock = new Clock();
  const listeners = [...subscribers, watchCodes(configuration)];
  const deliver: Emit = async (event) => {
    for (const subscriber of listeners) await subscriber(event, { emit });
  };
  const emit: Emit = (event) =>
    event.type === 'evaluationDue' ? clock.pausedDuring(() => deliver(event)) : deliver(event);
  const writer = new RunWriter({ ...options, trainer, model, emit });
  const session: Session = { options, trainer, writer, emit, clock };
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
    await iterate(session, secondsBefore);
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
    throw error instanceof DeviceError ? await saveAfterFailure(error, session) : error;
  } finally {
    // Releasing a failed device may fail again; that error must not replace the first one.
    await Promise.allSettled([trainer.release(), model.release()]);
  }
}

async function iterate(session: Session, secondsBefore: number) {
  const { trainer, writer, emit, clock } = session;
  let previous = clock.seconds;
  while (trainer.step < trainer.totalSteps && (await waitForTurn(session))) {
    const report = await trainer.iterate();
    const { seconds } = clock;
    const problem = Object.entries(report.scalars).find(([, value]) => !Number.isFinite(value));
    if (problem) await recover(`${problem[0]} is ${problem[1]} at iteration ${report.step}`, session);
    else {
      await emit({ type: 'iteration', report });
      await writer.afterIteration(report, secondsBefore + clock.seconds, seconds - previous);
    }
    previous = seconds;
    // A runtime may block the thread during an iteration. Signals and timers are handled here.
    await new Promise((resolve) => void (globalThis.setImmediate ?? setTimeout)(resolve));
  }
}

/** Waits during a pause. Returns false if training is to stop. */
async function waitForTurn({ options, trainer, writer, emit, clock }: Session) {
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

/** Not an `InputError`: no input is known to be wrong. */
class TrainingFailure extends DescribedError {
  override readonly name: string = 'TrainingFailure';
}

/** Saves if the device still allows it. Returns the error to report. */
async function saveAfterFailure(error: DeviceError, { options: { store }, trainer, writer }: Session) {
  const saved = await writer.save().catch(() => undefined);
  const last = saved ?? (await store.readLatestCheckpoint());
  const state = last === undefined ? 'no checkpoint was saved yet' : `iteration ${last.step} is saved`;
  return new InputError(
    error.about,
    text`${error.problem} after ${trainer.step} iterations; ${state}`,
    text`continue with ${setting('resume')} ${store.path}, and with ${setting('device')} cpu if this device fails again`,
  );
}

async function recover(problem: string, { options: { configuration, store }, trainer, writer, emit }: Session) {
  const { onNan, maxRollbacks } = configuration;
  // Each rollback halves the rate. The count includes rollbacks before a resumption.
  const rollbacks = Math.round(-Math.log2(trainer.rateScale));
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
  const rateScale = trainer.rateScale / 2;
  await trainer.restore({ ...last, rateScale });
  await writer.rollBack(last.step);
  // A resumed run must continue with this rate.
  await writer.save();
  const consequence = `rolled back to iteration ${last.step}, learning rate now ${rateScale}x the configured value`;
  await emit({ type: 'warning', message: `${problem}; ${consequence}` });
}
