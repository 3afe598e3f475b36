/** The setting in which two trainings differ. */
import * as choices from '../plane/settings.js';
import { fromQuery, type PlaneSettings, toQuery, valueOf, withValue } from '../plane/settings.js';

/** How a setting is chosen: one of several values, or a number on a slider. */
type Control = { values: readonly string[] } | { min: number; max: number; hasZero: boolean };

const weight = { ...choices.WEIGHTS, hasZero: true };

/** Settings by their names in the address. */
export const DIFFERENCES: Record<string, { label: string; control: Control }> = {
  'encoder.KL_real': { label: 'encoder: spread codes of data', control: weight },
  'encoder.KL_fake': { label: 'encoder: contest codes of samples', control: weight },
  'encoder.match_x': { label: 'encoder: reconstruct data', control: weight },
  'encoder.uniform': { label: 'encoder: keep codes of data apart', control: weight },
  'generator.KL_fake': { label: 'generator: contest codes of samples', control: weight },
  'generator.match_z': { label: 'generator: reconstruct codes', control: weight },
  'generator.match_x': { label: 'generator: reconstruct data', control: weight },
  rate: { label: 'learning rate', control: { ...choices.LEARNING_RATES, hasZero: false } },
  'generator.updates': { label: 'generator updates', control: { values: choices.GENERATOR_UPDATES.map(String) } },
  hidden: { label: 'hidden units', control: { values: choices.HIDDEN.map(String) } },
  prior: { label: 'prior', control: { values: choices.PRIOR_NAMES } },
};

export interface Comparison {
  /** Of the first training. */
  settings: PlaneSettings;
  /** The name of the setting, and its value in the second. */
  name: string;
  value: string;
}

/** In the address, `other=encoder.KL_real:0` is the second's value. */
const OTHER = 'other';
/** Both sides of the opening comparison train on; codes of the second leave a part of the circle empty. */
const DEFAULT = { name: 'encoder.uniform', value: '0' };

export function comparisonOf(query: string): Comparison {
  const settings = fromQuery(query);
  const [name = '', value = ''] = (new URLSearchParams(query).get(OTHER) ?? '').split(':');
  if (!Object.hasOwn(DIFFERENCES, name)) return { settings, ...DEFAULT };
  // Only values that a setting can have.
  return { settings, name, value: valueOf(withValue(settings, name, value), name) };
}

export const queryOf = ({ settings, name, value }: Comparison): string =>
  [toQuery(settings), new URLSearchParams({ [OTHER]: `${name}:${value}` }).toString()]
    .filter((part) => part !== '')
    .join('&');

/** The settings of both. */
export const sidesOf = ({ settings, name, value }: Comparison): [PlaneSettings, PlaneSettings] => [
  settings,
  withValue(settings, name, value),
];
