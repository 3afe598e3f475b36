import { InputError } from '../errors.js';
import { type RandomStream, shuffledIndices } from '../random.js';
import { checkWhole, rowsByLabel } from '../numerics/features.js';

/** Class indices from 0, one per row. */
export type Labels = Uint8Array | Uint32Array | readonly number[];

/**
 * Returns the number of classes, by default one more than the largest label.
 * @throws {InputError} if the number of labels differs, a label is not a class index, or all labels are equal
 */
export function checkLabels(labels: Labels, rows: number, classes?: number): number {
  if (labels.length !== rows) throw new InputError('labels', `expected one per row, ${rows}, but got ${labels.length}`);
  let largest = 0;
  for (let row = 0; row < rows; row++) {
    const label = labels[row]!;
    if (!Number.isInteger(label) || label < 0 || label >= (classes ?? Infinity)) {
      const range = classes === undefined ? 'an integer of 0 or more' : `an integer from 0 to ${classes - 1}`;
      throw new InputError('labels', `label ${row} is ${label}, but must be ${range}`);
    }
    largest = Math.max(largest, label);
  }
  if (new Set(labels).size < 2)
    throw new InputError('labels', 'expected at least 2 classes, but all rows have the same label');
  return classes ?? largest + 1;
}

/**
 * Draws the same number of labels of each class. Returns their indices in ascending order.
 * @param count of labels in all
 * @throws {InputError} as `checkLabels`, if the classes cannot have equal counts, or if a class has too few labels
 */
export function drawBalancedLabels(labels: Labels, count: number, stream: RandomStream, classes?: number): Uint32Array {
  const classCount = checkLabels(labels, labels.length, classes);
  checkWhole(count, 'number of labels');
  if (count % classCount !== 0)
    throw new InputError(
      'number of labels',
      `${count} cannot be divided equally among ${classCount} classes`,
      `choose a multiple of ${classCount}`,
    );
  const perClass = count / classCount;
  const drawn = rowsByLabel(labels, classCount).flatMap((indices, label) => {
    if (indices.length < perClass) {
      throw new InputError(
        'number of labels',
        `${count} means ${perClass} of each class, but class ${label} has ${indices.length}`,
        'request fewer',
      );
    }
    return Array.from(shuffledIndices(indices.length, stream).subarray(0, perClass), (position) => indices[position]!);
  });
  return Uint32Array.from(drawn).sort();
}

export const gatherLabels = (labels: Labels, indices: ArrayLike<number>): Uint32Array =>
  Uint32Array.from(indices, (index) => labels[index]!);

/**
 * Returns the fraction of correct predictions, 0 to 1.
 * @throws {InputError} if the lengths differ or are 0
 */
export function accuracyOf(predicted: Labels, labels: Labels): number {
  if (predicted.length !== labels.length || labels.length === 0) {
    throw new InputError(
      'labels',
      `expected one per prediction and at least one, but got ${labels.length} for ${predicted.length} predictions`,
    );
  }
  let correct = 0;
  for (let row = 0; row < labels.length; row++) if (predicted[row] === labels[row]) correct++;
  return correct / labels.length;
}
