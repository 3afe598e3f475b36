/** Terms of contrastive learning on the sphere, which the paper does not have (Wang and Isola 2020, arXiv 2005.10242). */
import { exp, log, matMul, mul, sumOf, transposeMatrix } from '../../engine/index.js';
import { cos } from '../distances/cosine.js';
import { normalizeAlongAxis1 } from '../prior.js';
import type { LossTerm } from '../terms.js';

/** The cosine distance of e(x) and e(S(x)), with S a random distortion: images that look alike get close codes. */
export const align: LossTerm = {
  signs: { encoder: 1 },
  needs: ['realCodes', 'distortedCodes'],
  value: ({ realCodes, distortedCodes }) => cos(realCodes, distortedCodes),
};

/** t in exp(t u·v): how much more close pairs count than distant ones. */
const CONCENTRATION = 8;

/**
 * log mean exp(8 u_i·u_j) over all pairs of a batch, with u the direction of e(x); lower for more even codes. It
 * also detects correlations of coordinates, which fitted Gaussians do not. A code's pair with itself adds e^8, so
 * that only close pairs have weight. At most 8, and at least log((e^8 + (N - 1) e^(-8 / (N - 1))) / N), the value
 * of a simplex.
 */
export const uniform: LossTerm = {
  signs: { encoder: 1 },
  needs: ['realCodes'],
  isAugmented: true,
  value: ({ realCodes }) => {
    const directions = normalizeAlongAxis1(realCodes);
    const similarities = matMul(directions, transposeMatrix(directions));
    return log(mul(sumOf(exp(mul(similarities, CONCENTRATION))), 1 / realCodes.shape[0]! ** 2));
  },
};
