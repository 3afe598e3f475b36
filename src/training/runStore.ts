import type { ImageSource } from '../data/source.js';
import { InputError } from '../errors.js';
import type { TrainedModel } from '../model/trainedModel.js';
import type { CodeDensity } from '../density/codeDensity.js';
import type { Checkpoint } from './checkpoint.js';
import type { Configuration } from './configuration.js';
import { fitCodeDensity } from './fitCodeDensity.js';
import type { Emit, PreviewFiles } from './events.js';
import { type Preview, Previews } from './previews.js';
import { isPreviewDue } from './schedule.js';
import { type IterationReport, modelWeights, type Trainer, type TrainerState } from './trainer.js';

/** A line of the log: `step`, `epoch`, `seconds`, and the scalars of the iteration. */
export type LogEntry = Record<string, number>;

export type StoredCheckpoint = Checkpoint & { file: string };

export interface RunLock {
  release(): Promise<void>;
}

/**
 * A run folder, browser storage, or memory. A write replaces an earlier one completely or not at all. It rejects with
 * an InputError if it may succeed later, and with another error if another process has taken the store over.
 */
export interface RunStore {
  /** Names the run in messages. */
  path: string;
  /** Rejects with an InputError if another process holds it. */
  lock(): Promise<RunLock>;
  readLatestCheckpoint(): Promise<StoredCheckpoint | undefined>;
  /** Also removes the checkpoints that its configuration does not keep. Returns the file. */
  writeCheckpoint(checkpoint: Checkpoint): Promise<string>;
  writeConfiguration(configuration: Configuration): Promise<void>;
  /** Without it, no previews are drawn, and no density of codes is fitted. */
  writePreviews?: ((step: number, preview: Preview) => Promise<PreviewFiles>) | undefined;
  appendLog(entries: readonly LogEntry[]): Promise<void>;
  /** Removes the entries after an iteration, and returns the last one left. */
  truncateLog(step: number): Promise<LogEntry | undefined>;
  /** Recreates what is missing in a store that was emptied. */
  recreate(configuration: Configuration): Promise<void>;
  /** For the log. */
  memoryMb?: (() => number) | undefined;
}

interface RetryOptions {
  emit: Emit;
  signal?: AbortSignal | undefined;
  /** Between two attempts (default: 5). */
  retrySeconds?: number | undefined;
}

interface WriterOptions extends RetryOptions {
  trainer: Trainer;
  configuration: Configuration;
  source: ImageSource;
  store: RunStore;
  /** Its weights are replaced by those of the trainer. */
  model: TrainedModel;
}

/** What cannot be written: a checkpoint pauses training, log lines wait for the next attempt, previews are skipped. */
export class RunWriter {
  private readonly previews: Previews;
  /** Of the last checkpoint. */
  private density: { step: number; fitted: CodeDensity | undefined } | undefined;
  private preview: ({ step: number } & PreviewFiles) | undefined;
  private checkpoint: { step: number; file: string } | undefined;
  private unwritten: LogEntry[] = [];
  private logFailed = false;
  /** Makes the last iteration's entry. */
  private unlogged: (() => LogEntry) | undefined;
  private lastPause = -Infinity;

  constructor(private readonly options: WriterOptions) {
    this.previews = new Previews(options.configuration.seed, options.source.test);
  }

  async begin(): Promise<void> {
    const { configuration, trainer } = this.options;
    // Weights of another run cannot be computed again from the seed.
    if (configuration.initFrom !== undefined && trainer.step === 0) await this.save();
    // An earlier process may have ended before its subscribers were done.
    await this.emitDueEvaluation();
  }

  /** @param seconds of training, including those before a resumption */
  async afterIteration(report: IterationReport, seconds: number, secondsPerIteration: number): Promise<void> {
    const { configuration, store } = this.options;
    const { step, epoch, learningRate, scalars } = report;
    const isDue = (every: number) => every > 0 && step % every === 0;
    this.unlogged = () => ({
      step,
      epoch,
      seconds,
      iterations_per_second: Number((1 / secondsPerIteration).toPrecision(4)),
      ...(store.memoryMb && { memory_mb: store.memoryMb() }),
      learning_rate: learningRate,
      ...scalars,
    });
    if (isDue(configuration.logEvery) || step === 1) await this.logLast();
    // Those of the last iteration are drawn from the density of its checkpoint.
    if (isPreviewDue(step, configuration) && step < this.options.trainer.totalSteps) await this.drawPreviews();
    if (isDue(configuration.checkpointEvery)) await this.save();
    await this.emitDueEvaluation();
  }

  /** Single steps are not saved, because they would fill the disk. */
  async pause(): Promise<void> {
    const { trainer, emit } = this.options;
    const { step } = trainer;
    await this.logLast();
    await this.drawPreviewsOnce();
    if (step > 0 && step > this.lastPause + 1) await this.saveOnce();
    this.lastPause = step;
    await emit({ type: 'paused', step });
  }

  async finish(): Promise<{ checkpoint: string } & Partial<PreviewFiles>> {
    const { file } = await this.saveOnce();
    if (this.unwritten.length > 0) await this.retryUntilWritten(() => this.writeLog());
    await this.drawPreviewsOnce();
    if (this.preview?.step !== this.options.trainer.step) return { checkpoint: file };
    const { samples, reconstructions } = this.preview;
    return { checkpoint: file, samples, reconstructions };
  }

