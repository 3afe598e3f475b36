import { whyNoClassifier } from '../classifiers/dataClassifier.js';
import type { FeatureExtractor } from '../classifiers/featureExtractor.js';
import type { ImageSource } from '../data/source.js';
import type { Compile } from '../engine/index.js';
import { InputError, setting, text } from '../errors.js';
import { isDiskFull } from '../files/atomic.node.js';
import { evaluate } from '../metrics/evaluate.js';
import {
  betterDirection,
  METRIC_NAMES,
  metricNamed,
  parseMetrics,
  usesFeatures,
  usesProbabilities,
  usesTrainingFeatures,
} from '../metrics/registry.js';
import type { TrainedModel } from '../model/trainedModel.js';
import { type Configuration, iterationSpec } from '../training/configuration.js';
import type { Emit, RunningTraining, Subscriber, TrainingEvent } from '../training/events.js';
import { retryUntilWritten } from '../training/runStore.js';
import { BestCheckpoint } from './bestCheckpoint.node.js';
import { type EvaluatedWeights, evaluatedWeights, readEvaluationOf, writeEvaluation } from './evaluationFile.node.js';
import { dataExtractor, type ExtractorOptions } from './extractorCache.node.js';
import type { OwnFolder } from './ownFolder.node.js';
import { modelOf, readCheckpointFile } from './runFolder.node.js';

interface TrainingEvaluationOptions extends ExtractorOptions {
  configuration: Configuration;
  source: ImageSource;
  compile: Compile;
  /** Default: 5. */
  retrySeconds?: number;
}

type Due = Extract<TrainingEvent, { type: 'evaluationDue' }>;

/** Evaluates checkpoints as `agenet evaluate` does, with EMA weights if there are any, and keeps the best one. */
export class TrainingEvaluation {
  private constructor(
    private readonly options: TrainingEvaluationOptions,
    private readonly metrics: ReadonlySet<string>,
    private readonly extractor: FeatureExtractor | undefined,
  ) {}

  static async open(options: TrainingEvaluationOptions) {
    const { configuration, source, compile } = options;
    const { metrics, usesFeatures } = planEvaluation(configuration, source);
    const extractor = usesFeatures ? await dataExtractor(source, compile, options) : undefined;
    return new TrainingEvaluation(options, metrics, extractor);
  }

  subscriberFor(folder: OwnFolder): Subscriber {
    return async (event, training) => {
      if (event.type === 'evaluationDue') await this.evaluateCheckpoint(event, folder, training);
    };
  }

  async release() {
    await this.extractor?.release();
  }

  private async evaluateCheckpoint(due: Due, folder: OwnFolder, { emit }: RunningTraining) {
    const warn = (problem: string) =>
      emit({ type: 'warning', message: `evaluation of iteration ${due.step} ${problem}` });
    const { compile, signal } = this.options;
    try {
      const model = modelOf(await readCheckpointFile(due.file), compile);
      await this.evaluateModel(model, due, folder, emit).finally(() => model.release());
    } catch (error) {
      if (signal?.aborted) await warn('interrupted; it will run on resume');
      else if (error instanceof InputError) await warn(`skipped: ${error.message}`);
      else throw error;
    }
  }

  private async evaluateModel(model: TrainedModel, due: Due, folder: OwnFolder, emit: Emit) {
    const { configuration, signal, retrySeconds } = this.options;
    const { saveBest: metric, evaluateSamples: count } = configuration;
    const { step, epochs } = due;
    const weights = evaluatedWeights(model, step, true);
    const known = await this.storedEvaluation(folder, weights);
    const computed = known === undefined ? await this.evaluate(model, due, folder.path) : undefined;
    const { metrics } = computed?.evaluation ?? known!;
    const write = async () => {
      const isBest =
        metric !== undefined &&
        (await new BestCheckpoint(folder).offer(due.file, {
          metric,
          value: metrics[metric] ?? NaN,
          step,
          epochs,
          count,
          weights: weights.digest,
          metrics,
        }));
      // Written last: without it, the weights are evaluated again when the run is resumed.
      const written = computed && (await writeEvaluation(folder, weights, computed.evaluation, computed.grids));
      return { isBest, file: written?.file };
    };
    // Without a signal, the wait for room on the disk could not be ended.
    const isTemporary = (error: unknown) => signal !== undefined && isDiskFull(error);
    const { file, isBest } = await retryUntilWritten(write, { emit, signal, retrySeconds, isTemporary });
    if (computed && file !== undefined)
      await emit({ ...due, type: 'evaluation', file, metrics: computed.evaluation.metrics, isBest });
  }

