import { cos } from '../distances/cosine.js';
import type { LossTerm } from '../terms.js';

/**
 * The cosine distance of e(x) and e(S(x)), with S a random shift by a few pixels: images that look alike get codes that are close (alignment;
 * Wang and Isola 2020).
 */
export const align: LossTerm = {
  signs: { encoder: 1 },
  needs: ['realCodes', 'shiftedCodes'],
  value: ({ realCodes, shiftedCodes }) => cos(realCodes, shiftedCodes),
};
