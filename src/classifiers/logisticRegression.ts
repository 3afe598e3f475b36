import { InputError } from '../errors.js';
import { argmaxRows, checkFeatures, type Features } from '../numerics/features.js';
import { checkLabels, type Labels } from './labels.js';
import { minimize } from '../numerics/lbfgs.js';
import { multiplyTransposed, transposed } from '../numerics/matrixProduct.js';

/** A linear classifier: row x is given to the class with the largest w.x + bias. */
export interface LinearClassifier {
  readonly classes: number;
  readonly width: number;
  /** Rows [classes, width + 1], each the weights of a class and then its bias. */
  readonly parameters: Float64Array;
}

export interface LogisticOptions {
  /** Weight of the sum of squares of the parameters, 0 or more; 1e-3 by default. */
  readonly l2?: number;
  /** Whether the biases count in that sum, as they do where a constant column takes their place; true by default. */
  readonly penalizeBias?: boolean;
  /** One more than the largest label by default. */
  readonly classes?: number;
  /** Ends where no entry of the gradient is larger. */
  readonly tolerance?: number;
  readonly iterations?: number;
}

/**
 * Multinomial logistic regression: Minimizes the mean cross-entropy + ridge x the sum of squared parameters, from 0, by L-BFGS. With a
 * ridge above 0 the minimum is unique. Features should be of variance about 1: codes on the sphere times sqrt(M).
 * @param features [N, D]
 * @param labels N class numbers
 * @throws {InputError} for features that are not finite, wrong or missing labels, a single class, and a negative ridge
 */
export function fitLogisticRegression(features: Features, labels: Labels, options: LogisticOptions = {}): LinearClassifier {
  const { l2 = 1e-3, penalizeBias = true, tolerance = 1e-6, iterations = 500 } = options;
  if (!(l2 >= 0 && l2 < Infinity)) throw new InputError(`ridge: is ${l2}, but must be 0 or more, and finite`);
  const rows = checkFeatures(features, 'features');
  const classes = checkLabels(labels, rows, options.classes);
  const { width } = features;
  const columns = transposed(features);
  const objective = (parameters: Float64Array, gradient: Float64Array): number => {
    const logits = logitsOf({ classes, width, parameters }, features);
    let value = 0;
    for (let row = 0; row < rows; row++) value += lossToGradient(logits, row * classes, classes, labels[row]!, rows) / rows;
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
 * Returns the class of every row of features [N, D]; of equal logits the smaller class number.
 * @throws {InputError} if the width differs, or a value is not finite
 */
export function predictClasses(classifier: LinearClassifier, features: Features): Uint32Array {
  checkRows(classifier, features);
  return argmaxRows({ data: logitsOf(classifier, features), width: classifier.classes });
}

/**
 * The probabilities of all classes for every row of features [N, D].
 * @returns [N, classes], each row a distribution
 * @throws {InputError} as `predictClasses`
 */
export function classProbabilities(classifier: LinearClassifier, features: Features): Float64Array {
  const rows = checkRows(classifier, features);
  const logits = logitsOf(classifier, features);
  for (let row = 0; row < rows; row++) toProbabilities(logits, row * classifier.classes, classifier.classes);
  return logits;
}

/**
 * Mean cross-entropy of a classifier on labeled rows, in nats.
 * @throws {InputError} as `predictClasses`, and for wrong or missing labels
 */
export function crossEntropyOf(classifier: LinearClassifier, features: Features, labels: Labels): number {
  const rows = checkRows(classifier, features);
  if (labels.length !== rows) throw new InputError(`labels: there are ${labels.length} for ${rows} rows, but every row needs one`);
  const logits = logitsOf(classifier, features);
  let total = 0;
  for (let row = 0; row < rows; row++) total += lossToGradient(logits, row * classifier.classes, classifier.classes, labels[row]!, rows);
  return total / rows;
}

function checkRows({ width }: LinearClassifier, features: Features): number {
  if (features.width !== width) throw new InputError(`features: rows are ${features.width} wide, but the classifier was made for ${width}`);
  return checkFeatures(features, 'features');
}

/** The cross-entropy of a row of logits, which become its gradient in them over the number of rows. */
function lossToGradient(logits: Float64Array, base: number, classes: number, label: number, rows: number): number {
  const ofLabel = logits[base + label]!;
  const logSum = toProbabilities(logits, base, classes);
  for (let index = base; index < base + classes; index++) logits[index]! /= rows;
  logits[base + label]! -= 1 / rows;
  return logSum - ofLabel;
}

/** Turns a row of logits into probabilities, and returns the logarithm of the sum of their exponentials. */
function toProbabilities(logits: Float64Array, base: number, classes: number): number {
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

/** Logits [N, classes]. */
function logitsOf({ classes, width, parameters }: LinearClassifier, features: Features): Float64Array {
  const weights = parameters.filter((_, index) => index % (width + 1) < width);
  return multiplyTransposed(features, { data: weights, width }).map((logit, index) => logit + parameters[(index % classes) * (width + 1) + width]!);
}
