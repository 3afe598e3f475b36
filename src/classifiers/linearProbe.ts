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

/** Held-out results of an L2 penalty. */
interface L2Score {
  readonly l2: number;
  /** Accuracy on the held-out labels, 0 to 1. */
  readonly accuracy: number;
  /** Mean cross-entropy of the held-out labels, in nats. */
  readonly crossEntropy: number;
}

export interface L2Choice {
  readonly l2: number;
  /** One per candidate, in the same order. */
  readonly scores: readonly L2Score[];
}

export interface SelectL2Options extends Omit<LogisticOptions, 'l2'> {
  /** Penalties to choose from (default: 1e-4, 1e-3, 1e-2, 1e-1, 1). */
  readonly candidates?: readonly number[];
  /** Number of folds (default: 5). */
  readonly folds?: number;
  /** Determines the folds. */
  readonly seed?: number;
}

/**
 * Selects the L2 penalty of a logistic regression by stratified cross-validation: the most accurate, and of equally accurate ones the one
 * with the lowest cross-entropy. Ties are common because few labels allow few values of the accuracy.
 * @throws {InputError} as for `fitLogisticRegression` and `stratifiedFolds`, and if there are no candidates
 */
export function selectL2(features: Features, labels: Labels, options: SelectL2Options = {}): L2Choice {
  const { candidates = [1e-4, 1e-3, 1e-2, 1e-1, 1], folds = 5, seed = 0, ...fitting } = options;
  if (candidates.length === 0) throw new InputError('candidates', 'expected at least one L2 penalty, but got none');
  const classes = checkLabels(labels, checkFeatures(features, 'features'), fitting.classes);
  const foldOf = stratifiedFolds(labels, folds, randomStream(seed, 'cross-validation folds'), classes);
  const parts = Array.from({ length: folds }, (_, fold) => splitAt(features, labels, foldOf, fold));
  const scores = candidates.map((l2): L2Score => {
    let [correct, entropy] = [0, 0];
    for (const { training, heldOut } of parts) {
      const classifier = fitLogisticRegression(training.features, training.labels, { ...fitting, classes, l2 });
      correct += heldOut.labels.length * accuracyOf(predictClasses(classifier, heldOut.features), heldOut.labels);
      entropy += heldOut.labels.length * crossEntropyOf(classifier, heldOut.features, heldOut.labels);
    }
    return { l2, accuracy: correct / labels.length, crossEntropy: entropy / labels.length };
  });
  const best = scores.reduce((best, score) =>
    score.accuracy > best.accuracy || (score.accuracy === best.accuracy && score.crossEntropy < best.crossEntropy)
      ? score
      : best,
  );
  return { l2: best.l2, scores };
}

function splitAt(features: Features, labels: Labels, foldOf: Uint32Array, fold: number) {
  const indices = Array.from(foldOf.keys());
  const at = (chosen: readonly number[]) => ({
    features: gatherRows(features, chosen),
    labels: gatherLabels(labels, chosen),
  });
  return {
    training: at(indices.filter((index) => foldOf[index] !== fold)),
    heldOut: at(indices.filter((index) => foldOf[index] === fold)),
  };
}

/** L2 penalty if a class has fewer than 2 labels, because then none can be held out. */
const DEFAULT_L2 = 1e-3;
const MAX_FOLDS = 5;
/** Maximum number of labels for the selection of the penalty; more take longer and select the same. */
const MAX_SELECTION_ROWS = 1000;
/** Maximum number of feature values in a fit: 60,000 codes of 128, or 7,800 images of 1,024 pixels. */
const MAX_VALUES = 8e6;
/** Tolerance and maximum number of iterations of the final fit, and of fits that only compare penalties. */
const [TOLERANCE, ROUGH_TOLERANCE] = [1e-5, 1e-3];
const [ITERATIONS, ROUGH_ITERATIONS] = [200, 60];

export interface LinearProbe {
  readonly classifier: LinearClassifier;
  readonly l2: number;
  /** Number of rows in the fit: fewer than the given ones if these exceed the limit. */
  readonly rows: number;
}

/**
 * Fits a multinomial logistic regression with an L2 penalty selected by cross-validation on the same labels. The selection maximizes
 * accuracy, which often favors a penalty so large that probabilities are far too low.
 * @param options.calibrate whether to scale the logits to maximize the likelihood of held-out labels; predictions do not change
 * @throws {InputError} as for `fitLogisticRegression`
 */
export function fitLinearProbe(
  given: Features,
  givenLabels: Labels,
  classes: number,
  seed: number,
  { calibrate = false } = {},
): LinearProbe {
  const limit = Math.floor(MAX_VALUES / given.width);
  const { features, labels } = firstShuffled(given, givenLabels, limit, seed);
  const l2 = l2For(firstShuffled(features, labels, MAX_SELECTION_ROWS, seed), classes, seed);
  const options = { classes, l2, tolerance: TOLERANCE, iterations: ITERATIONS };
  const classifier = fitLogisticRegression(features, labels, options);
  const scale = calibrate ? logitScale(features, labels, options, seed) : 1;
  return {
    classifier: { ...classifier, parameters: classifier.parameters.map((value) => scale * value) },
    l2,
    rows: labels.length,
  };
}

/** Returns the factor that calibrates a classifier with these options. */
function logitScale(
  features: Features,
  labels: Labels,
  options: LogisticOptions & { readonly classes: number },
  seed: number,
): number {
  const parts = calibrationSplits(labels, options.classes, seed).map(({ training, heldOut }) => {
    const classifier = fitLogisticRegression(gatherRows(features, training), gatherLabels(labels, training), options);
    const probabilities = {
      data: classProbabilities(classifier, gatherRows(features, heldOut)),
      width: options.classes,
    };
    return { probabilities, labels: gatherLabels(labels, heldOut) };
  });
  return fitLogitScale(parts);
}

function l2For({ features, labels }: { features: Features; labels: Labels }, classes: number, seed: number): number {
  const folds = Math.min(MAX_FOLDS, smallestClass(labels, classes));
  if (folds < 2) return DEFAULT_L2;
  return selectL2(features, labels, { classes, folds, seed, tolerance: ROUGH_TOLERANCE, iterations: ROUGH_ITERATIONS })
    .l2;
}

/** Returns all rows, or a random subset of `limit` rows if there are more. */
function firstShuffled(
  features: Features,
  labels: Labels,
  limit: number,
  seed: number,
): { features: Features; labels: Labels } {
  if (limit < 1)
    throw new InputError(
      'features',
      `rows of ${features.width} values are too wide`,
      `a regression fits at most ${MAX_VALUES} values`,
    );
  if (labels.length <= limit) return { features, labels };
  const chosen = shuffledIndices(labels.length, randomStream(seed, 'rows of a regression')).subarray(0, limit);
  return { features: gatherRows(features, chosen), labels: gatherLabels(labels, chosen) };
}
