import { type ImageSource, type Split, subset } from '../data/source.js';
import type { Compile } from '../engine/index.js';
import { drawnIndices, inChunks, type Progress } from '../model/chunks.js';
import type { TrainedModel } from '../model/trainedModel.js';
import type { ModelWeights } from '../networks/network.js';
import type { Features } from '../numerics/features.js';
import { applyScale, foldIntoWeights } from '../numerics/standardizer.js';
import { calibrationSplits, expectedCalibrationError, fitLogitScale, type LabeledRows } from './calibration.js';
import { ClassifierPrograms, freshClassifier, trainClassifier } from './encoderClassifier.js';
import {
  classifyRows,
  type FittedProbe,
  type LinearFit,
  type NeighborFit,
  type NetworkFit,
  networkSpec,
  type Predictions,
} from './fittedProbe.js';
import { accuracyOf, gatherLabels } from './labels.js';
import { fitLinearProbe } from './linearProbe.js';
import { representationOf } from './representations.js';

export interface ProbeRunnerOptions {
  model: TrainedModel;
  weights: ModelWeights;
  source: ImageSource;
  seed: number;
  compile: Compile;
  /** Returns codes of images, for example stored ones (default: encodes them). */
  codesOf?: ((split: Split, indices: Uint32Array) => Promise<Float32Array>) | undefined;
  /** Called in the phases `images` and `classifiers`, with fractions of classifiers. */
  onProgress?: ((phase: string, done: number, total: number) => void) | undefined;
}

export interface LabelTrial {
  indices: Uint32Array;
  labels: Uint32Array;
  seed: number;
  /** Whether to calibrate the probabilities, which takes further fits. */
  calibrate: boolean;
  /** Receives the fraction of the trial that is done. */
  onProgress: (fraction: number) => void;
}

/** A fitted classifier and its results on the test images. */
export interface TestedProbe {
  probe: FittedProbe;
  accuracy: number;
  /** Expected calibration error. */
  calibrationError: number;
}

export interface ProbeRunner {
  fitAndTest: (trial: LabelTrial) => Promise<TestedProbe>;
  release: () => Promise<void>;
}

export const TEST_IMAGES = 10_000;

function testImages({ source: { test }, seed }: ProbeRunnerOptions, classes: number) {
  const indices = drawnIndices(test, TEST_IMAGES, seed);
  const labels = gatherLabels(test.labels!, indices);
  const score = (probe: FittedProbe, predictions: Predictions): TestedProbe => ({
    probe,
    accuracy: accuracyOf(predictions.classes, labels),
    calibrationError: expectedCalibrationError({ data: predictions.probabilities, width: classes }, labels),
  });
  return { indices, score };
}

function predictionTable(count: number, classes: number) {
  const table = { classes: new Uint32Array(count), probabilities: new Float64Array(count * classes) };
  const set = (first: number, part: Predictions) => {
    table.classes.set(part.classes, first);
    table.probabilities.set(part.probabilities, first * classes);
  };
  return { table, set };
}

/** Training images for the standardizer, which need no labels. */
const SCALE_IMAGES = 5000;
/** Per report of progress. */
const CLASSIFIED_ROWS = 1000;

/** Fits classifiers on rows that represent images. */
export async function rowRunner(
  method: (LinearFit | NeighborFit)['method'],
  options: ProbeRunnerOptions,
  classes: number,
): Promise<ProbeRunner> {
  const { model, weights, compile, source, seed, codesOf, onProgress } = options;
  const { train } = source;
  const representation = await representationOf(method === 'knn' ? 'codes' : method, model, weights, compile);
  const { of, ofCodes, scaleBy, width } = representation;

  async function rowsOf(split: Split, indices: Uint32Array): Promise<Features> {
    if (ofCodes && codesOf) return ofCodes(await codesOf(split, indices));
    const data = new Float32Array(indices.length * width);
    const report: Progress = (done, total) => onProgress?.('images', done, total);
    for (const { images, first } of inChunks(split, model.imageElements, indices, report))
      data.set((await of(images)).data, first * width);
    return { data, width };
  }

  const scale = method === 'knn' ? undefined : scaleBy?.(await rowsOf(train, drawnIndices(train, SCALE_IMAGES, seed)));

  async function fit({ indices, labels, seed: trialSeed, calibrate }: LabelTrial): Promise<LinearFit | NeighborFit> {
    const rows = await rowsOf(train, indices);
    if (method === 'knn') return { method, classes, codes: Float32Array.from(rows.data), labels };
    const scaled = scale ? applyScale(scale, rows) : rows;
    const { parameters } = fitLinearProbe(scaled, labels, classes, trialSeed, { calibrate });
    return { method, classes, parameters: Float32Array.from(scale ? foldIntoWeights(scale, parameters) : parameters) };
  }

  const { indices: testIndices, score } = testImages(options, classes);
  const { data } = await rowsOf(source.test, testIndices);
  const count = testIndices.length;
  return {
    fitAndTest: async (trial) => {
      const probe = await fit(trial);
      const { table, set } = predictionTable(count, classes);
      for (let first = 0; first < count; first += CLASSIFIED_ROWS) {
        const part = data.subarray(first * width, (first + CLASSIFIED_ROWS) * width);
        set(first, classifyRows(probe, { data: part, width }));
        trial.onProgress(Math.min(1, (first + CLASSIFIED_ROWS) / count));
      }
      return score(probe, table);
    },
    release: representation.release,
  };
}

