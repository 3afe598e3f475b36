import { abs, meanOf, mul, square, sub, type Value } from '../engine/index.js';
import { normalizeAlongAxis1 } from './prior.js';

/** The distance between two tensors of one shape, a scalar. */
export type Distance = (a: Value, b: Value) => Value;

/**
 * 2 - mean(a b), with a and b normalized along axis 1. The mean also runs over the M coordinates, so equal and
 * opposite codes differ by only 2 / M. The published weights of match_z (1000) are tuned for this scale.
 */
export const cos: Distance = (a, b) => sub(2, meanOf(mul(normalizeAlongAxis1(a), normalizeAlongAxis1(b))));

const L1: Distance = (a, b) => meanOf(abs(sub(a, b)));

const L2: Distance = (a, b) => meanOf(square(sub(a, b)));

const distances = { cos, L1, L2 };

export type DistanceName = keyof typeof distances;
export const DISTANCES = Object.keys(distances).sort() as [DistanceName, ...DistanceName[]];

export const distance = (name: DistanceName, a: Value, b: Value): Value => distances[name](a, b);
