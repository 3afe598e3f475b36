import { InputError, setting, type Text, text } from '../errors.js';
import type { Condition } from '../networks/network.js';

/** The class of an image; null stands for any. */
export type Label = number | null;

/**
 * Returns conditions [N, K]: 1 at the class, or zeros for any.
 * @throws {InputError} if the model has no such class, for example because the images are of other data
 */
export function oneHot(labels: ArrayLike<Label>, classes: number): Float32Array {
  const conditions = new Float32Array(labels.length * classes);
  for (let index = 0; index < labels.length; index++) {
    const label = labels[index];
    if (label === null || label === undefined) continue;
    if (label >= classes)
      throw new InputError(`class ${label}`, `the model has ${classes} classes`, 'use data with the same classes');
    conditions[index * classes + label] = 1;
  }
  return conditions;
}

/** The share of training images whose class is hidden, so that the model also works without (as in Sphere Encoder). */
const HIDDEN = 0.1;

/** One number per class. */
export const classCondition = (classes: number): Condition => ({
  shape: [classes],
  parts: [{ classes }],
  isOptional: true,
  of: ({ labels }, stream) => {
    if (labels === null) throw new InputError('condition class', 'the images have no labels', 'use labeled images');
    const known = Array.from(labels, (label) => (stream && stream.uniform() < HIDDEN ? null : label));
    return oneHot(known, classes);
  },
});

/**
 * Returns the index of a class, given by its name or its index.
 * @param classes names of the classes of a conditional model
 * @param option the option that names it
 * @throws {InputError} if the model has no such class, or is not conditional
 */
export function classNamed(classes: readonly string[], name: string, option: string): number {
  const about: Text = text`${setting(option)} ${name}`;
  if (classes.length === 0)
    throw new InputError(about, 'the model was trained without classes', 'train one with the condition class');
  const found = classes.includes(name) ? classes.indexOf(name) : /^\d+$/.test(name) ? Number(name) : -1;
  if (found < 0 || found >= classes.length)
    throw new InputError(about, 'there is no such class', `choose from ${listed(classes)}`);
  return found;
}

const MOST_LISTED = 20;

const listed = (names: readonly string[]) =>
  names.length <= MOST_LISTED
    ? names.join(', ')
    : `${names.slice(0, MOST_LISTED).join(', ')} and ${names.length - MOST_LISTED} others, or their numbers from 0`;
