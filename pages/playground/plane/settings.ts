/** The settings of the plane, also as a query of the address. */
import { NETWORK_NAMES, type NetworkName } from '../../../src/networks/network.js';
import type { PlaneModel, PlaneOptions } from './model.js';
import { type PlaneWeights, PUSH_TERMS, type PushTerm } from './terms.js';
import { type PlaneData, SHAPE_NAMES, type ShapeName } from './shapes.js';

export interface PlaneSettings {
  data: ShapeName | 'drawn';
  /** Points [N, 2] that the visitor has drawn, in [-1, 1]. */
  drawn: Float32Array;
  prior: keyof typeof LATENT_OF;
  /** Whether both networks are told the class of each point. */
  condition: (typeof CONDITIONS)[number];
  hidden: number;
  generatorUpdates: number;
  seed: number;
  learningRate: number;
  weights: PlaneWeights;
  /** Iterations per second. */
  speed: (typeof SPEEDS)[number];
  /** Terms whose pushes are drawn, in the order of `PUSH_TERMS`. */
  arrows: readonly PushTerm[];
}

export const LATENT_OF = { circle: 2, sphere: 3 } as const;
export const PRIOR_NAMES = Object.keys(LATENT_OF) as (keyof typeof LATENT_OF)[];
export const CONDITIONS = ['none', 'class'] as const;
export const SPEEDS = ['1', '10', '30', '100', 'fastest'] as const;
export const HIDDEN = [8, 16, 32, 64] as const;
export const GENERATOR_UPDATES = [1, 2, 3] as const;
/** Ranges of the sliders. A weight can also be 0. */
export const LEARNING_RATES = { min: 1e-4, max: 1e-2 } as const;
export const WEIGHTS = { min: 0.01, max: 100 } as const;
/** More points would make the address too long. */
export const MAX_DRAWN = 300;
export const SEEDS = [1, 2, 3, 4, 5] as const;
const MAX_SEED = 9999;

export const DEFAULT_SETTINGS: PlaneSettings = {
  data: 'moons',
  drawn: new Float32Array(0),
  prior: 'circle',
  condition: 'none',
  hidden: 32,
  generatorUpdates: 1,
  seed: 1,
  learningRate: 2e-3,
  weights: {
    encoder: { KL_real: 2, KL_fake: 2, match_x: 10, uniform: 0.3 },
    generator: { KL_fake: 2, match_z: 3, match_x: 10 },
  },
  speed: 'fastest',
  arrows: [],
};

/** Settings for drawn points. A preset is tuned for its own data, so nothing of it stays. */
export const DRAWN_SETTINGS = {
  data: 'drawn',
  prior: DEFAULT_SETTINGS.prior,
  condition: DEFAULT_SETTINGS.condition,
  hidden: DEFAULT_SETTINGS.hidden,
  weights: DEFAULT_SETTINGS.weights,
} as const;

/** Points that the visitor has drawn have no classes. */
export const modelOf = ({ prior, hidden, generatorUpdates, seed, condition, data }: PlaneSettings): PlaneModel => ({
  latent: LATENT_OF[prior],
  isConditional: condition === 'class' && data !== 'drawn',
  hidden,
  generatorUpdates,
  seed,
});
export const optionsOf = ({ weights, learningRate }: PlaneSettings): PlaneOptions => ({ weights, learningRate });

/** The data; undefined until the visitor has drawn a point. */
export const dataOf = ({ data, drawn }: PlaneSettings): PlaneData | undefined =>
  data !== 'drawn' ? data : drawn.length > 0 ? drawn : undefined;

/** Differs between settings that need another start. */
export const trackKey = (settings: PlaneSettings): string =>
  JSON.stringify([modelOf(settings), settings.data, settings.data === 'drawn' && encodePoints(settings.drawn)]);

