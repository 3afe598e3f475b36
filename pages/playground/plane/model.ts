/** The networks, losses and settings of training on the plane. */
import type { Objective } from '../../../src/age/losses.js';
import { minDivergence } from '../../../src/age/divergences.js';
import type { UpdatePlan } from '../../../src/age/plan.js';
import type { NetworkName } from '../../../src/networks/network.js';
import { planePair } from './networks.js';
import { PLANE_TERMS, type PlaneWeights } from './terms.js';

/** Settings of the graph. */
export interface PlaneModel {
  /** M: codes lie on the circle (2) or the sphere (3). */
  latent: 2 | 3;
  /** Whether both networks are told the class of each point. */
  isConditional: boolean;
  hidden: number;
  generatorUpdates: number;
  seed: number;
}

/** Settings that can change between updates. */
export interface PlaneOptions {
  weights: PlaneWeights;
  learningRate: number;
}

/** Points in a batch. */
export const PLANE_BATCH = 256;

export const OBJECTIVE: Objective = {
  prior: 'sphere',
  divergence: 'qp',
  moment: 'std',
  reduction: 'mean',
  matchX: 'L1',
  matchZ: 'cos',
};

/** The smallest excess, for logarithmic scales. */
const MIN_EXCESS = 1e-5;

/** Adds the divergences above their lower bound, and match_z above its value for equal codes. */
export function withExcess(report: Record<string, number>, latent: 2 | 3): Record<string, number> {
  const divergence = minDivergence(OBJECTIVE, 'sphere', latent)!;
  const bounds = {
    'encoder.KL_real': divergence,
    'encoder.KL_fake': divergence,
    'generator.KL_fake': divergence,
    'generator.match_z': 2 - 1 / latent,
  };
  // Half an iteration has the terms of one network.
  const excess = Object.entries(bounds)
    .filter(([name]) => name in report)
    .map(([name, bound]) => [`${name}_excess`, Math.max(MIN_EXCESS, report[name]! - bound)]);
  return { ...report, ...(Object.fromEntries(excess) as Record<string, number>) };
}

export const pairOf = ({ latent, hidden, isConditional }: PlaneModel) => planePair(latent, hidden, isConditional);

/** Updates of a network in an iteration. */
export const updatesOf = (network: NetworkName, { generatorUpdates }: PlaneModel): number =>
  network === 'encoder' ? 1 : generatorUpdates;

/** A plan whose terms are all active: their weights are inputs. */
export const planOf = (network: NetworkName, model: PlaneModel): UpdatePlan => ({
  updates: updatesOf(network, model),
  weights: Object.fromEntries(PLANE_TERMS[network].map((term) => [term, 1])),
});
