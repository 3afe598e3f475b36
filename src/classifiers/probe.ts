import type { ProbeMethod } from './fittedProbe.js';
import { drawBalancedLabels, gatherLabels } from './labels.js';
import {
  type LabelTrial,
  networkRunner,
  type ProbeRunner,
  type ProbeRunnerOptions,
  rowRunner,
  type TestedProbe,
} from './probeRunner.js';
import type { ImageSource } from '../data/source.js';
import { InputError, setting, text } from '../errors.js';
import { allIndices } from '../model/chunks.js';
import { meanAndStd } from '../numerics/features.js';
import { randomStream } from '../random.js';

export interface ProbeOptions extends ProbeRunnerOptions {
  /** Multiples of the number of classes, or `all`. */
  labels: readonly (number | 'all')[];
  /** Random label subsets to average over; `all` is used once. */
  trials: number;
  methods: readonly ProbeMethod[];
  /**
   * Methods whose first trial is calibrated on held-out labels, which takes up to five further fits (default: the
   * regressions, which are fast). Accuracies do not change.
   */
  calibrate?: readonly ProbeMethod[];
  onResult?: (result: ProbeResult) => void;
  onFit?: (fit: TestedProbe & { labels: number }) => void;
}

/** On the test images: mean and population standard deviation over the trials. */
export interface ProbeResult {
  labels: number;
  method: ProbeMethod;
  accuracy: number;
  std: number;
  /** Of the first trial's classifier. */
  expected_calibration_error: number;
  calibrated: boolean;
}

const REGRESSIONS: readonly ProbeMethod[] = ['codes', 'features', 'pixels'];

/**
 * Measures the accuracy from few labels, for each label count and method.
 * @throws {InputError} if the data has no labels, one class or no test images, or fewer labels than requested
 */
export async function probe(options: ProbeOptions): Promise<ProbeResult[]> {
  const { methods, onResult } = options;
  const classes = requireClasses(options.source, options.labels);
  const subsets = options.labels.map((count) => drawSubsets(count, options, classes));
  const results: ProbeResult[] = [];
  const progress = { fitted: 0, total: methods.length * subsets.flat().length };
  for (const method of methods) {
    const runner =
      method === 'finetune' || method === 'supervised'
        ? networkRunner(method, options, classes)
        : await rowRunner(method, options, classes);
    try {
      for (const trials of subsets) {
        const result = await runTrials(method, runner, trials, options, progress);
        onResult?.(result);
        results.push(result);
      }
    } finally {
      await runner.release();
    }
  }
  return results;
}

type LabelSubset = Pick<LabelTrial, 'indices' | 'labels' | 'seed'>;

function drawSubsets(count: number | 'all', { source, trials, seed }: ProbeOptions, classes: number): LabelSubset[] {
  const { train } = source;
  return Array.from({ length: count === 'all' ? 1 : trials }, (_, number) => {
    const indices =
      count === 'all'
        ? allIndices(train.count)
        : drawBalancedLabels(train.labels!, count, randomStream(seed, `labels ${count}`, number), classes);
    return { indices, labels: gatherLabels(train.labels!, indices), seed: seed + number };
  });
}

async function runTrials(
  method: ProbeMethod,
  runner: ProbeRunner,
  subsets: readonly LabelSubset[],
  { calibrate = REGRESSIONS, onFit, onProgress }: ProbeOptions,
  progress: { fitted: number; total: number },
): Promise<ProbeResult> {
  const labels = subsets[0]!.indices.length;
  const isCalibrated = calibrate.includes(method);
  const tests: TestedProbe[] = [];
  for (const subset of subsets) {
    const tested = await runner.fitAndTest({
      ...subset,
      calibrate: isCalibrated && tests.length === 0,
      onProgress: (fraction) => onProgress?.('classifiers', progress.fitted + fraction, progress.total),
    });
    tests.push(tested);
    onProgress?.('classifiers', ++progress.fitted, progress.total);
    onFit?.({ ...tested, labels });
  }
  const { mean, std } = meanAndStd(tests.map(({ accuracy }) => accuracy));
  return {
    labels,
    method,
    accuracy: mean,
    std,
    expected_calibration_error: tests[0]!.calibrationError,
    calibrated: isCalibrated && method !== 'knn',
  };
}

function requireClasses({ name, train, test, classes }: ImageSource, labelCounts: ProbeOptions['labels']) {
  if (train.labels === null || classes === null)
    throw new InputError(name, 'no labels', 'a probe needs data with labels');
  if (classes < 2) throw new InputError(name, 'a single class', 'a probe needs at least 2');
  if (test.count === 0) throw new InputError(name, 'no test images', text`set ${setting('testFraction')}`);
  for (const count of labelCounts) {
    if (count !== 'all' && count > train.count)
      throw new InputError(text`${setting('labels')} ${count}`, `${name} has ${train.count} labeled training images`);
  }
  return classes;
}
