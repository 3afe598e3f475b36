import { InputError } from '../errors.js';
import { randomStream } from '../random.js';
import { checkFeatures, type Features, gatherRows } from '../numerics/features.js';
import { accuracyOf, checkLabels, gatherLabels, type Labels, stratifiedFolds } from './labels.js';
import { crossEntropyOf, fitLogisticRegression, type LogisticOptions, predictClasses } from './logisticRegression.js';

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
  /** 10^-4 to 1 in steps of 10 unless told otherwise. */
  readonly candidates?: readonly number[];
  /** 5 unless told otherwise. */
  readonly folds?: number;
  /** Determines the folds. */
  readonly seed?: number;
}

/**
 * Chooses the ridge of a logistic regression by stratified cross-validation on the given rows alone: the most accurate; of equally
 * accurate ones that with the least cross-entropy, since few labels know few accuracies.
 * @throws InputError as `fitLogisticRegression` and `stratifiedFolds`, and without candidates
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
