import { InputError } from '../../errors.js';
import type { Elements } from './elements.js';

/** Labels of any type as bytes. Throws InputError, which begins with `name`, unless all are whole numbers from `least` to `most` (at most 255). */
export function classNumbers(labels: Elements, least: number, most: number, name: string): Uint8Array {
  const numbers = new Uint8Array(labels.length);
  for (let index = 0; index < labels.length; index++) {
    const label = Number(labels[index]);
    if (!Number.isInteger(label) || label < least || label > most)
      throw new InputError(`${name}: image ${index} has the label ${label}, labels are whole numbers from ${least} to ${most}`);
    numbers[index] = label;
  }
  return numbers;
}
