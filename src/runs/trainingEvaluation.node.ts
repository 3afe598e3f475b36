import { setTimeout as pause } from 'node:timers/promises';
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
import { planEvaluation } from '../runs/trainingPlan.js';

export interface TrainingEvaluationOptions extends ExtractorOptions {
  readonly configuration: Configuration;
  readonly source: ImageSource;
  readonly compile: Compile;
  /** Seconds between attempts to write to a disk that is full (default: 5). */
  readonly retrySeconds?: number;
}

const RETRY_SECONDS = 5;

type Due = Extract<TrainingEvent, { type: 'epochs' }>;

/**
 * Judges a model while it is trained, as often as its configuration says, with the averages of the weights where there are any: writes each
 * evaluation into the run's folder as `agenet evaluate` does, and keeps the best checkpoint. It changes nothing of the training.
 */
export class TrainingEvaluation {
  private startStep = 0;

  private constructor(
    private readonly options: TrainingEvaluationOptions,
    private readonly metrics: ReadonlySet<string>,
    private readonly extractor: FeatureExtractor | undefined,
  ) {}

  /**
   * Makes everything ready that evaluations need, a feature extractor among it.
   * @throws InputError for metrics that there are not, or that the data do not allow
   */
  static async open(options: TrainingEvaluationOptions): Promise<TrainingEvaluation> {
    const { configuration, source, compile } = options;
    const { metrics, usesFeatures } = planEvaluation(configuration, source);
    return new TrainingEvaluation(options, metrics, usesFeatures ? await dataExtractor(source, compile, options) : undefined);
  }

  /** What a training into a folder should tell its events. */
  subscriberFor(folder: string): Subscriber {
    const best = new BestCheckpoint(folder);
    return async (event, training) => {
      if (event.type === 'start') this.startStep = event.step;
      if (event.type === 'epochs') await this.judge(event, folder, best, training);
    };
  }

  async release(): Promise<void> {
    await this.extractor?.release();
  }

  private async judge(due: Due, folder: string, best: BestCheckpoint, { emit, confirm }: RunningTraining): Promise<void> {
    // A process that went on from here was perhaps killed after it had judged these weights.
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
      if (this.options.signal?.aborted) await emit({ type: 'warning', message: `iteration ${due.step} is evaluated when the run is resumed` });
      else if (error instanceof InputError) await emit({ type: 'warning', message: `iteration ${due.step} is not evaluated: ${error.message}` });
      else throw error;
    }
  }

  /**
   * Writes what is due, and waits while the disk is full, as for a checkpoint: the next one may remove the one that was evaluated. Without a
   * signal nobody could end the wait, so that the error is thrown then.
   */
  private async retryUntilWritten<T>(step: number, emit: Emit, write: () => Promise<T>): Promise<T> {
    const { signal, retrySeconds = RETRY_SECONDS } = this.options;
    for (let attempt = 0; ; attempt++) {
      try {
        const result = await write();
        if (attempt > 0) await emit({ type: 'warning', message: `the evaluation of iteration ${step} is written after all` });
        return result;
      } catch (error) {
        if (signal === undefined || !isDiskFull(error)) throw error;
        if (attempt === 0) {
          const message = `the evaluation of iteration ${step} waits in memory, and training with it: ${(error as Error).message}; make room for it, or stop`;
          await emit({ type: 'warning', message });
        }
        await pause(retrySeconds * 1000, undefined, { signal });
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
