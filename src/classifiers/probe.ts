import { calibrationSplits, expectedCalibrationError, fitLogitScale, type LabeledRows } from './calibration.js';
import type { ClassifierWeights } from './classifierGraph.js';
import { ClassifierPrograms, freshClassifier, trainClassifier } from './encoderClassifier.js';
import {
  classifyImages,
  classifyRows,
  type FittedProbe,
  type LinearFit,
  type NeighborFit,
  type NetworkFit,
  networkSpec,
  type Predictions,
  type ProbeMethod,
} from './fittedProbe.js';
import { accuracyOf, drawBalancedLabels, gatherLabels } from './labels.js';
import { fitLinearProbe } from './linearProbe.js';
import { type Representation, representationOf } from './representations.js';
import { type ImageSource, type Split, subset } from '../data/source.js';
import type { Compile } from '../engine/index.js';
import { InputError, setting, text } from '../errors.js';
import { allIndices, drawnIndices, inChunks } from '../model/chunks.js';
import type { TrainedModel } from '../model/trainedModel.js';
import type { ModelWeights } from '../networks/network.js';
import type { Features } from '../numerics/features.js';
import { applyScale, foldIntoWeights } from '../numerics/standardizer.js';
import { randomStream } from '../random.js';

interface ProbeRunnerOptions {
  readonly model: TrainedModel;
  readonly weights: ModelWeights;
  readonly source: ImageSource;
  readonly seed: number;
  readonly compile: Compile;
  /** Returns the codes of images of a split, for example stored ones (default: encodes them). */
  readonly codesOf?: ((split: Split, indices: Uint32Array) => Promise<Float32Array>) | undefined;
  /** Receives how much of a phase is done: `images` that are encoded, and `classifiers` that are fitted, also in part. */
  readonly onProgress?: ((phase: string, done: number, total: number) => void) | undefined;
}

/** A subset of labeled training images. */
interface LabelTrial {
  readonly indices: Uint32Array;
  readonly labels: Uint32Array;
  readonly seed: number;
  /** Whether to calibrate the probabilities of the classifier, which takes further fits. */
  readonly calibrate: boolean;
  /** Receives the fraction of the work on this trial that is done. */
  readonly onProgress: (fraction: number) => void;
}

/** A fitted classifier, its test accuracy and its expected calibration error. */
export interface TestedProbe {
  readonly probe: FittedProbe;
  readonly accuracy: number;
  readonly calibrationError: number;
}

/** Fits and tests classifiers by one method. */
interface ProbeRunner {
  readonly fitAndTest: (trial: LabelTrial) => Promise<TestedProbe>;
  readonly release: () => Promise<void>;
}

/** Maximum number of test images, and of training images for the standardizer, which need no labels. */
export const TEST_IMAGES = 10_000;
const SCALE_IMAGES = 5000;
/** Training of both network methods: number of passes over the labeled images, within limits on the iterations. */
const NETWORK_TRAINING = { batch: 64, epochs: 30, minSteps: 150, maxSteps: 600, learningRate: 1e-3 };

async function createProbeRunner(
  method: ProbeMethod,
  options: ProbeRunnerOptions,
  classes: number,
): Promise<ProbeRunner> {
  if (method === 'finetune' || method === 'supervised') return networkRunner(method, options, classes);
  const { model, weights, compile } = options;
  const representation = await representationOf(method === 'knn' ? 'codes' : method, model, weights, compile);
  return rowRunner(
    method === 'knn'
      ? neighborFitter(representation, options, classes)
      : await linearFitter(method, representation, options, classes),
    representation,
    options,
  );
}

type Fitter<Fit extends FittedProbe> = (trial: LabelTrial) => Promise<Fit>;

/** Fits logistic regressions on a representation; the scaling is folded into the weights. */
async function linearFitter(
  method: LinearFit['method'],
  representation: Representation,
  options: ProbeRunnerOptions,
  classes: number,
): Promise<Fitter<LinearFit>> {
  const { source, seed } = options;
  const rows = (indices: Uint32Array) => rowsAt(representation, source.train, indices, options);
  const scale = representation.scaleBy?.(await rows(drawnIndices(source.train, SCALE_IMAGES, seed)));
  return async ({ indices, labels, seed: trialSeed, calibrate }) => {
    const features = await rows(indices);
    const { parameters } = fitLinearProbe(scale ? applyScale(scale, features) : features, labels, classes, trialSeed, {
      calibrate,
    }).classifier;
    return { method, classes, parameters: Float32Array.from(scale ? foldIntoWeights(scale, parameters) : parameters) };
  };
}

const neighborFitter =
  (representation: Representation, options: ProbeRunnerOptions, classes: number): Fitter<NeighborFit> =>
  async ({ indices, labels }) => {
    const { data } = await rowsAt(representation, options.source.train, indices, options);
    return { method: 'knn', classes, codes: Float32Array.from(data), labels };
  };

