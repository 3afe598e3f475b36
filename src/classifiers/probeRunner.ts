import type { ModelWeights, TrainedModel } from '../model/trainedModel.js';
import { type ImageSource, type Split, subset } from '../data/source.js';
import type { Compile } from '../engine/index.js';
import { calibrationSplits, fitLogitScale, type LabeledRows } from './calibration.js';
import type { ClassifierWeights } from './classifierSpec.js';
import { applyScale, foldIntoWeights } from '../numerics/standardizer.js';
import { ClassifierPrograms } from './encoderClassifier.js';
import type { Features } from '../numerics/features.js';
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
import { drawnIndices, inChunks } from '../model/imageChunks.js';
import { accuracyOf, gatherLabels } from './labels.js';
import { fitLinearProbe } from './linearProbe.js';
import { type Representation, representationOf } from './representations.js';
import { freshClassifier, trainClassifier } from './trainClassifier.js';

export interface ProberOptions {
  readonly model: TrainedModel;
  readonly weights: ModelWeights;
  readonly source: ImageSource;
  readonly seed: number;
  readonly compile: Compile;
}

/** Labelled training images by their places, with their labels. */
export interface LabelTrial {
  readonly places: Uint32Array;
  readonly labels: Uint32Array;
  readonly seed: number;
  /** Whether the probabilities of the classifier are calibrated, which takes further fits. */
  readonly calibrate: boolean;
}

/** A classifier that was fitted, and the part of the test labels that it meets. */
export interface TestedProbe {
  readonly probe: FittedProbe;
  readonly accuracy: number;
}

/** Fits classifiers by one method, and tests them. */
export interface ProbeRunner {
  readonly fitAndTest: (draw: LabelTrial) => Promise<TestedProbe>;
  readonly release: () => Promise<void>;
}

/** Test images that are classified at most, and training images by which rows are scaled; these need no labels. */
export const TEST_IMAGES = 10_000;
const SCALE_IMAGES = 5000;
/** Both networks are trained alike: for as many iterations as these passes take, within limits. */
const NETWORK_TRAINING = { batch: 64, epochs: 30, leastSteps: 150, mostSteps: 600, learningRate: 1e-3 };

export async function createProbeRunner(method: ProbeMethod, options: ProberOptions, classes: number): Promise<ProbeRunner> {
  if (method === 'finetune' || method === 'supervised') return networkProber(method, options, classes);
  const { model, weights, compile } = options;
  const representation = await representationOf(method === 'knn' ? 'codes' : method, model, weights, compile);
  return rowProber(
    method === 'knn' ? neighbourFitter(representation, options, classes) : await linearFitter(method, representation, options, classes),
    representation,
    options,
  );
}

type Fitter<Fit extends FittedProbe> = (draw: LabelTrial) => Promise<Fit>;

/** Logistic regressions on a representation, given for rows as they are. */
async function linearFitter(
  method: LinearFit['method'],
  representation: Representation,
  { source, model, seed }: ProberOptions,
  classes: number,
): Promise<Fitter<LinearFit>> {
  const rows = (places: Uint32Array) => rowsAt(representation, source.train, model.imageElements, places);
  const scale = representation.scaleBy?.(await rows(drawnIndices(source.train, SCALE_IMAGES, seed)));
  return async ({ places, labels, seed: drawSeed, calibrate }) => {
    const features = await rows(places);
    const { parameters } = fitLinearProbe(scale ? applyScale(scale, features) : features, labels, classes, drawSeed, { calibrate }).classifier;
    return { method, classes, parameters: Float32Array.from(scale ? foldIntoWeights(scale, parameters) : parameters) };
  };
}

const neighbourFitter =
  (representation: Representation, { source, model }: ProberOptions, classes: number): Fitter<NeighborFit> =>
  async ({ places, labels }) => {
    const { data } = await rowsAt(representation, source.train, model.imageElements, places);
    return { method: 'knn', classes, codes: Float32Array.from(data), labels };
  };

