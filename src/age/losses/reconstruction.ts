import type { LossTerm } from '../terms.js';

/** dist(g(e(x)), x). */
export const match_x: LossTerm = {
  signs: { encoder: 1, generator: 1 },
  needs: ['reconstruction'],
  value: ({ reconstruction }, { matchX }, { x }) => matchX(reconstruction, x),
};

/** dist(e(g(z)), z). */
export const match_z: LossTerm = {
  signs: { encoder: 1, generator: 1 },
  needs: ['fakeCodes'],
  value: ({ fakeCodes }, { matchZ }, { z }) => matchZ(fakeCodes, z),
};
