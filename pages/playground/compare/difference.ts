/** The setting in which two trainings differ. */
import type { NetworkName } from '../../../src/networks/network.js';
import * as choices from '../plane/settings.js';
import { fromQuery, type PlaneSettings, toQuery, valueOf, withValue } from '../plane/settings.js';

/** How a setting is chosen: one of several values, or a number on a slider. */
type Control = { values: readonly string[] } | { min: number; max: number; hasZero: boolean };

interface Difference {
  label: string;
  /** Among all choices (default: the label). */
  choice?: string;
  control: Control;
}

const weightOf = (network: NetworkName, term: string, does: string): Record<string, Difference> => ({
  [`${network}.${term}`]: {
    label: `${term} of the ${network}`,
    choice: `${network}: ${does}`,
    control: { ...choices.WEIGHTS, hasZero: true },
  },
});

/** Settings by their names in the address. */
export const DIFFERENCES: Record<string, Difference> = {
  ...weightOf('encoder', 'KL_real', 'spread codes of data'),
  ...weightOf('encoder', 'KL_fake', 'contest codes of samples'),
  ...weightOf('encoder', 'match_x', 'reconstruct data'),
  ...weightOf('encoder', 'uniform', 'keep codes of data apart'),
  ...weightOf('generator', 'KL_fake', 'contest codes of samples'),
  ...weightOf('generator', 'match_z', 'reconstruct codes'),
  ...weightOf('generator', 'match_x', 'reconstruct data'),
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
const DEFAULT = { name: 'encoder.KL_real', value: '0' };

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