  /** Of an earlier process, if it can rank these weights. */
  private async storedEvaluation(folder: OwnFolder, weights: EvaluatedWeights) {
    const { saveBest, evaluateSamples } = this.options.configuration;
    const found = await readEvaluationOf(folder, weights).catch(() => undefined);
    const isRanked = saveBest === undefined || (found && saveBest in found.metrics);
    const samples = found?.protocol.samples;
    return isRanked && (samples === evaluateSamples || samples === 0) ? found : undefined;
  }

  private async evaluate(model: TrainedModel, { step, epochs }: Due, run: string) {
    const start = performance.now();
    const { configuration, source, compile, signal } = this.options;
    const { grids, ...evaluation } = await evaluate({
      model,
      source,
      split: 'test',
      count: configuration.evaluateSamples,
      seed: 0,
      metrics: this.metrics,
      extractor: this.extractor,
      divergence: iterationSpec(configuration).objective,
      compile,
      signal,
    });
    const protocol = {
      ...evaluation.protocol,
      weights: configuration.ema > 0 ? 'ema' : 'raw',
      ema_decay: configuration.ema,
      epochs,
      seconds: Math.round((performance.now() - start) / 100) / 10,
    };
    return { evaluation: { run, step, ...evaluation, protocol }, grids };
  }
}

/**
 * Returns the metrics of a configuration, including `saveBest`. By default, these are all that the data allow, except
 * metrics of all training images, which take longest and hardly change.
 * @throws {InputError} if a metric is unknown, needs labels that the data lack, or cannot rank checkpoints
 */
export function planEvaluation(configuration: Configuration, source: ImageSource) {
  const { evaluateMetrics, saveBest } = configuration;
  if (source.test.count < 2)
    throw new InputError(
      source.name,
      `has ${source.test.count} test images, but an evaluation needs at least 2`,
      text`set ${setting('testFraction')}`,
    );
  const problem = whyNoClassifier(source);
  const defaults = () =>
    METRIC_NAMES.filter((name) => !usesTrainingFeatures(name) && (problem === undefined || !usesProbabilities(name)));
  const metrics: ReadonlySet<string> = new Set([
    ...parseMetrics(evaluateMetrics ?? defaults()),
    ...(saveBest === undefined ? [] : [requireRanking(saveBest, configuration)]),
  ]);
  const needing = Array.from(metrics).find(usesProbabilities);
  if (needing !== undefined && problem !== undefined)
    throw new InputError(
      needing,
      `${source.name} ${problem}`,
      text`choose a metric without class probabilities, such as fid, or evaluate later with ${setting('features')} MODEL.onnx`,
    );
  return { metrics, usesFeatures: Array.from(metrics).some(usesFeatures) };
}

/** Checks what needs no data. */
export function requireMetrics(configuration: Configuration) {
  const { evaluateMetrics, saveBest } = configuration;
  if (evaluateMetrics !== undefined) parseMetrics(evaluateMetrics);
  if (saveBest !== undefined) requireRanking(saveBest, configuration);
}

function requireRanking(metric: string, objective: Configuration) {
  parseMetrics([metric]);
  const usable = METRIC_NAMES.filter(
    (name) => betterDirection(name) !== undefined && (metricNamed(name)!.isDefinedFor?.(objective) ?? true),
  );
  if (usable.includes(metric)) return metric;
  throw new InputError(
    text`${setting('saveBest')} ${metric}`,
    'this metric cannot rank the checkpoints of this training',
    `choose from ${usable.join(', ')}`,
  );
}