/** Values in the address by name. */
const valuesOf = ({ drawn, generatorUpdates, learningRate, weights, ...others }: PlaneSettings) => ({
  data: others.data,
  drawn: encodePoints(drawn),
  prior: others.prior,
  condition: others.condition,
  hidden: others.hidden,
  'generator.updates': generatorUpdates,
  seed: others.seed,
  rate: learningRate,
  ...Object.fromEntries(
    NETWORK_NAMES.flatMap((network) =>
      Object.entries(weights[network]).map(([term, weight]) => [`${network}.${term}`, weight]),
    ),
  ),
  speed: others.speed,
  arrows: others.arrows.join('.'),
});

/** The value that a setting has in the address. */
export const valueOf = (settings: PlaneSettings, name: string): string =>
  String((valuesOf(settings) as Record<string, string | number>)[name]);

/** The settings with one value changed. A wrong value is the default. */
export function withValue(settings: PlaneSettings, name: string, value: string): PlaneSettings {
  const query = new URLSearchParams(toQuery(settings));
  query.set(name, value);
  return fromQuery(query.toString());
}

/** The settings that differ from the defaults, as a query. */
export function toQuery(settings: PlaneSettings): string {
  const defaults: Record<string, string | number> = valuesOf(DEFAULT_SETTINGS);
  const changed = Object.entries(valuesOf(settings)).filter(([name, value]) => value !== defaults[name]);
  return new URLSearchParams(changed.map(([name, value]) => [name, String(value)])).toString();
}

/** The settings of a query. Missing and wrong values have their defaults. */
export function fromQuery(query: string): PlaneSettings {
  const given = new URLSearchParams(query);
  const choice = <T extends string | number>(name: string, choices: readonly T[], preset: T): T =>
    choices.find((option) => String(option) === given.get(name)) ?? preset;
  const number = (name: string, min: number, max: number, preset: number): number => {
    const text = given.get(name);
    const value = Number(text);
    return text !== null && text !== '' && value >= min && value <= max ? value : preset;
  };
  const { weights, ...defaults } = DEFAULT_SETTINGS;
  const weightsOf = <N extends NetworkName>(network: N): PlaneWeights[N] =>
    Object.fromEntries(
      Object.entries(weights[network]).map(([term, preset]) => [
        term,
        number(`${network}.${term}`, 0, WEIGHTS.max, preset as number),
      ]),
    ) as PlaneWeights[N];
  return {
    data: choice('data', [...SHAPE_NAMES, 'drawn'], defaults.data),
    drawn: decodePoints(given.get('drawn') ?? ''),
    prior: choice('prior', PRIOR_NAMES, defaults.prior),
    condition: choice('condition', CONDITIONS, defaults.condition),
    hidden: choice('hidden', HIDDEN, defaults.hidden as (typeof HIDDEN)[number]),
    generatorUpdates: Math.round(number('generator.updates', 1, GENERATOR_UPDATES.length, defaults.generatorUpdates)),
    seed: Math.round(number('seed', 0, MAX_SEED, defaults.seed)),
    learningRate: number('rate', LEARNING_RATES.min, LEARNING_RATES.max, defaults.learningRate),
    weights: { encoder: weightsOf('encoder'), generator: weightsOf('generator') },
    speed: choice('speed', SPEEDS, defaults.speed),
    arrows: PUSH_TERMS.filter((term) => (given.get('arrows') ?? '').split('.').includes(term)),
  };
}

/** Coordinates have two characters of base 36 each, so that 300 points have 1,200 characters. */
const LEVELS = 36 ** 2 - 1;

const encodePoints = (points: Float32Array): string =>
  Array.from(points, (value) =>
    Math.round(((Math.min(1, Math.max(-1, value)) + 1) / 2) * LEVELS)
      .toString(36)
      .padStart(2, '0'),
  ).join('');

function decodePoints(text: string): Float32Array {
  if (!/^(?:[0-9a-z]{4})*$/u.test(text)) return new Float32Array(0);
  const coordinates = Math.min(text.length / 2, 2 * MAX_DRAWN);
  return Float32Array.from(
    { length: coordinates },
    (_, index) => (2 * parseInt(text.slice(2 * index, 2 * index + 2), 36)) / LEVELS - 1,
  );
}
