import {
  add,
  argMin,
  cast,
  constantTensor,
  div,
  equal,
  log,
  matMul,
  meanOf,
  mul,
  reduceMean,
  reduceSum,
  reshape,
  sqrt,
  square,
  stopGradient,
  sub,
  sumOf,
  transposeMatrix,
  type Value,
} from '../engine/index.js';
import type { Prior } from './prior.js';

/** The statistic s: standard deviation (correct), or variance (as in the published code). */
export const MOMENTS = ['std', 'variance'] as const;
/** Over coordinates: the mean (as in the published code) or the sum (as printed in the paper). */
export const REDUCTIONS = ['mean', 'sum'] as const;

interface GaussianOptions {
  moment: (typeof MOMENTS)[number];
  reduction: (typeof REDUCTIONS)[number];
}

interface Divergence {
  /** Of codes `[N, M]` from the prior, a scalar. */
  of: (codes: Value, options: GaussianOptions) => Value;
  /** Over all batches of codes of the prior, if there is a minimum. */
  min?: (prior: Prior, latentSize: number, options: GaussianOptions) => number;
}

/** KL(N(m, s^2) || N(0, 1)) = (s^2 + m^2) / 2 - log s - 1/2 for each coordinate (the paper's KL(Q || P)). */
const qp = gaussian(
  ({ mean, s, sSquared }) => sub(sub(mul(add(sSquared, square(mean)), 0.5), log(s)), 0.5),
  (s) => s ** 2 / 2 - Math.log(s) - 0.5,
);

/** The reverse, KL(N(0, 1) || N(m, s^2)) = (1 + m^2) / (2 s^2) + log s - 1/2. */
const pq = gaussian(
  ({ mean, s, sSquared }) => sub(add(div(mul(add(square(mean), 1), 0.5), sSquared), log(s)), 0.5),
  (s) => 1 / (2 * s ** 2) + Math.log(s) - 0.5,
);

/**
 * mean(q^2) / 2 - H, with the entropy estimate H = (M / N) sum_i log(d_i + 1e-4). Here d_i is the squared distance
 * of code i to its nearest neighbor in the batch. It has no lower bound.
 */
const nearest: Divergence = {
  of: (codes) => {
    const [count, latentSize] = codes.shape as [number, number];
    const distances = reduceSum(square(sub(codes, matMul(nearestNeighbors(codes), codes))), [1]);
    const entropy = mul(sumOf(log(add(distances, 1e-4))), latentSize / count);
    return sub(mul(meanOf(square(codes)), 0.5), entropy);
  },
};

const divergences = { qp, pq, nearest };

export type DivergenceName = keyof typeof divergences;
export const DIVERGENCES = Object.keys(divergences).sort() as [DivergenceName, ...DivergenceName[]];

export interface DivergenceOptions extends GaussianOptions {
  divergence: DivergenceName;
}

/** Of a batch of codes `[N, M]` from the prior, a scalar. */
export const divergence = (codes: Value, options: DivergenceOptions): Value =>
  divergences[options.divergence].of(codes, options);

/** The lower bound, if there is one. */
export const minDivergence = (options: DivergenceOptions, prior: Prior, latentSize: number): number | undefined =>
  divergences[options.divergence].min?.(prior, latentSize, options);

function gaussian(
  perCoordinate: (fitted: Record<'mean' | 's' | 'sSquared', Value>) => Value,
  atZeroMean: (s: number) => number,
): Divergence {
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

/**
 * Row i of the result `[N, N]`, a constant, selects the nearest neighbor of code i. Only the choice uses inner
 * products, which lose precision between close codes.
 */
function nearestNeighbors(codes: Value) {
  const count = codes.shape[0]!;
  const norms = reduceSum(square(codes), [1]);
  const distances = sub(add(norms, reshape(norms, [1, count])), mul(matMul(codes, transposeMatrix(codes)), 2));
  const indices = argMin(add(distances, excludeSelf(count)), 1);
  const columns = constantTensor({
    type: 'int64',
    shape: [1, count],
    data: BigInt64Array.from({ length: count }, (_, index) => BigInt(index)),
  });
  return stopGradient(cast(equal(indices, columns), 'float32'));
}

function excludeSelf(count: number) {
  const data = new Float32Array(count * count);
  for (let index = 0; index < count; index++) data[index * (count + 1)] = 1e30;
  return constantTensor({ type: 'float32', shape: [count, count], data });
}
