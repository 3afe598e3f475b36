import { meanOf, mul, sub } from '../../engine/index.js';
import { normalizeAlongAxis1 } from '../prior.js';
import type { Distance } from '../terms.js';

/**
 * 2 - mean(a b), with a and b normalized along axis 1. The mean also runs over the M coordinates, so equal and
 * opposite codes differ by only 2 / M. The published weights of match_z (1000) are tuned for this scale.
 */
export const cos: Distance = (a, b) => sub(2, meanOf(mul(normalizeAlongAxis1(a), normalizeAlongAxis1(b))));
