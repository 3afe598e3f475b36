import { calibrationSplits, fitLogitScale, smallestClass } from './calibration.js';
import { accuracyOf, checkLabels, gatherLabels, type Labels, stratifiedFolds } from './labels.js';
import {
  classProbabilities,
  crossEntropyOf,
  fitLogisticRegression,
  type LinearClassifier,
  type LogisticOptions,
  predictClasses,
} from './logisticRegression.js';
import { InputError } from '../errors.js';
import { checkFeatures, type Features, gatherRows } from '../numerics/features.js';
import { randomStream, shuffledIndices } from '../random.js';

/** How a ridge did on labels that its classifiers had not seen. */
interface L2Score {
  readonly l2: number;
  /** Part of the held-out labels that were met. */
  readonly accuracy: number;
  /** Their mean cross-entropy, in nats. */
  readonly crossEntropy: number;
}

export interface L2Choice {
  readonly l2: number;
  /** One for each candidate, in the order given. */
  readonly scores: readonly L2Score[];
}

export interface RidgeOptions extends Omit<LogisticOptions, 'ridge'> {
  /** 10^-4 to 1 in steps of 10 by default. */
  readonly candidates?: readonly number[];
  /** 5 by default. */
  readonly folds?: number;
  /** Determines the folds. */
  readonly seed?: number;
}

/**
 * Chooses the ridge of a logistic regression by stratified cross-validation on the given rows alone: the most accurate; of equally
 * accurate ones that with the least cross-entropy, since few labels know few accuracies.
 * @throws {InputError} as `fitLogisticRegression` and `stratifiedFolds`, and without candidates
 */
export function selectL2(features: Features, labels: Labels, options: RidgeOptions = {}): L2Choice {
  const { candidates = [1e-4, 1e-3, 1e-2, 1e-1, 1], folds = 5, seed = 0, ...fitting } = options;
  if (candidates.length === 0) throw new InputError('ridge: there are no candidates to choose from, give at least one');
  const classes = checkLabels(labels, checkFeatures(features, 'features'), fitting.classes);
  const foldOf = stratifiedFolds(labels, folds, randomStream(seed, 'cross-validation folds'), classes);
  const parts = Array.from({ length: folds }, (_, fold) => splitAt(features, labels, foldOf, fold));
  const scores = candidates.map((l2): L2Score => {
    let [met, entropy] = [0, 0];
    for (const { training, heldOut } of parts) {
      const classifier = fitLogisticRegression(training.features, training.labels, { ...fitting, classes, l2 });
      met += heldOut.labels.length * accuracyOf(predictClasses(classifier, heldOut.features), heldOut.labels);
      entropy += heldOut.labels.length * crossEntropyOf(classifier, heldOut.features, heldOut.labels);
    }
    return { l2, accuracy: met / labels.length, crossEntropy: entropy / labels.length };
  });
  const best = scores.reduce((best, score) =>
    score.accuracy > best.accuracy || (score.accuracy === best.accuracy && score.crossEntropy < best.crossEntropy) ? score : best,
  );
  return { l2: best.l2, scores };
}

function splitAt(features: Features, labels: Labels, foldOf: Uint32Array, fold: number) {
  const places = Array.from(foldOf.keys());
  const part = (chosen: readonly number[]) => ({ features: gatherRows(features, chosen), labels: gatherLabels(labels, chosen) });
  return { training: part(places.filter((place) => foldOf[place] !== fold)), heldOut: part(places.filter((place) => foldOf[place] === fold)) };
}

/** Where there are fewer than 2 labels of a class, nothing can be held out: this ridge is taken. */
const DEFAULT_RIDGE = 1e-3;
const MOST_FOLDS = 5;
/** Labels that a ridge is chosen on; more would take long and choose the same. */
const RIDGE_ROWS = 1000;
/** Numbers that a regression is fitted on at most: 60,000 codes of 128, or 7,800 images of 1,024 pixels. */
const MOST_NUMBERS = 8e6;
/** The slope at which fits end, and at which those that only compare ridges do. */
const [TOLERANCE, ROUGH_TOLERANCE] = [1e-5, 1e-3];
const [ITERATIONS, ROUGH_ITERATIONS] = [200, 60];

export interface LinearProbe {
  readonly classifier: LinearClassifier;
  readonly l2: number;
  /** Rows that it was fitted on: fewer than were given where these were too many. */
  readonly rows: number;
}

/**
 * Fits a multinomial logistic regression, its ridge chosen by cross-validation on the same labels. The ridge is chosen by accuracy, which
 * is often best when it is so large that probabilities are far too low.
 * @param options.calibrate whether the logits are then scaled so that held-out labels become most likely; predictions stay the same
 * @throws {InputError} as `fitLogisticRegression`
 */
export function fitLinearProbe(given: Features, givenLabels: Labels, classes: number, seed: number, { calibrate = false } = {}): LinearProbe {
  const limit = Math.floor(MOST_NUMBERS / given.width);
  const { features, labels } = firstShuffled(given, givenLabels, limit, seed);
  const l2 = ridgeFor(firstShuffled(features, labels, RIDGE_ROWS, seed), classes, seed);
  const options = { classes, l2, tolerance: TOLERANCE, iterations: ITERATIONS };
  const classifier = fitLogisticRegression(features, labels, options);
  const scale = calibrate ? logitScale(features, labels, options, seed) : 1;
  return { classifier: { ...classifier, parameters: classifier.parameters.map((value) => scale * value) }, l2, rows: labels.length };
}

/** The factor that calibrates a classifier with these options. */
function logitScale(features: Features, labels: Labels, options: LogisticOptions & { readonly classes: number }, seed: number): number {
  const parts = calibrationSplits(labels, options.classes, seed).map(({ training, heldOut }) => {
    const classifier = fitLogisticRegression(gatherRows(features, training), gatherLabels(labels, training), options);
    const probabilities = { data: classProbabilities(classifier, gatherRows(features, heldOut)), width: options.classes };
    return { probabilities, labels: gatherLabels(labels, heldOut) };
  });
  return fitLogitScale(parts);
}

function ridgeFor({ features, labels }: { features: Features; labels: Labels }, classes: number, seed: number): number {
  const folds = Math.min(MOST_FOLDS, smallestClass(labels, classes));
  if (folds < 2) return DEFAULT_RIDGE;
  return selectL2(features, labels, { classes, folds, seed, tolerance: ROUGH_TOLERANCE, iterations: ROUGH_ITERATIONS }).l2;
}

/** All rows, or so many of them, drawn. */
function firstShuffled(features: Features, labels: Labels, most: number, seed: number): { features: Features; labels: Labels } {
  if (most < 1) throw new InputError(`features: rows of ${features.width} numbers are too long to fit a regression on`);
  if (labels.length <= most) return { features, labels };
  const chosen = shuffledIndices(labels.length, randomStream(seed, 'rows of a regression')).subarray(0, most);
  return { features: gatherRows(features, chosen), labels: gatherLabels(labels, chosen) };
}
