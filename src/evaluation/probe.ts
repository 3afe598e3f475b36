import type { ModelWeights, TrainedModel } from '../age/index.js';
import { type ImageSource, subset } from '../data/index.js';
import type { Compile } from '../engine/index.js';
import { InputError } from '../errors.js';
import { randomStream } from '../random.js';
import type { ClassifierWeights } from './classifierSpec.js';
import { ClassifierPrograms } from './encoderClassifier.js';
import { type Features, largestPlaces } from './features.js';
import { allIndices, drawnIndices, inChunks } from './imageChunks.js';
import { accuracyOf, drawBalancedLabels, gatherLabels } from './labels.js';
import { fitLinearProbe } from './linearProbe.js';
import { predictClasses } from './logisticRegression.js';
import { classifyByNeighbours } from './nearestNeighbours.js';
import { codesOf, innerFeaturesOf, pixelsOf, type Representation } from './representations.js';
import { freshClassifier, trainClassifier } from './trainClassifier.js';

/** How few labels are used; see docs/evaluation.md. */
export const PROBE_METHODS = ['codes', 'features', 'knn', 'finetune', 'pixels', 'supervised'] as const;
export type ProbeMethod = (typeof PROBE_METHODS)[number];

/** Test images that are classified at most, and training images whose features are standardised by. */
const [TEST_IMAGES, STANDARD_IMAGES] = [10_000, 5000];
const MOST_NEIGHBOURS = 5;
/** Networks are trained for as many iterations as these passes take, within limits. */
const NETWORK_TRAINING = { batch: 64, epochs: 30, leastSteps: 150, mostSteps: 600 };
const RATES = { finetune: { learningRate: 3e-4, headLearningRate: 3e-3 }, supervised: { learningRate: 1e-3 } };

export interface ProbeOptions {
  readonly model: TrainedModel;
  readonly weights: ModelWeights;
  readonly source: ImageSource;
  /** Numbers of labels, multiples of the number of classes, or `all`. */
  readonly labels: readonly (number | 'all')[];
  /** How often labels are drawn; all of them are taken once. */
  readonly draws: number;
  readonly methods: readonly ProbeMethod[];
  readonly seed: number;
  readonly compile: Compile;
  readonly onResult?: (result: ProbeResult) => void;
}

/** Accuracy on the test images: mean and standard deviation (divided by the number) over the draws. */
export interface ProbeResult {
  readonly labels: number;
  readonly method: ProbeMethod;
  readonly accuracy: number;
  readonly std: number;
}

/** Labelled training images by their places, with their labels. */
interface Draw {
  readonly places: Uint32Array;
  readonly labels: Uint32Array;
  readonly seed: number;
}

/**
 * Accuracy on the test images from few labels, for each number of labels and each method.
 * @throws InputError for data without labels or with one class, and for more labels than there are
 */
export async function probe(options: ProbeOptions): Promise<ProbeResult[]> {
  const { source, labels: asked, draws, methods, seed } = options;
  const { train, name, classes } = source;
  if (train.labels === null || classes === null) throw new InputError(`${name}: has no labels, which a probe is trained and tested by`);
  if (classes < 2) throw new InputError(`${name}: has a single class, but at least 2 are needed`);
  if (source.test.count === 0) throw new InputError(`${name}: has no test images`);
  for (const count of asked) {
    if (count !== 'all' && count > train.count) throw new InputError(`--labels ${count}: ${name} has ${train.count} labelled training images`);
  }
  const drawn = asked.map((count) =>
    Array.from({ length: count === 'all' ? 1 : draws }, (_, number): Draw => {
      const places =
        count === 'all' ? allIndices(train.count) : drawBalancedLabels(train.labels!, count, randomStream(seed, `labels ${count}`, number), classes);
      return { places, labels: gatherLabels(train.labels!, places), seed: seed + number };
    }),
  );
  const results: ProbeResult[] = [];
  for (const method of methods) {
    const prober = await proberOf(method, options, classes);
    try {
      for (const draws of drawn) {
        const accuracies: number[] = [];
        for (const draw of draws) accuracies.push(await prober.accuracy(draw));
        const result = { labels: draws[0]!.places.length, method, ...spreadOf(accuracies) };
        options.onResult?.(result);
        results.push(result);
      }
    } finally {
      await prober.release();
    }
  }
  return results;
}

function spreadOf(values: readonly number[]): { accuracy: number; std: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return { accuracy: mean, std: Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length) };
}

interface Prober {
  readonly accuracy: (draw: Draw) => Promise<number>;
  readonly release: () => Promise<void>;
}

