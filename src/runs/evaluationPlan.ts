import { whyNoClassifier } from '../classifiers/dataClassifier.js';
import type { ImageSource } from '../data/source.js';
import { InputError, setting, text } from '../errors.js';
import {
  betterDirection,
  METRIC_NAMES,
  metricNamed,
  parseMetrics,
  usesFeatures,
  usesProbabilities,
  usesTrainingFeatures,
} from '../metrics/registry.js';
import type { Configuration } from '../training/configuration.js';

/**
 * Returns the metrics of a configuration, including `saveBest`. The default is every metric that the data allow, except
 * metrics of all training images, which take longest and hardly change from epoch to epoch.
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

/** As far as that is known without the data. */
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
