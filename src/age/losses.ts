import { exp, log, matMul, mul, sumOf, transposeMatrix, type Value } from '../engine/index.js';
import type { InputKind, NetworkName } from '../networks/network.js';
import { cos, distance, type DistanceName } from './distances.js';
import { divergence, type DivergenceOptions } from './divergences.js';
import { type FeatureMaps, imageDistance } from './imageDistance.js';
import { normalizeAlongAxis1, type Prior } from './prior.js';

export interface Objective extends DivergenceOptions {
  prior: Prior;
  /** A distance, `features`, or a weighted sum such as `L1:1,features:0.5`. */
  matchX: string;
  /** Of a network that stays constant; `matchX` may need them. */
  features?: FeatureMaps | undefined;
  matchZ: DistanceName;
  /** The most that the encoder gains by its weighted `KL_fake` above the lower bound (default: 0, no limit). */
  margin?: number;
}

/** e(x), g(e(x)) or that of moved codes, e(S(x)) with S a random distortion, g(z) and e(g(z)). */
export type PassName = 'realCodes' | 'reconstruction' | 'distortedCodes' | 'fake' | 'fakeCodes';

/** Images `[N, C, H, W]` in [-1, 1], and codes `[N, M]` of the prior. */
export interface UpdateBatch {
  x: Value;
  z: Value;
  /** Of the images, and of the samples too, so that the divergences compare like with like. `[N, K]` or `[N, C, H, W]`. */
  y?: Value | undefined;
  /** Of images and generated images. */
  augment?: Record<InputKind, (x: Value) => Value> | undefined;
  /** Moves codes of images before they are decoded. */
  move?: ((codes: Value) => Value) | undefined;
  /** What an earlier update has decoded, and counted in its running statistics. Without it, images are encoded. */
  decoded?: Value | undefined;
  /** S of the term `align`. */
  distort?: ((x: Value) => Value) | undefined;
}

interface LossTerm {
  /** A network without a sign cannot have the term. */
  signs: Partial<Record<NetworkName, 1 | -1>>;
  needs: readonly PassName[];
  /** Whether its codes are those of augmented images. */
  isAugmented?: boolean;
  /** Returns the unweighted term, a scalar. `passes` holds only what it needs. */
  value: (passes: Record<PassName, Value>, objective: Objective, batch: UpdateBatch) => Value;
}

/** t in exp(t u·v): how much more close pairs count than distant ones. */
const CONCENTRATION = 8;

/** Of all pairs of codes, `[N, N]`. */
function cosinesOf(codes: Value) {
  const directions = normalizeAlongAxis1(codes);
  return matMul(directions, transposeMatrix(directions));
}

/** D(e(x)), or D(e(T(x))) with an augmentation T. The encoder minimizes it. */
const KL_real: LossTerm = {
  signs: { encoder: 1 },
  needs: ['realCodes'],
  isAugmented: true,
  value: ({ realCodes }, objective) => divergence(realCodes, objective),
};

/** D(e(g(z))), or D(e(T(g(z)))). The generator minimizes it and the encoder maximizes it. */
const KL_fake: LossTerm = {
  signs: { encoder: -1, generator: 1 },
  needs: ['fakeCodes'],
  isAugmented: true,
  value: ({ fakeCodes }, objective) => divergence(fakeCodes, objective),
};

/** dist(g(e(x)), x), or of moved codes. */
const match_x: LossTerm = {
  signs: { encoder: 1, generator: 1 },
  needs: ['reconstruction'],
  value: ({ reconstruction }, { matchX, features }, { x }) => imageDistance(matchX, features, reconstruction, x),
};

/** dist(e(g(z)), z). */
const match_z: LossTerm = {
  signs: { encoder: 1, generator: 1 },
  needs: ['fakeCodes'],
  value: ({ fakeCodes }, { matchZ }, { z }) => distance(matchZ, fakeCodes, z),
};

// Not in the paper, but from contrastive learning (Wang and Isola 2020, arXiv 2005.10242).

/** The cosine distance of e(x) and e(S(x)): images that look alike get close codes. */
const align: LossTerm = {
  signs: { encoder: 1 },
  needs: ['realCodes', 'distortedCodes'],
  value: ({ realCodes, distortedCodes }) => cos(realCodes, distortedCodes),
};

/**
 * log mean exp(8 u_i·u_j) over all pairs of a batch, with u the direction of e(x); lower for more even codes. Unlike
 * fitted Gaussians, it detects correlations of coordinates. A code's pair with itself adds e^8, so only close pairs
 * have weight. At most 8, and at least log((e^8 + (N - 1) e^(-8 / (N - 1))) / N), the value of a simplex.
 */
const uniform: LossTerm = {
  signs: { encoder: 1 },
  needs: ['realCodes'],
  isAugmented: true,
  value: ({ realCodes }) => {
    const kernel = exp(mul(cosinesOf(realCodes), CONCENTRATION));
    return log(mul(sumOf(kernel), 1 / realCodes.shape[0]! ** 2));
  },
};

const losses = { KL_real, KL_fake, match_x, match_z, align, uniform };

export type Term = keyof typeof losses;
export const LOSSES: Record<Term, LossTerm> = losses;

const termsOf = (network: NetworkName) =>
  (Object.keys(LOSSES).sort() as Term[]).filter((term) => network in LOSSES[term].signs);

/** The terms that each network's loss can have. */
export const TERMS: Record<NetworkName, readonly Term[]> = {
  encoder: termsOf('encoder'),
  generator: termsOf('generator'),
};
