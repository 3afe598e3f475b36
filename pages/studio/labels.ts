/** Labels of settings, metrics and values of the log. Until they are read, names stand for themselves. */
import type { Labels } from '../../src/studio/schemas.js';
import { readLabels } from './api.js';

let labels: Labels = {};

export async function loadLabels(): Promise<void> {
  labels = await readLabels();
}

/** @param name in files, such as `code_variance` */
export const labelOf = (name: string): string => (Object.hasOwn(labels, name) ? labels[name]!.label : name);

/** The name in files, which filters and commands use, and the meaning. */
export const explain = (name: string): string =>
  Object.hasOwn(labels, name) ? `${name}: ${labels[name]!.meaning}` : name;
