import { normalizeAlongAxis1, type Prior } from '../age/prior.js';
import { type CodeDensity, THUMBNAIL } from '../density/codeDensity.js';
import {
  abs,
  add,
  cast,
  concat,
  constant,
  div,
  exp,
  type Graph,
  graphOf,
  greater,
  input,
  matMul,
  mul,
  reduceMean,
  reduceSum,
  reshape,
  type Shape,
  sub,
  type Value,
} from '../engine/index.js';

/** What a sampler draws from. */
export interface Sampler {
  density: CodeDensity;
  prior: Prior;
  latentSize: number;
  /** Shape of a condition. */
  condition?: Shape | undefined;
}

/**
 * Draws codes of samples as `drawSampleCodes` does: `uniform` [N, 1] in [0, 1) chooses a Gaussian, and `noise` [N, M] a
 * normal point of it.
 */
export function samplerGraph({ density, prior, latentSize: size, condition }: Sampler, batch: number): Graph {
  const gaussians = density.logShares.length;
  const uniform = input('uniform', [batch, 1]);
  const noise = input('noise', [batch, size]);
  const given = condition && input('condition', [batch, ...condition]);
  const summary = given && summaryOf(given);
  const fromSummary = (table: Float32Array, shape: Shape) =>
    summary ? matMul(summary, stored(table, shape)) : constant(0);
  const numbers = density.slopes.length / size;
  const likelihoods = transposedTable(density.logLikelihoods, numbers);
  const scores = add(stored(density.logShares, [1, gaussians]), fromSummary(likelihoods, [numbers, gaussians]));
  const chosen = chooseBy(uniform, exp(scores), [batch, gaussians]);
  const factors = reshape(matMul(chosen, stored(density.factors, [gaussians, size ** 2])), [batch, size, size]);
  const deviation = reduceSum(mul(factors, reshape(noise, [batch, 1, size])), [2]);
  const means = matMul(chosen, stored(density.means, [gaussians, size]));
  const centers = add(means, fromSummary(density.slopes, [numbers, size]));
  const codes = add(centers, reshape(deviation, [batch, size]));
  const order = [uniform, noise, ...(given ? [given] : [])];
  return graphOf({ codes: prior === 'sphere' ? normalizeAlongAxis1(codes) : codes }, order);
}

const stored = (table: Float32Array, shape: Shape) => constant([...table], shape);

/** [K, D] to [D, K]. */
function transposedTable(table: Float32Array, columns: number) {
  const rows = table.length / Math.max(1, columns);
  return table.map((_, at) => table[(at % rows) * columns + Math.floor(at / rows)]!);
}

/** One-hot rows: the first whose cumulated share exceeds a uniform draw. */
function chooseBy(uniform: Value, weights: Value, [batch, count]: readonly [number, number]) {
  const upTo = constant(
    Array.from({ length: count ** 2 }, (_, at) => (Math.floor(at / count) <= at % count ? 1 : 0)),
    [count, count],
  );
  const shares = reshape(div(weights, reduceSum(weights, [1])), [weights.shape[0]!, count]);
  const cumulated = matMul(shares, upTo);
  // Rounding may leave the last sum below the draw.
  const isBelow = cast(greater(mul(cumulated, 1 + 1e-6), uniform), 'float32');
  const last = constant(
    Array.from({ length: count }, (_, at) => (at === count - 1 ? 1 : 0)),
    [1, count],
  );
  const reached = sub(1, mul(sub(1, isBelow), sub(1, last)));
  const shift = constant(
    Array.from({ length: count ** 2 }, (_, at) => (Math.floor(at / count) + 1 === at % count ? 1 : 0)),
    [count, count],
  );
  return reshape(sub(reached, matMul(reached, shift)), [batch, count]);
}

/** As `summarize`. */
function summaryOf(condition: Value) {
  const [batch, first, height, width] = condition.shape as [number, number, number?, number?];
  if (height === undefined || width === undefined) {
    const isKnown = cast(greater(reduceSum(abs(condition), [1]), 0), 'float32');
    return concat([condition, sub(1, isKnown)], 1);
  }
  const cells = reshape(condition, [batch, first, THUMBNAIL, height / THUMBNAIL, THUMBNAIL, width / THUMBNAIL]);
  return reshape(reduceMean(cells, [3, 5]), [batch, first * THUMBNAIL ** 2]);
}
