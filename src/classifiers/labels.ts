import { InputError } from '../errors.js';
import { type RandomStream, shuffledIndices } from '../random.js';
import { checkWhole } from '../numerics/features.js';

/** Class numbers from 0 on, one a row. */
export type Labels = Uint8Array | Uint32Array | readonly number[];

/**
 * The number of classes, after a check that there is a label for every row and that each names a class.
 * @param rows how many labels there must be
 * @param classes how many classes there are, or undefined for one more than the largest label
 * @throws {InputError} for another number of labels, labels that name no class, and a single class
 */
export function checkLabels(labels: Labels, rows: number, classes?: number): number {
  if (labels.length !== rows) throw new InputError(`labels: there are ${labels.length} for ${rows} rows, but every row needs one`);
  let largest = 0;
  for (let row = 0; row < rows; row++) {
    const label = labels[row]!;
    if (!Number.isInteger(label) || label < 0 || label >= (classes ?? Infinity)) {
      const range = classes === undefined ? 'a whole number of 0 or more' : `a whole number from 0 to ${classes - 1}`;
      throw new InputError(`labels: label ${row} is ${label}, but must be ${range}`);
    }
    largest = Math.max(largest, label);
  }
  const known = classes ?? largest + 1;
  if (new Set(labels).size < 2) throw new InputError('labels: all rows are of one class, but at least 2 are needed');
  return known;
}

/** The places of every class's labels, in ascending order. */
function indicesByClass(labels: Labels, classes: number): number[][] {
  const places = Array.from({ length: classes }, (): number[] => []);
  for (let place = 0; place < labels.length; place++) places[labels[place]!]!.push(place);
  return places;
}

/**
 * Draws places of labels, as many of every class, without repetition.
 * @param count how many in all, a multiple of the number of classes
 * @returns places in ascending order
 * @throws {InputError} as `checkLabels`, for a count that does not divide evenly, and for more labels than a class has
 */
export function drawBalancedLabels(labels: Labels, count: number, stream: RandomStream, classes?: number): Uint32Array {
  const known = checkLabels(labels, labels.length, classes);
  checkWhole(count, 'number of labels');
  if (count % known !== 0)
    throw new InputError(`number of labels: ${count} cannot be the same for each of ${known} classes; it must be a multiple of ${known}`);
  const perClass = count / known;
  const drawn = indicesByClass(labels, known).flatMap((places, label) => {
    if (places.length < perClass) {
      throw new InputError(`number of labels: ${count} are ${perClass} of each class, but class ${label} has ${places.length}; ask for fewer`);
    }
    return Array.from(shuffledIndices(places.length, stream).subarray(0, perClass), (index) => places[index]!);
  });
  return Uint32Array.from(drawn).sort();
}

/**
 * Deals labels to folds, so that every fold has each class in the same proportion as far as numbers allow, and folds differ by one
 * label at most.
 * @returns fold numbers from 0 to folds - 1, one a label
 * @throws {InputError} as `checkLabels`, for fewer than 2 folds, and for a class with fewer labels than folds
 */
export function stratifiedFolds(labels: Labels, folds: number, stream: RandomStream, classes?: number): Uint32Array {
  const known = checkLabels(labels, labels.length, classes);
  checkWhole(folds, 'folds', 2);
  const result = new Uint32Array(labels.length);
  let next = 0;
  indicesByClass(labels, known).forEach((places, label) => {
    if (places.length > 0 && places.length < folds) {
      throw new InputError(`folds: class ${label} has ${places.length} labels, too few for ${folds} folds; ask for fewer folds, or give more labels`);
    }
    for (const index of shuffledIndices(places.length, stream)) result[places[index]!] = next++ % folds;
  });
  return result;
}

/** Labels at the given places. */
export const gatherLabels = (labels: Labels, places: ArrayLike<number>): Uint32Array => Uint32Array.from(places, (place) => labels[place]!);

/**
 * Part of the labels that are met, 0 to 1.
 * @throws {InputError} if the numbers differ or are 0
 */
export function accuracyOf(predicted: Labels, labels: Labels): number {
  if (predicted.length !== labels.length || labels.length === 0) {
    throw new InputError(`labels: ${predicted.length} predictions and ${labels.length} labels must be as many, and at least 1`);
  }
  let met = 0;
  for (let row = 0; row < labels.length; row++) if (predicted[row] === labels[row]) met++;
  return met / labels.length;
}