async function rowRunner(
  fit: Fitter<LinearFit | NeighborFit>,
  representation: Representation,
  options: ProbeRunnerOptions,
): Promise<ProbeRunner> {
  const { source, seed } = options;
  const testIndices = drawnIndices(source.test, TEST_IMAGES, seed);
  const test = await rowsAt(representation, source.test, testIndices, options);
  const testLabels = gatherLabels(source.test.labels!, testIndices);
  return {
    fitAndTest: async (trial) => {
      const probe = await fit(trial);
      const predictions = classifyChunks(probe, test, trial.onProgress);
      return { probe, ...scorePredictions(predictions, testLabels, probe.classes) };
    },
    release: representation.release,
  };
}

const gather = (values: Uint32Array, indices: Uint32Array): Uint32Array => indices.map((index) => values[index]!);

/** Rows that are classified at a time, so that progress is reported in between. */
const CLASSIFIED_ROWS = 1000;

function classifyChunks(
  probe: LinearFit | NeighborFit,
  { data, width }: Features,
  onProgress: (fraction: number) => void,
): Predictions {
  const count = data.length / width;
  const [predicted, probabilities] = [new Uint32Array(count), new Float64Array(count * probe.classes)];
  for (let first = 0; first < count; first += CLASSIFIED_ROWS) {
    const part = classifyRows(probe, { data: data.subarray(first * width, (first + CLASSIFIED_ROWS) * width), width });
    predicted.set(part.classes, first);
    probabilities.set(part.probabilities, first * probe.classes);
    onProgress(Math.min(1, (first + CLASSIFIED_ROWS) / count));
  }
  return { classes: predicted, probabilities };
}

const scorePredictions = (predictions: Predictions, labels: Uint32Array, classes: number) => ({
  accuracy: accuracyOf(predictions.classes, labels),
  calibrationError: expectedCalibrationError({ data: predictions.probabilities, width: classes }, labels),
});

/** Returns the rows of the images of a split at `indices`. */
async function rowsAt(
  { of, ofCodes, width }: Representation,
  split: Split,
  indices: Uint32Array,
  { model, codesOf, onProgress }: ProbeRunnerOptions,
): Promise<Features> {
  if (ofCodes && codesOf) return ofCodes(await codesOf(split, indices));
  const data = new Float32Array(indices.length * width);
  for (const { images, first } of inChunks(split, model.imageElements, indices)) {
    onProgress?.('images', first, indices.length);
    data.set((await of(images)).data, first * width);
  }
  onProgress?.('images', indices.length, indices.length);
  return { data, width };
}

function networkRunner(
  method: NetworkFit['method'],
  { model, weights, source, compile, seed }: ProbeRunnerOptions,
  classes: number,
): ProbeRunner {
  const spec = networkSpec(model, classes);
  const programs = new ClassifierPrograms(spec, compile);
  const testIndices = drawnIndices(source.test, TEST_IMAGES, seed);
  const testLabels = gatherLabels(source.test.labels!, testIndices);
  const start = (trialSeed: number): ClassifierWeights => {
    const fresh = freshClassifier(spec, trialSeed);
    return method === 'supervised'
      ? fresh
      : { ...fresh, parameters: weights['encoder.parameters'], statistics: weights['encoder.statistics'] };
  };
  const fit = async ({
    indices,
    labels,
    seed: trialSeed,
    onProgress,
  }: Omit<LabelTrial, 'calibrate'>): Promise<NetworkFit> => {
    const { batch, epochs, minSteps, maxSteps, learningRate } = NETWORK_TRAINING;
    const perEpoch = Math.max(1, Math.floor(indices.length / batch));
    // Every label of a large set is used at least twice.
    const steps = Math.max(2 * perEpoch, Math.min(maxSteps, Math.max(minSteps, epochs * perEpoch)));
    const training = {
      steps,
      batch,
      learningRate,
      seed: trialSeed,
      onStep: (step: number) => onProgress(step / steps),
    };
    return {
      method,
      classes,
      weights: await trainClassifier(programs, start(trialSeed), subset(source.train, indices), labels, training),
    };
  };
  /** Predicts the images of a split at `indices`. */
  const predict = async (probe: NetworkFit, split: Split, indices: Uint32Array): Promise<Predictions> => {
    const [predicted, probabilities] = [new Uint32Array(indices.length), new Float32Array(indices.length * classes)];
    for (const { images, first } of inChunks(split, model.imageElements, indices)) {
      const predictions = await classifyImages(programs, probe, images);
      predicted.set(predictions.classes, first);
      probabilities.set(predictions.probabilities, first * classes);
    }
    return { classes: predicted, probabilities };
  };
  /** Scales the logits of the head to calibrate the probabilities on held-out labels. */
  const calibrated = async (
    probe: NetworkFit,
    { indices, labels, seed: trialSeed }: LabelTrial,
    onProgress: LabelTrial['onProgress'],
  ): Promise<NetworkFit> => {
    const parts: LabeledRows[] = [];
    const splits = calibrationSplits(labels, classes, trialSeed);
    for (const [number, { training, heldOut }] of splits.entries()) {
      const onPart = (fraction: number) => onProgress((number + fraction) / splits.length);
      const partial = await fit({
        indices: gather(indices, training),
        labels: gatherLabels(labels, training),
        seed: trialSeed,
        onProgress: onPart,
      });
      const { probabilities } = await predict(partial, source.train, gather(indices, heldOut));
      parts.push({ probabilities: { data: probabilities, width: classes }, labels: gatherLabels(labels, heldOut) });
    }
    const scale = fitLogitScale(parts);
    return { ...probe, weights: { ...probe.weights, head: probe.weights.head.map((value) => scale * value) } };
  };
  return {
    fitAndTest: async (trial) => {
      // The first fit is one of up to six.
      const share = trial.calibrate ? 1 / 6 : 1;
      const fitted = await fit({ ...trial, onProgress: (fraction) => trial.onProgress(share * fraction) });
      const probe = trial.calibrate
        ? await calibrated(fitted, trial, (fraction) => trial.onProgress(share + (1 - share) * fraction))
        : fitted;
      return { probe, ...scorePredictions(await predict(probe, source.test, testIndices), testLabels, classes) };
    },
    release: () => programs.release(),
  };
}

