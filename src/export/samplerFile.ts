import { normalizeAlongAxis1, type Prior } from '../age/prior.js';
import { type CodeDensity, SAMPLE_NOISE, THUMBNAIL } from '../density/codeDensity.js';
import {
  abs,
  add,
  cast,
  concat,
  constant,
  div,
  exp,
  floor,
  gather,
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
  slice,
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
 * Draws codes of samples as `drawSampleCodes` does: `uniform` [N, 3] in [0, 1) chooses a Gaussian, a code of it, and a
 * point between the code and a neighbor; `noise` [N, M], normal, moves it.
 */
export function samplerGraph({ density, prior, latentSize: size, condition }: Sampler, batch: number): Graph {
  const gaussians = density.logShares.length;
  const uniform = input('uniform', [batch, 3]);
  const noise = input('noise', [batch, size]);
  const given = condition && input('condition', [batch, ...condition]);
  const summary = given && summaryOf(given);
  const fromSummary = (table: Float32Array, shape: Shape) =>
    summary ? matMul(summary, stored(table, shape)) : constant(0);
  const numbers = density.slopes.length / size;
  const likelihoods = transposedTable(density.logLikelihoods, numbers);
  const scores = add(stored(density.logShares, [1, gaussians]), fromSummary(likelihoods, [numbers, gaussians]));
  const chosen = chooseBy(slice(uniform, 1, 0, 1), exp(scores), [batch, gaussians]);
  const factors = reshape(matMul(chosen, stored(density.factors, [gaussians, size ** 2])), [batch, size, size]);
  const offset = reduceSum(mul(factors, reshape(noise, [batch, 1, size])), [2]);
  const hasCodes = density.codes.length > 0;
  const starts = hasCodes
    ? pointsBetween(density, chosen, uniform, size)
    : matMul(chosen, stored(density.means, [gaussians, size]));
  const centers = add(starts, fromSummary(density.slopes, [numbers, size]));
  const codes = add(centers, mul(reshape(offset, [batch, size]), hasCodes ? SAMPLE_NOISE : 1));
  const order = [uniform, noise, ...(given ? [given] : [])];
  return graphOf({ codes: prior === 'sphere' ? normalizeAlongAxis1(codes) : codes }, order);
}

/** Points between a code of the chosen Gaussians [batch, K] and a neighbor, [batch, M]. */
function pointsBetween({ counts, codes, neighbors }: CodeDensity, chosen: Value, uniform: Value, size: number): Value {
  const [batch, gaussians] = chosen.shape as [number, number];
  const rows = codes.length / size;
  const width = neighbors.length / rows;
  const firsts = counts.map((_, at) => counts.subarray(0, at).reduce((sum, count) => sum + count, 0));
  const ofChosen = (table: Float32Array) => matMul(chosen, stored(table, [gaussians, 1]));
  const within = floor(mul(slice(uniform, 1, 1, 2), ofChosen(counts)));
  const from = add(ofChosen(firsts), within);
  const place = mul(slice(uniform, 1, 2, 3), width);
  const at = add(mul(from, width), floor(place));
  const rowAt = (row: Value) => reshape(cast(row, 'int64'), [batch]);
  const to = gather(stored(neighbors, [rows * width, 1]), rowAt(at), 0);
  const table = stored(codes, [rows, size]);
  const start = gather(table, rowAt(from), 0);
  const step = sub(gather(table, rowAt(to), 0), start);
  return add(start, mul(sub(place, floor(place)), step));
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
