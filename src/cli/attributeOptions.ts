/** Moving codes along an attribute of the run: `--along` and `--by`. */
import { Option } from '@commander-js/extra-typings';
import { MODEL_DEFAULTS } from '../model/defaults.js';
import type { Terminal } from './command.js';
import { parseNumber } from './options.js';

export const alongOption = () =>
  new Option('--along <attribute>', 'move each code along a direction created by agenet attribute');
export const byOption = () =>
  new Option(
    '--by <amount>',
    `distance to move: an angle in radians on the sphere, else a multiple of the direction; may be negative (default: ${MODEL_DEFAULTS.by})`,
  ).argParser(parseNumber);

export interface AlongOptions {
  readonly along?: string | undefined;
  readonly by?: number | undefined;
  readonly ema: boolean;
}

/** Returns how to open a model whose codes may be moved. */
export const modelOptions = ({ ema }: AlongOptions, { note }: Terminal) => ({
  ema,
  onWarning: (message: string) => note(`warning: ${message}`),
});

/** Returns what to report of a movement in the result. */
export const movedBy = ({ along, by = MODEL_DEFAULTS.by }: AlongOptions): Readonly<Record<string, unknown>> =>
  along === undefined ? {} : { along, by };