async function rowProber(fit: Fitter<LinearFit | NeighborFit>, representation: Representation, { source, model, seed }: ProberOptions): Promise<ProbeRunner> {
  const testPlaces = drawnIndices(source.test, TEST_IMAGES, seed);
  const test = await rowsAt(representation, source.test, model.imageElements, testPlaces);
  const testLabels = gatherLabels(source.test.labels!, testPlaces);
  return {
    fitAndTest: async (draw) => {
      const probe = await fit(draw);
      return { probe, accuracy: accuracyOf(classifyRows(probe, test).classes, testLabels) };
    },
    release: representation.release,
  };
}

const gather = (values: Uint32Array, indices: Uint32Array): Uint32Array => indices.map((index) => values[index]!);

/** Rows of the images of a split at `places`. */
async function rowsAt({ of, width }: Representation, split: Split, imageBytes: number, places: Uint32Array): Promise<Features> {
  const data = new Float32Array(places.length * width);
  for (const { images, first } of inChunks(split, imageBytes, places)) data.set((await of(images)).data, first * width);
  return { data, width };
}

function networkProber(method: NetworkFit['method'], { model, weights, source, compile, seed }: ProberOptions, classes: number): ProbeRunner {
  const spec = networkSpec(model, classes);
  const programs = new ClassifierPrograms(spec, compile);
  const testPlaces = drawnIndices(source.test, TEST_IMAGES, seed);
  const testLabels = gatherLabels(source.test.labels!, testPlaces);
  const start = (drawSeed: number): ClassifierWeights => {
    const fresh = freshClassifier(spec, drawSeed);
    return method === 'supervised' ? fresh : { ...fresh, parameters: weights['encoder.parameters'], statistics: weights['encoder.statistics'] };
  };
  const fit = async ({ places, labels, seed: drawSeed }: Omit<LabelTrial, 'calibrate'>): Promise<NetworkFit> => {
    const { batch, epochs, leastSteps, mostSteps, learningRate } = NETWORK_TRAINING;
    const perEpoch = Math.max(1, Math.floor(places.length / batch));
    // All labels of a large set are seen at least twice.
    const steps = Math.max(2 * perEpoch, Math.min(mostSteps, Math.max(leastSteps, epochs * perEpoch)));
    const training = { steps, batch, learningRate, seed: drawSeed };
    return { method, classes, weights: await trainClassifier(programs, start(drawSeed), subset(source.train, places), labels, training) };
  };
  /** Probabilities and classes of images of a split. */
  const predict = async (probe: NetworkFit, split: Split, places: Uint32Array): Promise<Predictions> => {
    const [predicted, probabilities] = [new Uint32Array(places.length), new Float32Array(places.length * classes)];
    for (const { images, first } of inChunks(split, model.imageElements, places)) {
      const found = await classifyImages(programs, probe, images);
      predicted.set(found.classes, first);
      probabilities.set(found.probabilities, first * classes);
    }
    return { classes: predicted, probabilities };
  };
  /** The probe with the logits of its head scaled as held-out labels ask for. */
  const calibrated = async (probe: NetworkFit, { places, labels, seed: drawSeed }: LabelTrial): Promise<NetworkFit> => {
    const parts: LabeledRows[] = [];
    for (const { training, heldOut } of calibrationSplits(labels, classes, drawSeed)) {
      const partial = await fit({ places: gather(places, training), labels: gatherLabels(labels, training), seed: drawSeed });
      const { probabilities } = await predict(partial, source.train, gather(places, heldOut));
      parts.push({ probabilities: { data: probabilities, width: classes }, labels: gatherLabels(labels, heldOut) });
    }
    const scale = fitLogitScale(parts);
    return { ...probe, weights: { ...probe.weights, head: probe.weights.head.map((value) => scale * value) } };
  };
  return {
    fitAndTest: async (draw) => {
      const fitted = await fit(draw);
      const probe = draw.calibrate ? await calibrated(fitted, draw) : fitted;
      return { probe, accuracy: accuracyOf((await predict(probe, source.test, testPlaces)).classes, testLabels) };
    },
    release: () => programs.release(),
  };
}
