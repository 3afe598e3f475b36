import { TrainedModel } from '../model/trainedModel.js';
import type { ImageSource } from '../data/source.js';
import { type Configuration, iterationSpec } from '../training/configuration.js';
import { modelWeights } from '../training/trainer.js';
import type { RunningTraining, Subscriber, TrainingEvent } from '../training/events.js';
import type { Compile } from '../engine/index.js';
import { InputError } from '../errors.js';
import { isDiskFull } from '../files/atomic.node.js';
import { readCheckpointFile } from './runFolder.node.js';
import { BestCheckpoint, type BestRecord } from './bestCheckpoint.node.js';
import { type Evaluation, evaluate } from '../metrics/evaluate.js';
import { isEvaluated, writeEvaluation } from './evaluationFile.node.js';
import { dataExtractor, type ExtractorOptions } from './extractorCache.node.js';
import type { FeatureExtractor } from '../classifiers/featureExtractor.js';
import { retryUntilWritten } from '../training/runStore.js';
import { planEvaluation } from './trainingPlan.js';

export interface TrainingEvaluationOptions extends ExtractorOptions {
  readonly configuration: Configuration;
  readonly source: ImageSource;
  readonly compile: Compile;
  /** Seconds between attempts to write to a disk that is full (default: 5). */
  readonly retrySeconds?: number;
}

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
    return new TrainingEvaluation(
      options,
      metrics,
      usesFeatures ? await dataExtractor(source, compile, options) : undefined,
    );
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

  private async evaluateCheckpoint(
    due: Due,
    folder: string,
    best: BestCheckpoint,
    { emit, confirm }: RunningTraining,
  ): Promise<void> {
    const { signal, retrySeconds } = this.options;
    // An earlier process may have been killed after it had evaluated these weights.
    if (due.step === this.startStep && (await isEvaluated(folder, due.step))) return;
    try {
      const { grids, ...evaluation } = await this.evaluate(due, folder);
      const write = async () => {
        await confirm();
        const isBest = await this.offer(due, evaluation.metrics, best);
        // Written last: without it, the weights are evaluated again when the run is resumed.
        return { isBest, ...(await writeEvaluation(folder, { step: due.step, ema: true }, evaluation, grids)) };
      };
      // A later checkpoint may replace the one that was evaluated. Without a signal, the wait could not be ended.
      const isTemporary = (error: unknown) => signal !== undefined && isDiskFull(error);
      const { file, isBest } = await retryUntilWritten(write, { emit, signal, retrySeconds, isTemporary });
      await emit({ ...due, type: 'evaluation', file, metrics: evaluation.metrics, isBest });
    } catch (error) {
      if (signal?.aborted)
        await emit({
          type: 'warning',
          message: `evaluation of iteration ${due.step} interrupted; it will run on resume`,
        });
      else if (error instanceof InputError)
        await emit({ type: 'warning', message: `evaluation of iteration ${due.step} skipped: ${error.message}` });
      else throw error;
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
      const protocol = {
        ...evaluation.protocol,
        weights,
        ema_decay: configuration.ema,
        epochs,
        seconds: Math.round((performance.now() - start) / 100) / 10,
      };
      return Object.assign({ run: folder, step }, { ...evaluation, protocol });
    } finally {
      await model.release();
    }
  }

  private async offer(
    { step, epochs, file }: Due,
    metrics: BestRecord['metrics'],
    best: BestCheckpoint,
  ): Promise<boolean> {
    const { saveBest: metric, evaluateSamples } = this.options.configuration;
    if (metric === undefined) return false;
    return best.offer(file, { metric, value: metrics[metric] ?? NaN, step, epochs, count: evaluateSamples, metrics });
  }
}