export interface ProbeOptions extends ProbeRunnerOptions {
  /** Label counts, multiples of the number of classes, or `all`. */
  readonly labels: readonly (number | 'all')[];
  /** Number of random label subsets to average over; `all` is used once. */
  readonly trials: number;
  readonly methods: readonly ProbeMethod[];
  /**
   * Methods whose probabilities are calibrated on held-out labels in the first trial, which fits each classifier again up to five times
   * (default: the regressions, which are fast). Accuracies do not change.
   */
  readonly calibrate?: readonly ProbeMethod[];
  readonly onResult?: (result: ProbeResult) => void;
  /** Called with each fitted classifier and its test accuracy. */
  readonly onFit?: (fit: TestedProbe & { readonly labels: number }) => void;
}

/** Accuracy on the test images: mean and population standard deviation over the trials. */
export interface ProbeResult {
  readonly labels: number;
  readonly method: ProbeMethod;
  readonly accuracy: number;
  readonly std: number;
  /** Expected calibration error of the first trial's classifier on the test images. */
  readonly expected_calibration_error: number;
  /** Whether its probabilities were calibrated. */
  readonly calibrated: boolean;
}

/** Methods that are fitted in a moment. */
const REGRESSIONS: readonly ProbeMethod[] = ['codes', 'features', 'pixels'];

/**
 * Measures the accuracy on the test images from few labels, for each label count and method.
 * @throws {InputError} if the data has no labels, one class or no test images, or fewer labels than requested
 */
export async function probe(options: ProbeOptions): Promise<ProbeResult[]> {
  const {
    source,
    labels: labelCounts,
    trials,
    methods,
    seed,
    calibrate = REGRESSIONS,
    onResult,
    onFit,
    onProgress,
  } = options;
  const { train } = source;
  const classes = requireClasses(source, labelCounts);
  const trialsByCount = labelCounts.map((count) =>
    Array.from({ length: count === 'all' ? 1 : trials }, (_, number): Omit<LabelTrial, 'calibrate' | 'onProgress'> => {
      const indices =
        count === 'all'
          ? allIndices(train.count)
          : drawBalancedLabels(train.labels!, count, randomStream(seed, `labels ${count}`, number), classes);
      return { indices, labels: gatherLabels(train.labels!, indices), seed: seed + number };
    }),
  );
  const results: ProbeResult[] = [];
  let fitted = 0;
  const total = methods.length * trialsByCount.flat().length;
  for (const method of methods) {
    const runner = await createProbeRunner(method, options, classes);
    try {
      for (const subsets of trialsByCount) {
        const tests: TestedProbe[] = [];
        const calibrated = calibrate.includes(method);
        for (const trial of subsets) {
          const onFraction = (fraction: number) => onProgress?.('classifiers', fitted + fraction, total);
          const tested = await runner.fitAndTest({
            ...trial,
            calibrate: calibrated && tests.length === 0,
            onProgress: onFraction,
          });
          tests.push(tested);
          onProgress?.('classifiers', ++fitted, total);
          onFit?.({ ...tested, labels: trial.indices.length });
        }
        const error = {
          expected_calibration_error: tests[0]!.calibrationError,
          calibrated: calibrated && method !== 'knn',
        };
        const result = {
          labels: subsets[0]!.indices.length,
          method,
          ...meanAndStd(tests.map(({ accuracy }) => accuracy)),
          ...error,
        };
        onResult?.(result);
        results.push(result);
      }
    } finally {
      await runner.release();
    }
  }
  return results;
}

/** Returns the number of classes. */
function requireClasses({ name, train, test, classes }: ImageSource, labelCounts: ProbeOptions['labels']): number {
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

function meanAndStd(values: readonly number[]): { accuracy: number; std: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return {
    accuracy: mean,
    std: Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length),
  };
}
