/** The distance of images: one of `DISTANCES`, that of features of a network, or a weighted sum of them. */
import { add, meanOf, mul, div, reduceSum, sqrt, square, sub, type Value } from '../engine/index.js';
import { didYouMean, InputError, setting } from '../errors.js';
import { distance, type DistanceName, DISTANCES } from './distances.js';

/** Maps images `[N, C, H, W]` in [-1, 1] to features, each `[N, C]` or `[N, C, positions...]`. */
export type FeatureMaps = (images: Value) => readonly Value[];

const NAMES = [...DISTANCES, 'features'] as const;

interface WeightedDistance {
  name: DistanceName | 'features';
  weight: number;
}

/**
 * Parses `L1`, `features`, or a sum such as `L1:1,features:0.5`; the default weight is 1.
 * @throws {InputError} if a distance is unknown or repeated, or a weight is not above 0
 */
export function parseImageDistance(text: string): WeightedDistance[] {
  const reject = (problem: string, remedy?: string): never => {
    throw new InputError(setting('matchX'), problem, remedy);
  };
  const parts = text.split(',').map((part): WeightedDistance => {
    const [given = '', weight = '1', ...rest] = part.split(':').map((piece) => piece.trim());
    const name = NAMES.find((known) => known === given);
    if (name === undefined || rest.length > 0)
      return reject(
        `expected DISTANCE or DISTANCE:WEIGHT, not "${part.trim()}"${didYouMean(given, NAMES)}`,
        `choose from ${NAMES.join(', ')}`,
      );
    if (weight === '' || !Number.isFinite(Number(weight)) || Number(weight) <= 0)
      return reject(`the weight of ${name} must be a number above 0, not "${weight}"`);
    return { name, weight: Number(weight) };
  });
  const repeated = parts.find(({ name }, index) => parts.findIndex((each) => each.name === name) < index);
  if (repeated) reject(`${repeated.name} is repeated`, 'remove one of the two');
  return parts;
}

/** Whether a valid or invalid text names a distance. */
export const usesDistance = (text: string, name: WeightedDistance['name']): boolean =>
  text.split(',').some((part) => part.split(':')[0]!.trim() === name);

/** @throws {InputError} if the distance needs features, but there are none */
export function imageDistance(text: string, features: FeatureMaps | undefined, a: Value, b: Value): Value {
  return parseImageDistance(text)
    .map(({ name, weight }) => {
      const value = name === 'features' ? featureDistance(requireFeatures(features), a, b) : distance(name, a, b);
      return weight === 1 ? value : mul(value, weight);
    })
    .reduce((sum, value) => add(sum, value));
}

function requireFeatures(features: FeatureMaps | undefined) {
  if (features) return features;
  throw new InputError(setting('matchX'), 'only the command line and agenet/node train with features', 'choose L1');
}

/** Limits the gradient at positions where all channels are close to 0. */
const EPSILON = 1e-6;

/** Each position becomes a unit vector. */
const normalized = (map: Value) => div(map, sqrt(add(reduceSum(square(map), [1]), EPSILON)));

/**
 * The squared distance of unit vectors of channels, averaged over positions and then over maps: LPIPS without learned
 * weights (Zhang et al. 2018, arXiv 1801.03924). At most 4.
 */
export function featureDistance(features: FeatureMaps, a: Value, b: Value): Value {
  const others = features(b);
  const distances = features(a).map((map, index) =>
    mul(meanOf(square(sub(normalized(map), normalized(others[index]!)))), map.shape[1]! / others.length),
  );
  return distances.reduce((sum, each) => add(sum, each));
}
