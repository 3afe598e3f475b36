import { InputError } from '../errors.js';
import { argmaxRows, checkFeatures, type Features } from '../numerics/features.js';
import { checkLabels, type Labels } from './labels.js';
import { minimize } from '../numerics/lbfgs.js';
import { multiplyTransposed, transposed } from '../numerics/matrixProduct.js';

/** Predicts the class with the largest w.x + bias. */
export interface LinearClassifier {
  classes: number;
  width: number;
  /** Rows [classes, width + 1], the weights of each class and then its bias. */
  parameters: Float64Array;
}

export interface LogisticOptions {
  /** Weight of the sum of squared parameters, 0 or more (default: 1e-3). */
  l2?: number;
  /** Whether the penalty includes the biases (default: true). */
  penalizeBias?: boolean;
  /** Default: one more than the largest label. */
  classes?: number;
  /** Largest entry of the gradient at which the fit ends (default: 1e-6). */
  tolerance?: number;
  /** Default: 500. */
  iterations?: number;
}

/**
 * Minimizes the mean cross-entropy + l2 x the sum of squared parameters by L-BFGS from 0; the minimum is unique if `l2`
 * is above 0. Features should have variance about 1: multiply codes on the sphere by sqrt(M).
 * @param features [N, D]
 * @param labels N class indices
 * @throws {InputError} if a feature or `l2` is not finite, `l2` is negative, or labels are invalid or of a single class
 */
export function fitLogisticRegression(
  features: Features,
  labels: Labels,
  options: LogisticOptions = {},
): LinearClassifier {
  const { l2 = 1e-3, penalizeBias = true, tolerance = 1e-6, iterations = 500 } = options;
  if (!(l2 >= 0 && l2 < Infinity)) throw new InputError('l2', `is ${l2}, but must be 0 or more, and finite`);
  const rows = checkFeatures(features, 'features');
  const classes = checkLabels(labels, rows, options.classes);
  const { width } = features;
  const columns = transposed(features);
  const objective = (parameters: Float64Array, gradient: Float64Array) => {
    const logits = logitsOf({ classes, width, parameters }, features);
    let value = 0;
    for (let row = 0; row < rows; row++)
      value += lossToGradient(logits, row * classes, classes, labels[row]!, rows) / rows;
    const products = multiplyTransposed(transposed({ data: logits, width: classes }), columns);
    for (let label = 0; label < classes; label++) {
      gradient.set(products.subarray(label * width, (label + 1) * width), label * (width + 1));
      for (let row = 0; row < rows; row++) gradient[label * (width + 1) + width]! += logits[row * classes + label]!;
    }
    for (let index = 0; index < parameters.length; index++) {
      if (!penalizeBias && index % (width + 1) === width) continue;
      value += l2 * parameters[index]! ** 2;
      gradient[index]! += 2 * l2 * parameters[index]!;
    }
    return value;
  };
  const { x } = minimize(objective, new Float64Array(classes * (width + 1)), { tolerance, iterations });
  return { classes, width, parameters: x };
}

/**
 * Returns the class of every row of features [N, D]; for equal logits, the smaller class index.
 * @throws {InputError} if the width differs, or a value is not finite
 */
export function predictClasses(classifier: LinearClassifier, features: Features): Uint32Array {
  checkRows(classifier, features);
  return argmaxRows({ data: logitsOf(classifier, features), width: classifier.classes });
}

/**
 * @returns [N, classes], each row a distribution
 * @throws {InputError} as `predictClasses`
 */
export function classProbabilities(classifier: LinearClassifier, features: Features): Float64Array {
  const rows = checkRows(classifier, features);
  const logits = logitsOf(classifier, features);
  for (let row = 0; row < rows; row++) toProbabilities(logits, row * classifier.classes, classifier.classes);
  return logits;
}

/** In nats. */
export function crossEntropyOf(classifier: LinearClassifier, features: Features, labels: Labels): number {
  const rows = checkRows(classifier, features);
  if (labels.length !== rows) throw new InputError('labels', `expected one per row, ${rows}, but got ${labels.length}`);
  const logits = logitsOf(classifier, features);
  let total = 0;
  for (let row = 0; row < rows; row++)
    total += lossToGradient(logits, row * classifier.classes, classifier.classes, labels[row]!, rows);
  return total / rows;
}

function checkRows({ width }: LinearClassifier, features: Features) {
  if (features.width !== width)
    throw new InputError('features', `expected rows of width ${width}, as in the fit, but got ${features.width}`);
  return checkFeatures(features, 'features');
}

/** Replaces the logits of a row with the gradient divided by the number of rows. */
function lossToGradient(logits: Float64Array, base: number, classes: number, label: number, rows: number) {
  const labelLogit = logits[base + label]!;
  const logSum = toProbabilities(logits, base, classes);
  for (let index = base; index < base + classes; index++) logits[index]! /= rows;
  logits[base + label]! -= 1 / rows;
  return logSum - labelLogit;
}

/** Replaces a row of logits. Returns the log of the sum of their exponentials. */
function toProbabilities(logits: Float64Array, base: number, classes: number) {
  let largest = -Infinity;
  for (let index = base; index < base + classes; index++) largest = Math.max(largest, logits[index]!);
  let sum = 0;
  for (let index = base; index < base + classes; index++) {
    logits[index] = Math.exp(logits[index]! - largest);
    sum += logits[index]!;
  }
  for (let index = base; index < base + classes; index++) logits[index]! /= sum;
  return largest + Math.log(sum);
}

/** [N, classes] */
function logitsOf({ classes, width, parameters }: LinearClassifier, features: Features) {
  const weights = parameters.filter((_, index) => index % (width + 1) < width);
  return multiplyTransposed(features, { data: weights, width }).map(
    (logit, index) => logit + parameters[(index % classes) * (width + 1) + width]!,
  );
}
