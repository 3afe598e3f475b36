import { calibrationSplits, fitLogitScale, type LabeledRows } from './calibration.js';
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
import { InputError } from '../errors.js';
import { allIndices, drawnIndices, inChunks } from '../model/chunks.js';
import type { ModelWeights, TrainedModel } from '../model/trainedModel.js';
import type { Features } from '../numerics/features.js';
import { applyScale, foldIntoWeights } from '../numerics/standardizer.js';
import { randomStream } from '../random.js';

interface ProbeRunnerOptions {
  readonly model: TrainedModel;
  readonly weights: ModelWeights;
  readonly source: ImageSource;
  readonly seed: number;
  readonly compile: Compile;
}

/** A subset of labeled training images. */
interface LabelTrial {
  readonly indices: Uint32Array;
  readonly labels: Uint32Array;
  readonly seed: number;
  /** Whether to calibrate the probabilities of the classifier, which takes further fits. */
  readonly calibrate: boolean;
}

/** A fitted classifier and its test accuracy. */
export interface TestedProbe {
  readonly probe: FittedProbe;
  readonly accuracy: number;
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

async function createProbeRunner(method: ProbeMethod, options: ProbeRunnerOptions, classes: number): Promise<ProbeRunner> {
  if (method === 'finetune' || method === 'supervised') return networkRunner(method, options, classes);
  const { model, weights, compile } = options;
  const representation = await representationOf(method === 'knn' ? 'codes' : method, model, weights, compile);
  return rowRunner(
    method === 'knn' ? neighborFitter(representation, options, classes) : await linearFitter(method, representation, options, classes),
    representation,
    options,
  );
}

type Fitter<Fit extends FittedProbe> = (trial: LabelTrial) => Promise<Fit>;

/** Fits logistic regressions on a representation; the scaling is folded into the weights. */
async function linearFitter(
  method: LinearFit['method'],
  representation: Representation,
  { source, model, seed }: ProbeRunnerOptions,
  classes: number,
): Promise<Fitter<LinearFit>> {
  const rows = (indices: Uint32Array) => rowsAt(representation, source.train, model.imageElements, indices);
  const scale = representation.scaleBy?.(await rows(drawnIndices(source.train, SCALE_IMAGES, seed)));
  return async ({ indices, labels, seed: trialSeed, calibrate }) => {
    const features = await rows(indices);
    const { parameters } = fitLinearProbe(scale ? applyScale(scale, features) : features, labels, classes, trialSeed, { calibrate }).classifier;
    return { method, classes, parameters: Float32Array.from(scale ? foldIntoWeights(scale, parameters) : parameters) };
  };
}

const neighborFitter =
  (representation: Representation, { source, model }: ProbeRunnerOptions, classes: number): Fitter<NeighborFit> =>
  async ({ indices, labels }) => {
    const { data } = await rowsAt(representation, source.train, model.imageElements, indices);
    return { method: 'knn', classes, codes: Float32Array.from(data), labels };
  };

async function rowRunner(
  fit: Fitter<LinearFit | NeighborFit>,
  representation: Representation,
  { source, model, seed }: ProbeRunnerOptions,
): Promise<ProbeRunner> {
  const testIndices = drawnIndices(source.test, TEST_IMAGES, seed);
  const test = await rowsAt(representation, source.test, model.imageElements, testIndices);
  const testLabels = gatherLabels(source.test.labels!, testIndices);
  return {
    fitAndTest: async (trial) => {
      const probe = await fit(trial);
      return { probe, accuracy: accuracyOf(classifyRows(probe, test).classes, testLabels) };
    },
    release: representation.release,
  };
}

const gather = (values: Uint32Array, indices: Uint32Array): Uint32Array => indices.map((index) => values[index]!);

/** Returns the rows of the images of a split at `indices`. */
async function rowsAt({ of, width }: Representation, split: Split, imageBytes: number, indices: Uint32Array): Promise<Features> {
  const data = new Float32Array(indices.length * width);
  for (const { images, first } of inChunks(split, imageBytes, indices)) data.set((await of(images)).data, first * width);
  return { data, width };
}

function networkRunner(method: NetworkFit['method'], { model, weights, source, compile, seed }: ProbeRunnerOptions, classes: number): ProbeRunner {
  const spec = networkSpec(model, classes);
  const programs = new ClassifierPrograms(spec, compile);
  const testIndices = drawnIndices(source.test, TEST_IMAGES, seed);
  const testLabels = gatherLabels(source.test.labels!, testIndices);
  const start = (trialSeed: number): ClassifierWeights => {
    const fresh = freshClassifier(spec, trialSeed);
    return method === 'supervised' ? fresh : { ...fresh, parameters: weights['encoder.parameters'], statistics: weights['encoder.statistics'] };
  };
  const fit = async ({ indices, labels, seed: trialSeed }: Omit<LabelTrial, 'calibrate'>): Promise<NetworkFit> => {
    const { batch, epochs, minSteps, maxSteps, learningRate } = NETWORK_TRAINING;
    const perEpoch = Math.max(1, Math.floor(indices.length / batch));
    // Every label of a large set is used at least twice.
    const steps = Math.max(2 * perEpoch, Math.min(maxSteps, Math.max(minSteps, epochs * perEpoch)));
    const training = { steps, batch, learningRate, seed: trialSeed };
    return { method, classes, weights: await trainClassifier(programs, start(trialSeed), subset(source.train, indices), labels, training) };
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
  const calibrated = async (probe: NetworkFit, { indices, labels, seed: trialSeed }: LabelTrial): Promise<NetworkFit> => {
    const parts: LabeledRows[] = [];
    for (const { training, heldOut } of calibrationSplits(labels, classes, trialSeed)) {
      const partial = await fit({ indices: gather(indices, training), labels: gatherLabels(labels, training), seed: trialSeed });
      const { probabilities } = await predict(partial, source.train, gather(indices, heldOut));
      parts.push({ probabilities: { data: probabilities, width: classes }, labels: gatherLabels(labels, heldOut) });
    }
    const scale = fitLogitScale(parts);
    return { ...probe, weights: { ...probe.weights, head: probe.weights.head.map((value) => scale * value) } };
  };
  return {
    fitAndTest: async (trial) => {
      const fitted = await fit(trial);
      const probe = trial.calibrate ? await calibrated(fitted, trial) : fitted;
      return { probe, accuracy: accuracyOf((await predict(probe, source.test, testIndices)).classes, testLabels) };
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
   * Whether to calibrate the probabilities of the first trial's classifiers on held-out labels, which fits each again up to five times
   * (default: false). Accuracies do not change.
   */
  readonly calibrate?: boolean;
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
}

/**
 * Measures the accuracy on the test images from few labels, for each label count and method.
 * @throws {InputError} if the data has no labels, one class or no test images, or fewer labels than requested
 */
export async function probe(options: ProbeOptions): Promise<ProbeResult[]> {
  const { source, labels: labelCounts, trials, methods, seed, calibrate = false, onResult, onFit } = options;
  const { train, name, classes } = source;
  if (train.labels === null || classes === null) throw new InputError(`${name}: no labels; a probe needs data with labels`);
  if (classes < 2) throw new InputError(`${name}: a single class; a probe needs at least 2`);
  if (source.test.count === 0) throw new InputError(`${name}: no test images; set --test-fraction`);
  for (const count of labelCounts) {
    if (count !== 'all' && count > train.count) throw new InputError(`--labels ${count}: ${name} has ${train.count} labeled training images`);
  }
  const trialsByCount = labelCounts.map((count) =>
    Array.from({ length: count === 'all' ? 1 : trials }, (_, number): LabelTrial => {
      const indices =
        count === 'all' ? allIndices(train.count) : drawBalancedLabels(train.labels!, count, randomStream(seed, `labels ${count}`, number), classes);
      return { indices, labels: gatherLabels(train.labels!, indices), seed: seed + number, calibrate: calibrate && number === 0 };
    }),
  );
  const results: ProbeResult[] = [];
  for (const method of methods) {
    const runner = await createProbeRunner(method, options, classes);
    try {
      for (const subsets of trialsByCount) {
        const accuracies: number[] = [];
        for (const trial of subsets) {
          const tested = await runner.fitAndTest(trial);
          accuracies.push(tested.accuracy);
          onFit?.({ ...tested, labels: trial.indices.length });
        }
        const result = { labels: subsets[0]!.indices.length, method, ...meanAndStd(accuracies) };
        onResult?.(result);
        results.push(result);
      }
    } finally {
      await runner.release();
    }
  }
  return results;
}

function meanAndStd(values: readonly number[]): { accuracy: number; std: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return { accuracy: mean, std: Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length) };
}
