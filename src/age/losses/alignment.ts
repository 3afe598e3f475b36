import { cos } from '../distances/cosine.js';
import type { LossTerm } from '../terms.js';

/**
 * The cosine distance of e(x) and e(S(x)), with S a random distortion (a shift, scale and shear): images that look alike get close codes
 * (alignment; Wang and Isola 2020).
 */
export const align: LossTerm = {
  signs: { encoder: 1 },
  needs: ['realCodes', 'distortedCodes'],
  value: ({ realCodes, distortedCodes }) => cos(realCodes, distortedCodes),
};
