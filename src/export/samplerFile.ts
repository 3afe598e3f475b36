import { normalizeAlongAxis1, type Prior } from '../age/prior.js';
import { type CodeDensity, EQUAL_STARTS, gaussianOfStarts, SAMPLE_NOISE, THUMBNAIL } from '../density/codeDensity.js';
import {
  abs,
  add,
  cast,
  concat,
  constant,
  cumSum,
  equal,
  exp,
  gather,
  type Graph,
  graphOf,
  greater,
  greaterOrEqual,
  input,
  matMul,
  min,
  mul,
  reduceMax,
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
 * Draws codes of samples as `drawSampleCodes` does: `uniform` [N, 3] in [0, 1) chooses a code, a neighbor, and a point
 * between both; `noise` [N, M], normal, moves it.
 */
export function samplerGraph({ density, prior, latentSize: size, condition }: Sampler, batch: number): Graph {
  const starts = density.logShares.length;
  const hasCodes = density.codes.length > 0;
  const uniform = input('uniform', [batch, 3]);
  const noise = input('noise', [batch, size]);
  const given = condition && input('condition', [batch, ...condition]);
  const summary = given && summaryOf(given);
  // Not a constant, because its shape depends on the batch.
  const zeros = mul(slice(uniform, 1, 0, 1), 0);
  const fromSummary = (table: Float32Array, shape: Shape) => (summary ? matMul(summary, stored(table, shape)) : zeros);
  const numbers = density.slopes.length / size;
  const likelihoods = transposedTable(density.logLikelihoods, numbers);
  const all = add(stored(density.logShares, [1, starts]), fromSummary(likelihoods, [numbers, starts]));
  const scores = hasCodes && summary ? min(all, largest(all, Math.min(EQUAL_STARTS, starts))) : all;
  const weights = exp(sub(scores, reduceMax(scores, [1])));
  const chosen = chooseBy(slice(uniform, 1, 0, 1), weights);
  const gaussian = tableRows(Float32Array.from(gaussianOfStarts(density)), 1, chosen);
  const factors = reshape(tableRows(density.factors, size ** 2, gaussian), [batch, size, size]);
  const offset = reshape(reduceSum(mul(factors, reshape(noise, [batch, 1, size])), [2]), [batch, size]);
  const start = hasCodes
    ? pointsBetween(density, chosen, weights, slice(uniform, 1, 1, 3))
    : tableRows(density.means, size, chosen);
  const center = add(start, fromSummary(density.slopes, [numbers, size]));
  const codes = add(center, mul(offset, hasCodes ? SAMPLE_NOISE : 1));
  const order = [uniform, noise, ...(given ? [given] : [])];
  return graphOf({ codes: prior === 'sphere' ? normalizeAlongAxis1(codes) : codes }, order);
}

/** The element of each row [batch, N] that is the `rank`th if these are sorted, largest first, [batch, 1]. */
function largest(rows: Value, rank: number): Value {
  const most = reduceMax(rows, [1]);
  if (rank === 1) return most;
  const isMost = cast(greaterOrEqual(rows, most), 'float32');
  const isFirst = mul(isMost, cast(equal(cumSum(isMost, 1), 1), 'float32'));
  return largest(sub(rows, mul(isFirst, BEYOND)), rank - 1);
}

/** More than any difference of elements. */
const BEYOND = 1e9;

/**
 * Points between codes and a neighbor of each, [batch, M].
 * @param chosen rows of codes, [batch, 1]
 * @param weights of all codes, [batch, N]
 * @param uniform [batch, 2]
 */
function pointsBetween({ codes, neighbors }: CodeDensity, chosen: Value, weights: Value, uniform: Value): Value {
  const [batch, rows] = weights.shape as [number, number];
  const [size, width] = [codes.length / rows, neighbors.length / rows];
  const near = tableRows(neighbors, width, chosen);
  // Float32 cannot count the weights of more than 4,000 samples.
  const firsts = cumSum(cast(add(mul(chosen, 0), rows), 'int64'), 0, { exclusive: true });
  const places = reshape(add(cast(near, 'int64'), firsts), [batch * width]);
  const nearWeights = gather(reshape(weights, [batch * rows, 1]), places, 0);
  const at = chooseBy(slice(uniform, 1, 0, 1), reshape(nearWeights, [batch, width]));
  const neighbor = tableRows(codes, size, tableRows(neighbors, 1, add(mul(chosen, width), at)));
  const code = tableRows(codes, size, chosen);
  return add(code, mul(slice(uniform, 1, 1, 2), sub(neighbor, code)));
}

const stored = (table: Float32Array, shape: Shape) => constant([...table], shape);

/** @param rows [batch, 1] */
const rowsAt = (table: Value, rows: Value) => gather(table, reshape(cast(rows, 'int64'), [rows.shape[0]!]), 0);

const tableRows = (table: Float32Array, width: number, rows: Value) =>
  rowsAt(stored(table, [table.length / width, width]), rows);

/** [S, D] to [D, S]. */
function transposedTable(table: Float32Array, columns: number) {
  const rows = table.length / Math.max(1, columns);
  return table.map((_, at) => table[(at % rows) * columns + Math.floor(at / rows)]!);
}

/**
 * Returns the first column at which the cumulative sum of weights exceeds a draw times their total, [batch, 1].
 * @param uniform [batch, 1]
 * @param weights [batch, N]
 */
function chooseBy(uniform: Value, weights: Value): Value {
  const isReached = greaterOrEqual(mul(uniform, reduceSum(weights, [1])), cumSum(weights, 1));
  // Rounding may leave the last sum below the draw.
  return min(reduceSum(cast(isReached, 'float32'), [1]), weights.shape[1]! - 1);
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
