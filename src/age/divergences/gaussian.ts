import { add, div, log, meanOf, mul, reduceMean, sqrt, square, sub, sumOf, type Value } from '../../engine/index.js';
import type { Divergence } from '../terms.js';

/** KL(N(m, s^2) || N(0, 1)) = (s^2 + m^2) / 2 - log s - 1/2 for each coordinate (the paper's KL(Q || P)). */
export const qp: Divergence = gaussian({
  perCoordinate: ({ mean, s, sSquared }) => sub(sub(mul(add(sSquared, square(mean)), 0.5), log(s)), 0.5),
  atZeroMean: (s) => s ** 2 / 2 - Math.log(s) - 0.5,
});

/** The reverse, KL(N(0, 1) || N(m, s^2)) = (1 + m^2) / (2 s^2) + log s - 1/2. */
export const pq: Divergence = gaussian({
  perCoordinate: ({ mean, s, sSquared }) => sub(add(div(mul(add(square(mean), 1), 0.5), sSquared), log(s)), 0.5),
  atZeroMean: (s) => 1 / (2 * s ** 2) + Math.log(s) - 0.5,
});

interface Formula {
  readonly perCoordinate: (fitted: { readonly mean: Value; readonly s: Value; readonly sSquared: Value }) => Value;
  readonly atZeroMean: (s: number) => number;
}

function gaussian({ perCoordinate, atZeroMean }: Formula): Divergence {
  return {
    of: (codes, { moment, reduction }) => {
      const mean = reduceMean(codes, [0]);
      const variance = reduceMean(square(sub(codes, mean)), [0]);
      const [s, sSquared] = moment === 'std' ? [sqrt(variance), variance] : [variance, square(variance)];
      const terms = perCoordinate({ mean, s, sSquared });
      return reduction === 'mean' ? meanOf(terms) : sumOf(terms);
    },
    // Reached if the mean is 0 and every coordinate has the prior's variance, which is 1/M on the sphere.
    min: (prior, latentSize, { moment, reduction }) => {
      const variance = prior === 'sphere' ? 1 / latentSize : 1;
      const term = atZeroMean(moment === 'std' ? Math.sqrt(variance) : variance);
      return reduction === 'mean' ? term : latentSize * term;
    },
  };
}