const [EPOCHS, MIN_STEPS, MAX_STEPS] = [30, 150, 600];
const [BATCH, LEARNING_RATE] = [64, 1e-3];
/** Of the work, before calibration, which fits up to five times. */
const FIRST_SHARE = 1 / 6;

/** Trains the encoder with a linear head: from the model's weights, or from scratch. */
export function networkRunner(method: NetworkFit['method'], options: ProbeRunnerOptions, classes: number): ProbeRunner {
  const { model, weights, compile, source } = options;
  const programs = new ClassifierPrograms(networkSpec(model, classes), compile);
  const { indices: testIndices, score } = testImages(options, classes);

  async function fit({ indices, labels, seed, onProgress }: Omit<LabelTrial, 'calibrate'>): Promise<NetworkFit> {
    const perEpoch = Math.max(1, Math.floor(indices.length / BATCH));
    // At least two passes over a large set.
    const steps = Math.max(2 * perEpoch, Math.min(MAX_STEPS, Math.max(MIN_STEPS, EPOCHS * perEpoch)));
    const fresh = freshClassifier(programs.spec, seed);
    const pretrained = { parameters: weights['encoder.parameters'], statistics: weights['encoder.statistics'] };
    const start = method === 'supervised' ? fresh : { ...fresh, ...pretrained };
    const trained = await trainClassifier(programs, start, subset(source.train, indices), labels, {
      steps,
      batch: BATCH,
      learningRate: LEARNING_RATE,
      seed,
      onStep: (step) => onProgress(step / steps),
    });
    return { method, classes, weights: trained };
  }

  async function predict(probe: NetworkFit, split: Split, indices: Uint32Array) {
    const { table, set } = predictionTable(indices.length, classes);
    for (const { images, first } of inChunks(split, model.imageElements, indices))
      set(first, await programs.classify(probe.weights, images));
    return table;
  }

  async function calibrated(probe: NetworkFit, { indices, labels, seed, onProgress }: LabelTrial): Promise<NetworkFit> {
    const parts: LabeledRows[] = [];
    const splits = calibrationSplits(labels, classes, seed);
    const at = (chosen: Uint32Array) => ({
      indices: chosen.map((index) => indices[index]!),
      labels: gatherLabels(labels, chosen),
    });
    for (const [number, { training, heldOut }] of splits.entries()) {
      const onPart = (fraction: number) =>
        onProgress(FIRST_SHARE + ((1 - FIRST_SHARE) * (number + fraction)) / splits.length);
      const partial = await fit({ ...at(training), seed, onProgress: onPart });
      const held = at(heldOut);
      const { probabilities } = await predict(partial, source.train, held.indices);
      parts.push({ probabilities: { data: probabilities, width: classes }, labels: held.labels });
    }
    const scale = fitLogitScale(parts);
    return { ...probe, weights: { ...probe.weights, head: probe.weights.head.map((value) => scale * value) } };
  }

  return {
    fitAndTest: async (trial) => {
      const share = trial.calibrate ? FIRST_SHARE : 1;
      const fitted = await fit({ ...trial, onProgress: (fraction) => trial.onProgress(share * fraction) });
      const probe = trial.calibrate ? await calibrated(fitted, trial) : fitted;
      return score(probe, await predict(probe, source.test, testIndices));
    },
    release: () => programs.release(),
  };
}
