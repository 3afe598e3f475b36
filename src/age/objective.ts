import { mul, reduceMean, square, sub, sumOf, type Value } from '../engine/index.js';
import * as distances from './distances/index.js';
import * as divergences from './divergences/index.js';
import type { Prior } from './prior.js';
import type { Distance, Divergence, GaussianOptions, ObjectiveFunctions } from './terms.js';

export type DivergenceName = keyof typeof divergences;
export type DistanceName = keyof typeof distances;

const divergenceOf = divergences satisfies Record<string, Divergence>;
const distanceOf = distances satisfies Record<string, Distance>;
export const DIVERGENCES = Object.keys(divergences).sort() as [DivergenceName, ...DivergenceName[]];
export const DISTANCES = Object.keys(distances).sort() as [DistanceName, ...DistanceName[]];

/** A divergence and its options. */
export interface DivergenceOptions extends GaussianOptions {
  readonly divergence: DivergenceName;
}

/** The prior, the divergence from it, and the distances of the reconstruction losses. */
export interface Objective extends DivergenceOptions {
  readonly prior: Prior;
  readonly matchX: DistanceName;
  readonly matchZ: DistanceName;
}

/** The divergence of a batch of codes `[N, M]` from the prior, a scalar. */
export const divergence = (codes: Value, options: DivergenceOptions): Value =>
  divergenceOf[options.divergence].of(codes, options);

/** The lower bound of a divergence over all batches, or undefined if it has none. */
export const minDivergence = (options: DivergenceOptions, prior: Prior, latentSize: number): number | undefined =>
  divergenceOf[options.divergence].min?.(prior, latentSize, options);

/** The distance between two tensors of one shape, a scalar. */
export const distance = (name: DistanceName, a: Value, b: Value): Value => distanceOf[name](a, b);

export const objectiveFunctions = (objective: Objective): ObjectiveFunctions => ({
  divergence: (codes) => divergence(codes, objective),
  matchX: distanceOf[objective.matchX],
  matchZ: distanceOf[objective.matchZ],
});

/**
 * The variance of codes `[N, M]` relative to the prior's: 1 if they are distributed like the prior, 0 if all are
 * equal. On the sphere it is 1 minus the squared norm of the mean code.
 */
export function relativeVariance(codes: Value, prior: Prior): Value {
  const variance = sumOf(reduceMean(square(sub(codes, reduceMean(codes, [0]))), [0]));
  return prior === 'sphere' ? variance : mul(variance, 1 / codes.shape[1]!);
}
