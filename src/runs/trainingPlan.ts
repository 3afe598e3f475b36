import type { ImageSource } from '../data/source.js';
import type { Configuration } from '../training/configuration.js';
import { InputError } from '../errors.js';
import { whyNoClassifier } from '../classifiers/dataClassifier.js';
import { betterDirection, FEATURE_GROUPS, groupOf, type MetricGroup, METRIC_NAMES, parseMetrics } from '../metrics/metricNames.js';

/** Groups that are taken where none are named: nearness to training images takes longest, and hardly changes from epoch to epoch. */
const DEFAULT_GROUPS: readonly MetricGroup[] = ['reconstruction', 'samples', 'latent'];

/** By what a model is judged while it is trained. */
export interface EvaluationPlan {
  readonly metrics: ReadonlySet<string>;
  /** Whether one of them compares features of images. */
  readonly usesFeatures: boolean;
}

/**
 * The metrics that a configuration asks for, that of the best checkpoint among them.
 * @throws InputError for a metric that there is not, one of labels where the data have none, a best one by what neither more nor less of
 *   is better, and too few test images
 */
export function planEvaluation(configuration: Configuration, source: ImageSource): EvaluationPlan {
  const { evaluateMetrics, saveBest } = configuration;
  if (source.test.count < 2)
    throw new InputError(`${source.name}: has ${source.test.count} test images, but evaluations compare with at least 2; keep more with --test-fraction`);
  const problem = whyNoClassifier(source);
  const isFeature = (metric: string) => FEATURE_GROUPS.includes(groupOf(metric));
  const usual = () => DEFAULT_GROUPS.filter((group) => problem === undefined || !FEATURE_GROUPS.includes(group));
  const metrics = new Set(parseMetrics(evaluateMetrics ?? usual()));
  if (saveBest !== undefined) metrics.add(bestOf(saveBest, configuration));
  const needing = Array.from(metrics).find(isFeature);
  if (needing !== undefined && problem !== undefined)
    throw new InputError(`${needing}: ${problem}; choose metrics that need none, such as psnr, or evaluate the run with --features MODEL.onnx later`);
  return { metrics, usesFeatures: needing !== undefined };
}

function bestOf(metric: string, { prior, divergence }: Configuration): string {
  parseMetrics([metric]);
  // On the sphere alone codes have a resultant, and not every divergence has an excess.
  const isThere = (name: string) => (prior === 'sphere' || !name.startsWith('resultant')) && (divergence !== 'nearest' || !name.includes('excess'));
  const usable = METRIC_NAMES.filter((name) => betterDirection(name) !== undefined && isThere(name));
  if (usable.includes(metric)) return metric;
  throw new InputError(`best "${metric}": should be a metric of which this training can have more or less, one of ${usable.join(', ')}`);
}