  /** @throws {InputError} if the user stops while the checkpoint cannot be written */
  async save() {
    const { configuration, trainer, store, emit } = this.options;
    const state = await trainer.readState();
    const checkpoint = { configuration, ...state, density: await this.fitDensity(state) };
    const file = await this.retryUntilWritten(() => store.writeCheckpoint(checkpoint));
    this.checkpoint = { step: checkpoint.step, file };
    await emit({ type: 'checkpoint', ...this.checkpoint });
    return this.checkpoint;
  }

  /** Uses the EMA weights if there are any. */
  private async fitDensity({ vectors, step }: TrainerState) {
    const { configuration, source, store, model } = this.options;
    if (store.writePreviews === undefined) return undefined;
    const current = model.withWeights(modelWeights(vectors));
    let fitted: CodeDensity | undefined;
    try {
      fitted = await fitCodeDensity(current, source.train, configuration, step);
    } catch (error) {
      // The state matters more, for example after a failure of the device.
      await this.warn(error, 'samples of this checkpoint are drawn from the prior');
    }
    this.density = { step, fitted };
    return fitted;
  }

  async rollBack(step: number): Promise<void> {
    this.unwritten = this.unwritten.filter((entry) => entry.step! <= step);
    this.unlogged = undefined;
    await this.retryUntilWritten(() => this.options.store.truncateLog(step));
    if (this.preview && this.preview.step > step) this.preview = undefined;
    if (this.checkpoint && this.checkpoint.step > step) this.checkpoint = undefined;
  }

  private async saveOnce() {
    return this.checkpoint?.step === this.options.trainer.step ? this.checkpoint : this.save();
  }

  private async emitDueEvaluation() {
    const { trainer, configuration, emit } = this.options;
    const { evaluateEvery } = configuration;
    const { step } = trainer;
    const evaluations = (iterations: number) => Math.floor(trainer.epochsAfter(iterations) / evaluateEvery);
    if (evaluateEvery === 0 || step === 0 || evaluations(step) === evaluations(step - 1)) return;
    const { file } = await this.saveOnce();
    await emit({ type: 'evaluationDue', epochs: trainer.epochsAfter(step), step, file });
  }

  private async logLast() {
    if (!this.unlogged) return;
    this.unwritten.push(this.unlogged());
    this.unlogged = undefined;
    try {
      await this.writeLog();
      this.logFailed = false;
    } catch (error) {
      if (!this.logFailed) await this.warn(error, 'its lines wait in memory');
      this.logFailed = true;
    }
  }

  private async writeLog() {
    await this.options.store.appendLog(this.unwritten);
    this.unwritten = [];
  }

  private async drawPreviewsOnce() {
    if (this.preview?.step !== this.options.trainer.step) await this.drawPreviews();
  }

  private async drawPreviews() {
    const { trainer, store, model, emit } = this.options;
    if (store.writePreviews === undefined) return;
    const { step, vectors } = await trainer.readState();
    const density = this.density?.step === step ? this.density.fitted : undefined;
    try {
      const drawn = await this.previews.draw(model.withWeights(modelWeights(vectors)).withDensity(density));
      this.preview = { step, ...(await store.writePreviews(step, drawn)) };
      await emit({ type: 'previews', ...this.preview });
    } catch (error) {
      await this.warn(error, 'the previews of this iteration are skipped');
    }
  }

  private retryUntilWritten<T>(write: () => Promise<T>) {
    const { configuration, store } = this.options;
    // The folder may have been deleted.
    return retryUntilWritten(write, { ...this.options, beforeRetry: () => store.recreate(configuration) });
  }

  private async warn(error: unknown, consequence: string) {
    if (!(error instanceof InputError)) throw error;
    await this.options.emit({ type: 'warning', message: `${error.message}: ${consequence}` });
  }
}

/**
 * @param options.isTemporary whether to retry (default: after each InputError)
 * @throws the error of the last attempt if the signal is aborted, or it is not temporary
 */
export async function retryUntilWritten<T>(
  write: () => Promise<T>,
  options: RetryOptions & {
    isTemporary?: (error: unknown) => boolean;
    beforeRetry?: () => Promise<void>;
  },
): Promise<T> {
  const { emit, signal, retrySeconds = 5, isTemporary = (error) => error instanceof InputError, beforeRetry } = options;
  for (let attempt = 0; ; attempt++) {
    try {
      const result = await write();
      if (attempt > 0) await emit({ type: 'warning', message: 'write succeeded; training continues' });
      return result;
    } catch (error) {
      if (!isTemporary(error) || signal?.aborted) throw error;
      const consequence = `training is paused and retries every ${retrySeconds} s; free disk space, or press Ctrl-C to stop`;
      if (attempt === 0) await emit({ type: 'warning', message: `${(error as Error).message}: ${consequence}` });
      await pause(retrySeconds, signal);
      await beforeRetry?.().catch(() => undefined);
    }
  }
}

/** Resolves early if the signal is aborted. */
function pause(seconds: number, signal?: AbortSignal) {
  return new Promise<void>((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, seconds * 1000);
    signal?.addEventListener('abort', end);
    if (signal?.aborted) end();
  });
}
