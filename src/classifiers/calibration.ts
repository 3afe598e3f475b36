import { randomStream, shuffledIndices } from '../random.js';
import type { Features } from '../numerics/features.js';
import { gatherLabels, type Labels, stratifiedFolds } from './labels.js';

/** Above this many labels one held-out part says enough; below it, every label is held out once. */
const CROSS_VALIDATED_LABELS = 1000;
const MAX_FOLDS = 5;
/** Labels of a single held-out part: at least this many and at least this fraction. */
const [MIN_HELD_OUT, HELD_OUT_FRACTION] = [500, 0.1];
/** Inverse temperatures that are considered, and bisections of that range on a logarithmic scale. */
const [MIN_SCALE, MAX_SCALE] = [1e-2, 1e2];
const BISECTIONS = 40;

/** Indices of labels to fit on, and of those to predict. */
export interface HeldOutSplit {
  readonly training: Uint32Array;
  readonly heldOut: Uint32Array;
}

/** Rows with their labels. */
export interface LabeledRows {
  readonly probabilities: Features;
  readonly labels: Labels;
}

/**
 * Splits labels for a calibration: up to 1,000 labels into stratified folds, each of which is held out once; more into one random pair.
 * @returns an empty list if too little would remain to fit on: a class has a single label, or only one class is left
 */
export function calibrationSplits(labels: Labels, classes: number, seed: number): readonly HeldOutSplit[] {
  const stream = randomStream(seed, 'calibration');
  if (labels.length > CROSS_VALIDATED_LABELS) {
    const order = shuffledIndices(labels.length, stream);
    const count = Math.max(MIN_HELD_OUT, Math.floor(HELD_OUT_FRACTION * labels.length));
    const training = order.slice(count).sort();
    return new Set(gatherLabels(labels, training)).size < 2 ? [] : [{ training, heldOut: order.slice(0, count).sort() }];
  }
  const folds = Math.min(MAX_FOLDS, smallestClass(labels, classes));
  if (folds < 2) return [];
  const foldOf = stratifiedFolds(labels, folds, stream, classes);
  const indices = Uint32Array.from(foldOf.keys());
  return Array.from({ length: folds }, (_, fold) => ({
    training: indices.filter((index) => foldOf[index] !== fold),
    heldOut: indices.filter((index) => foldOf[index] === fold),
  }));
}

/** How many labels the rarest class has, classes without labels left out. */
export function smallestClass(labels: Labels, classes: number): number {
  const counts = new Array<number>(classes).fill(0);
  for (const label of labels) counts[label]!++;
  return Math.min(...counts.filter((count) => count > 0));
}

/**
 * Fits the factor of the logits, 1 / temperature, by which the labels of held-out rows become most likely (Guo et al. 2017). It changes no
 * prediction. Targets are smoothed as by Platt (1999), without which perfect predictions would ask for an infinite factor.
 * @param parts probabilities [n, K] by classifiers that were fitted without these rows
 * @returns 1 for an empty list
 */
export function fitLogitScale(parts: readonly LabeledRows[]): number {
  if (parts.length === 0) return 1;
  const count = parts.reduce((sum, { labels }) => sum + labels.length, 0);
  const ofLabel = (count + 1) / (count + 2);
  const rows = parts.map(({ probabilities, labels }) => ({ logits: logitsOf(probabilities), labels }));
  // The cross-entropy is convex in the factor, so its slope changes sign once.
  const slope = (scale: number) => rows.reduce((sum, { logits, labels }) => sum + entropySlope(logits, labels, scale, ofLabel), 0);
  let [low, high] = [Math.log(MIN_SCALE), Math.log(MAX_SCALE)];
  for (let step = 0; step < BISECTIONS; step++) {
    const middle = (low + high) / 2;
    if (slope(Math.exp(middle)) > 0) high = middle;
    else low = middle;
  }
  return Math.exp((low + high) / 2);
}

/** Logarithms of probabilities are logits; those of 0 would be infinite. */
const logitsOf = ({ data, width }: Features): Features => ({ data: Float64Array.from(data, (value) => Math.log(Math.max(value, 1e-300))), width });

/**
 * The derivative of the summed cross-entropy in the factor: the mean logit under the scaled probabilities minus that under the targets.
 * @param ofLabel the target of a row's label; the rest is shared by the other classes
 */
function entropySlope({ data, width }: Features, labels: Labels, scale: number, ofLabel: number): number {
  const ofOthers = (1 - ofLabel) / (width - 1);
  let total = 0;
  for (let row = 0; row < labels.length; row++) {
    const logits = data.subarray(row * width, (row + 1) * width);
    const largest = Math.max(...logits);
    let [sum, weighted, target] = [0, 0, 0];
    for (const [label, logit] of logits.entries()) {
      const power = Math.exp(scale * (logit - largest));
      sum += power;
      weighted += power * logit;
      target += (label === labels[row] ? ofLabel : ofOthers) * logit;
    }
    total += weighted / sum - target;
  }
  return total;
}