async function proberOf(method: ProbeMethod, options: ProbeOptions, classes: number): Promise<Prober> {
  const { model, weights, compile } = options;
  switch (method) {
    case 'codes':
    case 'knn':
      return rowProber(codesOf(model), options, classes, method === 'knn' ? 'neighbours' : 'regression');
    case 'pixels':
      return rowProber(pixelsOf(model), options, classes, 'regression');
    case 'features':
      return rowProber(await innerFeaturesOf(model, weights, compile), options, classes, 'standardised regression');
    case 'finetune':
    case 'supervised':
      return networkProber(method, options, classes);
  }
}

/** Rows of the images of a split at `places`. */
async function rowsAt(of: Representation, split: ImageSource['train'], imageBytes: number, places: Uint32Array): Promise<Features> {
  const data = new Float32Array(places.length * of.width);
  for (const { images, first } of inChunks(split, imageBytes, places)) data.set((await of.of(images)).data, first * of.width);
  return { data, width: of.width };
}

async function rowProber(
  representation: Representation,
  { source, model, seed }: ProbeOptions,
  classes: number,
  kind: 'regression' | 'standardised regression' | 'neighbours',
): Promise<Prober> {
  const testPlaces = drawnIndices(source.test, TEST_IMAGES, seed);
  const rows = (split: ImageSource['train'], places: Uint32Array) => rowsAt(representation, split, model.imageSize, places);
  const standard =
    kind === 'standardised regression' ? standardisation(await rows(source.train, drawnIndices(source.train, STANDARD_IMAGES, seed))) : undefined;
  const ready = (features: Features) => standard?.(features) ?? features;
  const test = ready(await rows(source.test, testPlaces));
  const testLabels = gatherLabels(source.test.labels!, testPlaces);
  return {
    accuracy: async ({ places, labels, seed: drawSeed }) => {
      const features = ready(await rows(source.train, places));
      if (kind === 'neighbours') {
        const neighbours = Math.max(1, Math.min(MOST_NEIGHBOURS, Math.floor(places.length / classes)));
        return accuracyOf(classifyByNeighbours(test, features, labels, { neighbours }), testLabels);
      }
      return accuracyOf(predictClasses(fitLinearProbe(features, labels, classes, drawSeed).classifier, test), testLabels);
    },
    release: representation.release,
  };
}

/** Takes rows to mean 0 and variance 1 of these, which need no labels. */
function standardisation({ data, width }: Features): (features: Features) => Features {
  const [sums, squares] = [new Float64Array(width), new Float64Array(width)];
  data.forEach((value, index) => {
    sums[index % width]! += value;
    squares[index % width]! += value * value;
  });
  const rows = data.length / width;
  const means = sums.map((sum) => sum / rows);
  const scales = squares.map((square, column) => 1 / Math.sqrt(Math.max(1e-12, square / rows - means[column]! ** 2)));
  return (features) => ({ data: Float32Array.from(features.data, (value, index) => (value - means[index % width]!) * scales[index % width]!), width });
}

function networkProber(method: 'finetune' | 'supervised', options: ProbeOptions, classes: number): Prober {
  const { model, weights, source, compile, seed } = options;
  const spec = { network: model.pair.encoder, classes, onSphere: model.prior === 'sphere' };
  const programs = new ClassifierPrograms(spec, compile);
  const testPlaces = drawnIndices(source.test, TEST_IMAGES, seed);
  const testLabels = gatherLabels(source.test.labels!, testPlaces);
  return {
    accuracy: async ({ places, labels, seed: drawSeed }) => {
      const start: ClassifierWeights =
        method === 'supervised'
          ? freshClassifier(spec, drawSeed)
          : { ...freshClassifier(spec, drawSeed), parameters: weights['encoder.parameters'], statistics: weights['encoder.statistics'] };
      const { batch, epochs, leastSteps, mostSteps } = NETWORK_TRAINING;
      const perEpoch = Math.max(1, Math.floor(places.length / batch));
      // All labels of a large set are seen at least twice.
      const steps = Math.max(2 * perEpoch, Math.min(mostSteps, Math.max(leastSteps, epochs * perEpoch)));
      const trained = await trainClassifier(programs, start, subset(source.train, places), labels, { steps, batch, ...RATES[method], seed: drawSeed });
      const predicted = new Uint32Array(testPlaces.length);
      for (const { images, first } of inChunks(source.test, model.imageSize, testPlaces)) {
        predicted.set(largestPlaces({ data: (await programs.classify(trained, images)).probabilities, width: classes }), first);
      }
      return accuracyOf(predicted, testLabels);
    },
    release: () => programs.release(),
  };
}
