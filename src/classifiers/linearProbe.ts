import { calibrationSplits, fitLogitScale, foldSplits, possibleFolds } from './calibration.js';
import { accuracyOf, gatherLabels, type Labels } from './labels.js';
import {
  classProbabilities,
  crossEntropyOf,
  fitLogisticRegression,
  type LogisticOptions,
  predictClasses,
} from './logisticRegression.js';
import { InputError } from '../errors.js';
import { type Features, gatherRows } from '../numerics/features.js';
import { randomStream, shuffledIndices } from '../random.js';

interface LabeledFeatures {
  features: Features;
  labels: Labels;
}

const rowsAt = ({ features, labels }: LabeledFeatures, indices: Uint32Array): LabeledFeatures => ({
  features: gatherRows(features, indices),
  labels: gatherLabels(labels, indices),
});

const CANDIDATES = [1e-4, 1e-3, 1e-2, 1e-1, 1];
/** If a class has a single label, so that none can be held out. */
const DEFAULT_L2 = 1e-3;
/** More select the same penalty. */
const MAX_SELECTION_ROWS = 1000;
/** Feature values in a fit: 60,000 codes of 128, or 7,800 images of 1,024 pixels. */
const MAX_VALUES = 8e6;
/** Of the final fit, and of fits that only compare penalties. */
const [TOLERANCE, ROUGH_TOLERANCE] = [1e-5, 1e-3];
const [ITERATIONS, ROUGH_ITERATIONS] = [200, 60];

/**
 * Selects the L2 penalty by cross-validation on the same labels. The most accurate one often makes probabilities far
 * too low.
 * @param options.calibrate whether to scale the logits to maximize the likelihood of held-out labels
 */
export function fitLinearProbe(
  features: Features,
  labels: Labels,
  classes: number,
  seed: number,
  { calibrate = false } = {},
) {
  const limit = Math.floor(MAX_VALUES / features.width);
  const rows = firstShuffled({ features, labels }, limit, seed);
  const l2 = selectL2(firstShuffled(rows, MAX_SELECTION_ROWS, seed), classes, seed);
  const options = { classes, l2, tolerance: TOLERANCE, iterations: ITERATIONS };
  const classifier = fitLogisticRegression(rows.features, rows.labels, options);
  const scale = calibrate ? logitScale(rows, options, seed) : 1;
  return { ...classifier, parameters: classifier.parameters.map((value) => scale * value) };
}

function logitScale(rows: LabeledFeatures, options: LogisticOptions & { classes: number }, seed: number) {
  const { classes } = options;
  const parts = calibrationSplits(rows.labels, classes, seed).map((split) => {
    const [training, heldOut] = [rowsAt(rows, split.training), rowsAt(rows, split.heldOut)];
    const classifier = fitLogisticRegression(training.features, training.labels, options);
    const probabilities = { data: classProbabilities(classifier, heldOut.features), width: classes };
    return { probabilities, labels: heldOut.labels };
  });
  return fitLogitScale(parts);
}

/**
 * Selects the most accurate penalty by stratified cross-validation. Ties, which few labels make common, go to the
 * lowest mean cross-entropy.
 */
export function selectL2(rows: LabeledFeatures, classes: number, seed: number) {
  const folds = possibleFolds(rows.labels, classes);
  if (folds < 2) return DEFAULT_L2;
  const options = { classes, tolerance: ROUGH_TOLERANCE, iterations: ROUGH_ITERATIONS };
  const splits = foldSplits(rows.labels, folds, randomStream(seed, 'cross-validation folds'), classes);
  const parts = splits.map(({ training, heldOut }) => [rowsAt(rows, training), rowsAt(rows, heldOut)] as const);
  const scores = CANDIDATES.map((l2) => {
    let [correct, entropy] = [0, 0];
    for (const [training, { features, labels }] of parts) {
      const classifier = fitLogisticRegression(training.features, training.labels, { ...options, l2 });
      correct += labels.length * accuracyOf(predictClasses(classifier, features), labels);
      entropy += labels.length * crossEntropyOf(classifier, features, labels);
    }
    return { l2, accuracy: correct / rows.labels.length, crossEntropy: entropy / rows.labels.length };
  });
  return scores.sort((a, b) => b.accuracy - a.accuracy || a.crossEntropy - b.crossEntropy)[0]!.l2;
}

function firstShuffled(rows: LabeledFeatures, limit: number, seed: number) {
  if (limit < 1)
    throw new InputError(
      'features',
      `rows of ${rows.features.width} values are too wide`,
      `a regression fits at most ${MAX_VALUES} values`,
    );
  const count = rows.labels.length;
  if (count <= limit) return rows;
  return rowsAt(rows, shuffledIndices(count, randomStream(seed, 'rows of a regression')).subarray(0, limit));
}
