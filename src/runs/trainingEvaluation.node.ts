import { TrainedModel } from '../model/trainedModel.js';
import type { ImageSource } from '../data/source.js';
import { type Configuration, iterationSpec } from '../training/configuration.js';
import { modelWeights } from '../training/trainer.js';
import type { Emit, RunningTraining, Subscriber, TrainingEvent } from '../training/events.js';
import type { Compile } from '../engine/index.js';
import { InputError } from '../errors.js';
import { isDiskFull } from '../files/atomic.node.js';
import { readCheckpointFile } from './runFolder.node.js';
import { BestCheckpoint, type BestRecord } from './bestCheckpoint.node.js';
import { type Evaluation, evaluate } from '../metrics/evaluate.js';
import { isEvaluated, writeEvaluation } from './evaluationFile.node.js';
import { dataExtractor, type ExtractorOptions } from './extractorCache.node.js';
import type { FeatureExtractor } from '../classifiers/featureExtractor.js';
import { pause } from '../training/runStore.js';
import { planEvaluation } from './trainingPlan.js';

export interface TrainingEvaluationOptions extends ExtractorOptions {
  readonly configuration: Configuration;
  readonly source: ImageSource;
  readonly compile: Compile;
  /** Seconds between attempts to write to a disk that is full (default: 5). */
  readonly retrySeconds?: number;
}

const RETRY_SECONDS = 5;

type Due = Extract<TrainingEvent, { type: 'evaluationDue' }>;

/**
 * Evaluates a model during training, with the EMA weights if there are any: writes each evaluation into the run folder as
 * `agenet evaluate` does, and keeps the best checkpoint. Training itself is not affected.
 */
export class TrainingEvaluation {
  private startStep = 0;

  private constructor(
    private readonly options: TrainingEvaluationOptions,
    private readonly metrics: ReadonlySet<string>,
    private readonly extractor: FeatureExtractor | undefined,
  ) {}

  /**
   * Prepares evaluations, including the feature extractor.
   * @throws {InputError} if a metric is unknown, or the data does not allow it
   */
  static async open(options: TrainingEvaluationOptions): Promise<TrainingEvaluation> {
    const { configuration, source, compile } = options;
    const { metrics, usesFeatures } = planEvaluation(configuration, source);
    return new TrainingEvaluation(options, metrics, usesFeatures ? await dataExtractor(source, compile, options) : undefined);
  }

  /** Returns the event subscriber for a training run in `folder`. */
  subscriberFor(folder: string): Subscriber {
    const best = new BestCheckpoint(folder);
    return async (event, training) => {
      if (event.type === 'start') this.startStep = event.step;
      if (event.type === 'evaluationDue') await this.evaluateCheckpoint(event, folder, best, training);
    };
  }

  async release(): Promise<void> {
    await this.extractor?.release();
  }

  private async evaluateCheckpoint(due: Due, folder: string, best: BestCheckpoint, { emit, confirm }: RunningTraining): Promise<void> {
    // An earlier process may have been killed after it had evaluated these weights.
    if (due.step === this.startStep && (await isEvaluated(folder, due.step))) return;
    try {
      const { grids, ...evaluation } = await this.evaluate(due, folder);
      const { file, isBest } = await this.retryUntilWritten(due.step, emit, async () => {
        await confirm();
        const isBest = await this.offer(due, evaluation.metrics, best);
        // Written last: without it, the weights are evaluated again when the run is resumed.
        return { isBest, ...(await writeEvaluation(folder, { step: due.step, ema: true }, evaluation, grids)) };
      });
      await emit({ ...due, type: 'evaluation', file, metrics: evaluation.metrics, isBest });
    } catch (error) {
      if (this.options.signal?.aborted) await emit({ type: 'warning', message: `evaluation of iteration ${due.step} interrupted; it will run on resume` });
      else if (error instanceof InputError) await emit({ type: 'warning', message: `evaluation of iteration ${due.step} skipped: ${error.message}` });
      else throw error;
    }
  }

  /**
   * Writes an evaluation, and waits while the disk is full, because a later checkpoint may replace the one that was evaluated. Without a
   * signal the wait could not be ended, so that the error is thrown.
   */
  private async retryUntilWritten<T>(step: number, emit: Emit, write: () => Promise<T>): Promise<T> {
    const { signal, retrySeconds = RETRY_SECONDS } = this.options;
    for (let attempt = 0; ; attempt++) {
      try {
        const result = await write();
        if (attempt > 0) await emit({ type: 'warning', message: `evaluation of iteration ${step} written; training continues` });
        return result;
      } catch (error) {
        if (signal === undefined || !isDiskFull(error)) throw error;
        if (attempt === 0) {
          const message = `${(error as Error).message}: training is paused with the evaluation of iteration ${step} in memory and retries every ${retrySeconds} s; free disk space, or press Ctrl-C to stop`;
          await emit({ type: 'warning', message });
        }
        await pause(retrySeconds, signal);
        signal.throwIfAborted();
      }
    }
  }

  private async evaluate({ step, epochs, file }: Due, folder: string): Promise<Evaluation & { readonly step: number }> {
    const start = performance.now();
    const { configuration, source, compile, signal } = this.options;
    const { pair, objective } = iterationSpec(configuration);
    const { vectors } = await readCheckpointFile(file);
    const model = TrainedModel.of(pair, objective.prior, modelWeights(vectors), compile);
    try {
      const { metrics, extractor } = this;
      const evaluation = await evaluate({
        model,
        source,
        split: 'test',
        count: configuration.evaluateSamples,
        seed: 0,
        metrics,
        extractor,
        divergence: objective,
        compile,
        signal,
      });
      const weights = configuration.ema > 0 ? 'ema' : 'raw';
      const protocol = { ...evaluation.protocol, weights, epochs, seconds: Math.round((performance.now() - start) / 100) / 10 };
      return Object.assign({ run: folder, step }, { ...evaluation, protocol });
    } finally {
      await model.release();
    }
  }

  private async offer({ step, epochs, file }: Due, metrics: BestRecord['metrics'], best: BestCheckpoint): Promise<boolean> {
    const { saveBest: metric, evaluateSamples } = this.options.configuration;
    if (metric === undefined) return false;
    return best.offer(file, { metric, value: metrics[metric] ?? NaN, step, epochs, count: evaluateSamples, metrics });
  }
}
