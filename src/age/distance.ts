import { abs, meanOf, mul, square, sub, type Value } from '../engine/index.js';
import { normalizeAlongAxis1 } from './prior.js';

/**
 * Distances of the reconstruction losses, averaged over all elements: `L1` |a - b|, `L2` (a - b)^2, `cos` 2 - a b with a and b
 * normalised along axis 1. The mean in `cos` runs over coordinates as well, so that it moves by 2/M only between equal and
 * opposite codes: the published weights (1000) are tuned for that.
 */
export const DISTANCES = ['L1', 'L2', 'cos'] as const;
export type Distance = (typeof DISTANCES)[number];

/** The distance of two tensors of one shape, a scalar. */
export function distance(kind: Distance, a: Value, b: Value): Value {
  switch (kind) {
    case 'L1':
      return meanOf(abs(sub(a, b)));
    case 'L2':
      return meanOf(square(sub(a, b)));
    case 'cos':
      return sub(2, meanOf(mul(normalizeAlongAxis1(a), normalizeAlongAxis1(b))));
  }
}
