import { setTimeout as pause } from 'node:timers/promises';
import { InputError } from '../errors.js';
import type { Configuration } from '../training/configuration.js';
import type { Emit } from '../training/events.js';
import type { FolderLock } from './lock.node.js';
import type { Previews } from './previews.node.js';
import type { LogEntry, RunFolder } from './runFolder.node.js';
import type { IterationReport, Trainer } from '../training/trainer.js';

/** Seconds between attempts to write what must not be lost. */
const RETRY_SECONDS = 5;

/**
 * Writes what is due after each iteration into the run folder. A checkpoint that cannot be written, because the disk is full or the folder
 * is gone, holds the training up: its state stays in memory until there is room or the user stops. Log lines wait for the next attempt, and
 * pictures are left out.
 */
export class RunWriter {
  private pictures: { readonly step: number; readonly samples: string; readonly reconstructions: string } | undefined;
  private checkpoint: { readonly step: number; readonly file: string } | undefined;
  private unwritten: LogEntry[] = [];
  private logFailed = false;

  constructor(
    private readonly trainer: Trainer,
    private readonly configuration: Configuration,
    private readonly folder: RunFolder,
    private readonly lock: FolderLock,
    private readonly previews: Previews,
    private readonly emit: Emit,
    private readonly signal: AbortSignal | undefined,
    private readonly retrySeconds = RETRY_SECONDS,
  ) {}

  /** Does what is due before the first iteration. */
  async begin(): Promise<void> {
    // Weights from elsewhere are not made again from the seed.
    if (this.configuration.initFrom !== undefined && this.trainer.step === 0) await this.save();
    // The process before this one perhaps ended before its subscribers were done.
    if (this.isEvaluationDue) await this.emitEvaluationDue();
  }

  /** @param seconds of training so far, those before a resumption included */
  async afterIteration(report: IterationReport, seconds: number, secondsPerIteration: number): Promise<void> {
    const { step } = report;
    const { logEvery, sampleEvery, checkpointEvery } = this.configuration;
    const isDue = (every: number) => every > 0 && step % every === 0;
    if (isDue(logEvery) || step === 1) await this.log(entryOf(report, seconds, secondsPerIteration));
    if (isDue(sampleEvery)) await this.draw();
    if (isDue(checkpointEvery)) await this.save();
    if (this.isEvaluationDue) await this.emitEvaluationDue();
  }

  /** Saves the last iteration, unless that was done, and tells that it should be evaluated. */
  private async emitEvaluationDue(): Promise<void> {
    const { step } = this.trainer;
    const { file } = this.checkpoint?.step === step ? this.checkpoint : await this.save();
    await this.emit({ type: 'epochs', epochs: this.trainer.epochsAfter(step), step, file });
  }

  /** Whether the last iteration was the last of as many epochs as are between evaluations. */
  private get isEvaluationDue(): boolean {
    const { evaluateEvery } = this.configuration;
    const { step } = this.trainer;
    if (evaluateEvery === 0 || step === 0) return false;
    const evaluations = (iterations: number) => Math.floor(this.trainer.epochsAfter(iterations) / evaluateEvery);
    return evaluations(step) > evaluations(step - 1);
  }

  /** Saves and draws the last iteration, unless that was done, and returns the files. */
  async finish(): Promise<{ readonly checkpoint: string; readonly samples?: string; readonly reconstructions?: string }> {
    const { step } = this.trainer;
    const { file } = this.checkpoint?.step === step ? this.checkpoint : await this.save();
    if (this.unwritten.length > 0) await this.retryUntilWritten(() => this.writeLog());
    if (this.pictures?.step !== step) await this.draw();
    const pictures = this.pictures?.step === step ? { samples: this.pictures.samples, reconstructions: this.pictures.reconstructions } : {};
    return { checkpoint: file, ...pictures };
  }

  /** Writes a checkpoint, however long it takes. Throws InputError if the user stops while it cannot be written. */
  async save(): Promise<{ readonly step: number; readonly file: string }> {
    const checkpoint = { configuration: this.configuration, ...this.trainer.state };
    const file = await this.retryUntilWritten(async () => {
      await this.lock.confirm();
      return this.folder.writeCheckpoint(checkpoint);
    });
    this.checkpoint = { step: checkpoint.step, file };
    await this.emit({ type: 'checkpoint', ...this.checkpoint });
    return this.checkpoint;
  }

  /** Forgets what was not written yet of iterations after a step. */
  async rollBack(step: number): Promise<void> {
    this.unwritten = this.unwritten.filter((entry) => entry.step! <= step);
    await this.retryUntilWritten(async () => {
      await this.lock.confirm();
      await this.folder.truncateLog(step);
    });
    if (this.pictures && this.pictures.step > step) this.pictures = undefined;
    if (this.checkpoint && this.checkpoint.step > step) this.checkpoint = undefined;
  }

  release(): Promise<void> {
    return this.previews.release();
  }

  private async log(entry: LogEntry): Promise<void> {
    this.unwritten.push(entry);
    try {
      await this.writeLog();
      this.logFailed = false;
    } catch (error) {
      if (!this.logFailed) await this.warn(error, 'its lines wait in memory');
      this.logFailed = true;
    }
  }

  private async writeLog(): Promise<void> {
    await this.lock.confirm();
    await this.folder.log(this.unwritten);
    this.unwritten = [];
  }

  private async draw(): Promise<void> {
    const { step, vectors } = this.trainer.state;
    try {
      await this.lock.confirm();
      this.pictures = { step, ...(await this.previews.write(this.folder, step, vectors)) };
      await this.emit({ type: 'pictures', ...this.pictures });
    } catch (error) {
      await this.warn(error, 'the pictures of this iteration are left out');
    }
  }

  private async retryUntilWritten<T>(write: () => Promise<T>): Promise<T> {
    for (let attempt = 0; ; attempt++) {
      try {
        const result = await write();
        if (attempt > 0) await this.emit({ type: 'warning', message: 'written after all' });
        return result;
      } catch (error) {
        if (!(error instanceof InputError) || this.signal?.aborted) throw error;
        if (attempt === 0) await this.warn(error, 'training waits with its state in memory; make room for it, or stop');
        await pause(this.retrySeconds * 1000, undefined, this.signal ? { signal: this.signal } : {}).catch(() => undefined);
        // A folder that was deleted may have been created again.
        await this.folder.recreate(this.configuration).catch(() => undefined);
      }
    }
  }

  private async warn(error: unknown, consequence: string): Promise<void> {
    if (!(error instanceof InputError)) throw error;
    await this.emit({ type: 'warning', message: `${error.message}: ${consequence}` });
  }
}

const entryOf = ({ step, epoch, learningRate, scalars }: IterationReport, seconds: number, secondsPerIteration: number): LogEntry => ({
  step,
  epoch,
  seconds,
  iterations_per_second: Number((1 / secondsPerIteration).toPrecision(4)),
  memory_mb: Math.round(process.memoryUsage.rss() / 2 ** 20),
  learning_rate: learningRate,
  ...scalars,
});
