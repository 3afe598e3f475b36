import type { LossTerm } from '../terms.js';

/** D(e(x)), which the encoder minimizes. It does not depend on the generator. */
export const KL_real: LossTerm = {
  signs: { encoder: 1 },
  needs: ['realCodes'],
  value: ({ realCodes }, { divergence }) => divergence(realCodes),
};

/** D(e(g(z))), which the generator minimizes and the encoder maximizes. */
export const KL_fake: LossTerm = {
  signs: { encoder: -1, generator: 1 },
  needs: ['fakeCodes'],
  value: ({ fakeCodes }, { divergence }) => divergence(fakeCodes),
};
