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

/**
 * How far a batch of codes is from the prior.
 * `qp`: KL divergence of the Gaussian fitted to the batch from N(0, I); `pq`: the reverse; `nearest`: no Gaussian, the entropy is
 * estimated from the distance of each code to its nearest other one.
 */
export const DIVERGENCES = ['qp', 'pq', 'nearest'] as const;
/** What stands for the deviation s in the formulas: the standard deviation, or (as the published code has it) the variance. */
export const MOMENTS = ['std', 'variance'] as const;
/** How the coordinates' contributions are combined: their mean (the published code) or their sum (the paper as printed). */
export const REDUCTIONS = ['mean', 'sum'] as const;

export interface DivergenceOptions {
  readonly divergence: (typeof DIVERGENCES)[number];
  readonly moment: (typeof MOMENTS)[number];
  readonly reduction: (typeof REDUCTIONS)[number];
}

/** The divergence of a batch of codes [N, M] from the prior, a scalar. `moment` and `reduce` concern the fitted Gaussian only. */
export function divergence(codes: Value, options: DivergenceOptions): Value {
  if (options.divergence === 'nearest') return nearestDivergence(codes);
  const perCoordinate = gaussianDivergence(codes, options);
  return options.reduction === 'mean' ? meanOf(perCoordinate) : sumOf(perCoordinate);
}

function gaussianDivergence(codes: Value, { divergence: direction, moment }: DivergenceOptions): Value {
  const mean = reduceMean(codes, [0]);
  const variance = reduceMean(square(sub(codes, mean)), [0]);
  const s = moment === 'std' ? sqrt(variance) : variance;
  const sSquared = moment === 'std' ? variance : square(variance);
  return direction === 'qp'
    ? sub(sub(mul(add(sSquared, square(mean)), 0.5), log(s)), 0.5)
    : sub(add(div(mul(add(square(mean), 1), 0.5), sSquared), log(s)), 0.5);
}

/** Keeps the logarithm finite where two codes coincide. */
const LEAST_DISTANCE = 1e-4;

/** mean(q^2) / 2 - H with the entropy H = (M / N) sum_i log(d_i + 1e-4), d_i the squared distance to the nearest other code. */
function nearestDivergence(codes: Value): Value {
  const [count, latent] = codes.shape as [number, number];
  const toNearest = reduceSum(square(sub(codes, matMul(nearestSelection(codes), codes))), [1]);
  const entropy = mul(sumOf(log(add(toNearest, LEAST_DISTANCE))), latent / count);
  return sub(mul(meanOf(square(codes)), 0.5), entropy);
}

/**
 * The matrix [N, N] whose row i picks the nearest other code of code i. Which one is nearest is a constant to the gradient; the
 * distance itself is then taken from the difference, since the one from inner products has lost its digits where codes are close.
 */
function nearestSelection(codes: Value): Value {
  const count = codes.shape[0]!;
  const norms = reduceSum(square(codes), [1]);
  const distances = sub(add(norms, reshape(norms, [1, count])), mul(matMul(codes, transposeMatrix(codes)), 2));
  const nearest = argMin(add(distances, excludeSelf(count)), 1);
  const columns = constantTensor({ type: 'int64', shape: [1, count], data: BigInt64Array.from({ length: count }, (_, index) => BigInt(index)) });
  return stopGradient(cast(equal(nearest, columns), 'float32'));
}

/** A diagonal so large that no code is its own nearest. */
function excludeSelf(count: number): Value {
  const data = new Float32Array(count * count);
  for (let index = 0; index < count; index++) data[index * (count + 1)] = 1e30;
  return constantTensor({ type: 'float32', shape: [count, count], data });
}

/**
 * The variance of a batch of codes [N, M] over all coordinates, as a share of the prior's: 1 where they are spread like draws from it, 0
 * where they have collapsed into one point. On the sphere it is 1 minus the squared length of the mean code.
 */
export function relativeVariance(codes: Value, prior: Prior): Value {
  const variance = sumOf(reduceMean(square(sub(codes, reduceMean(codes, [0]))), [0]));
  return prior === 'sphere' ? variance : mul(variance, 1 / codes.shape[1]!);
}

/**
 * The least value that the divergence of a batch can have, whatever the batch: reached where its mean is 0 and every coordinate has
 * the prior's variance (1/M on the sphere). Undefined for `nearest`, which has no such bound. What lies above is the "excess".
 */
export function minDivergence(options: DivergenceOptions, prior: Prior, latent: number): number | undefined {
  if (options.divergence === 'nearest') return undefined;
  const variance = prior === 'sphere' ? 1 / latent : 1;
  const s = options.moment === 'std' ? Math.sqrt(variance) : variance;
  const perCoordinate = options.divergence === 'qp' ? s ** 2 / 2 - Math.log(s) - 0.5 : 1 / (2 * s ** 2) + Math.log(s) - 0.5;
  return options.reduction === 'mean' ? perCoordinate : latent * perCoordinate;
}
