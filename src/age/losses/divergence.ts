import type { LossTerm } from '../terms.js';

/** D(e(x)), or D(e(T(x))) with an augmentation T. The encoder minimizes it. */
export const KL_real: LossTerm = {
  signs: { encoder: 1 },
  needs: ['realCodes'],
  isAugmented: true,
  value: ({ realCodes }, { divergence }) => divergence(realCodes),
};

/** D(e(g(z))), or D(e(T(g(z)))). The generator minimizes it and the encoder maximizes it. */
export const KL_fake: LossTerm = {
  signs: { encoder: -1, generator: 1 },
  needs: ['fakeCodes'],
  isAugmented: true,
  value: ({ fakeCodes }, { divergence }) => divergence(fakeCodes),
};
