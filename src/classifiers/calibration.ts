import { type RandomStream, randomStream, shuffledIndices } from '../random.js';
import { type Features, rowsByLabel, sumOf } from '../numerics/features.js';
import { gatherLabels, type Labels } from './labels.js';

/** For more labels, one held-out subset is enough. */
const CROSS_VALIDATED_LABELS = 1000;
const MAX_FOLDS = 5;
const [MIN_HELD_OUT, HELD_OUT_FRACTION] = [500, 0.1];
/** Of inverse temperatures, bisected on a logarithmic scale. */
const [MIN_SCALE, MAX_SCALE] = [1e-2, 1e2];
const BISECTIONS = 40;

interface HeldOutSplit {
  training: Uint32Array;
  heldOut: Uint32Array;
}

export interface LabeledRows {
  /** [n, K] */
  probabilities: Features;
  labels: Labels;
}

/**
 * Holds out each stratified fold of up to 1,000 labels once, or a random subset of more.
 * @returns none if a class has a single label, or only one class would remain to fit on
 */
export function calibrationSplits(labels: Labels, classes: number, seed: number): readonly HeldOutSplit[] {
  const stream = randomStream(seed, 'calibration');
  if (labels.length > CROSS_VALIDATED_LABELS) {
    const order = shuffledIndices(labels.length, stream);
    const count = Math.max(MIN_HELD_OUT, Math.floor(HELD_OUT_FRACTION * labels.length));
    const split = { training: order.slice(count).sort(), heldOut: order.slice(0, count).sort() };
    return new Set(gatherLabels(labels, split.training)).size < 2 ? [] : [split];
  }
  const folds = possibleFolds(labels, classes);
  return folds < 2 ? [] : foldSplits(labels, folds, stream, classes);
}

/** Holds out each fold once. Folds have about equal proportions of classes, and sizes that differ by at most one. */
export function foldSplits(labels: Labels, folds: number, stream: RandomStream, classes: number): HeldOutSplit[] {
  const shuffled = rowsByLabel(labels, classes).flatMap((indices) =>
    Array.from(shuffledIndices(indices.length, stream), (position) => indices[position]!),
  );
  const foldOf = new Uint32Array(labels.length);
  shuffled.forEach((index, position) => (foldOf[index] = position % folds));
  const indices = Uint32Array.from(foldOf.keys());
  return Array.from({ length: folds }, (_, fold) => ({
    training: indices.filter((index) => foldOf[index] !== fold),
    heldOut: indices.filter((index) => foldOf[index] === fold),
  }));
}

/** Up to 5, as many as the rarest class has labels, ignoring classes without. */
export function possibleFolds(labels: Labels, classes: number): number {
  const counts = rowsByLabel(labels, classes).map(({ length }) => length);
  return Math.min(MAX_FOLDS, ...counts.filter((count) => count > 0));
}

/**
 * Fits the factor of the logits, 1 / temperature, that maximizes the likelihood of held-out labels (Guo et al. 2017).
 * Targets are smoothed as in Platt (1999), or perfect predictions would need an infinite factor.
 * @param parts held-out rows; for none, the factor is 1
 */
export function fitLogitScale(parts: readonly LabeledRows[]): number {
  if (parts.length === 0) return 1;
  const count = sumOf(parts.map(({ labels }) => labels.length));
  const labelTarget = (count + 1) / (count + 2);
  const rows = parts.map(({ probabilities, labels }) => ({ logits: logitsOf(probabilities), labels }));
  // The cross-entropy is convex in the factor, so its slope changes sign once.
  const slope = (scale: number) =>
    sumOf(rows.map(({ logits, labels }) => entropySlope(logits, labels, scale, labelTarget)));
  let [low, high] = [Math.log(MIN_SCALE), Math.log(MAX_SCALE)];
  for (let step = 0; step < BISECTIONS; step++) {
    const middle = (low + high) / 2;
    if (slope(Math.exp(middle)) > 0) high = middle;
    else low = middle;
  }
  return Math.exp((low + high) / 2);
}

/** The logarithm of 0 is infinite. */
const logitsOf = ({ data, width }: Features): Features => ({
  data: Float64Array.from(data, (value) => Math.log(Math.max(value, 1e-300))),
  width,
});

/** Of the summed cross-entropy. Each row's label has the probability `labelTarget`; other classes share the rest. */
function entropySlope({ data, width }: Features, labels: Labels, scale: number, labelTarget: number) {
  const otherTarget = (1 - labelTarget) / (width - 1);
  let total = 0;
  for (let row = 0; row < labels.length; row++) {
    const logits = data.subarray(row * width, (row + 1) * width);
    const largest = Math.max(...logits);
    let [sum, weighted, target] = [0, 0, 0];
    for (const [label, logit] of logits.entries()) {
      const power = Math.exp(scale * (logit - largest));
      sum += power;
      weighted += power * logit;
      target += (label === labels[row] ? labelTarget : otherTarget) * logit;
    }
    total += weighted / sum - target;
  }
  return total;
}

const BINS = 15;

/**
 * Averages the difference between the probability of the predicted class and the accuracy (Guo et al. 2017), over equal
 * bins of that probability, weighted by their rows.
 */
export function expectedCalibrationError({ data, width }: Features, labels: Labels): number {
  const excess = new Float64Array(BINS);
  for (let row = 0; row < labels.length; row++) {
    const probabilities = data.subarray(row * width, (row + 1) * width);
    const confidence = Math.max(...probabilities);
    const bin = Math.min(BINS - 1, Math.floor(BINS * confidence));
    excess[bin]! += confidence - (probabilities.indexOf(confidence) === labels[row] ? 1 : 0);
  }
  return sumOf(excess.map(Math.abs)) / labels.length;
}
