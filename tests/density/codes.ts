/** Codes on the sphere in groups around random directions. */
import { normalizeRows, type Prior } from '../../src/age/prior.js';
import { type CodeDensity, summarize } from '../../src/density/codeDensity.js';
import { recenter } from '../../src/density/recentering.js';
import { fitDensity } from '../../src/density/fitDensity.js';
import { randomStream } from '../../src/random.js';

export const SIZE = 6;

/** @returns codes [count, 6] of as many groups, in turn */
export function groupedCodes(count: number, groups: number, spread: number): Float32Array {
  const centers = normalizeRows(randomStream(3, 'groups').fillNormal(new Float32Array(groups * SIZE)), SIZE);
  const noise = randomStream(4, 'noise').fillNormal(new Float32Array(count * SIZE));
  const codes = noise.map(
    (value, at) => spread * value + centers[(Math.floor(at / SIZE) % groups) * SIZE + (at % SIZE)]!,
  );
  return normalizeRows(codes, SIZE);
}

export const rowsOf = (codes: Float32Array): Float32Array[] =>
  Array.from({ length: codes.length / SIZE }, (_, row) => codes.subarray(row * SIZE, (row + 1) * SIZE));

/** Codes as the networks have them, of a density's own, with conditions y [N, K]; or with 1 the inverse. */
export function networkCodes(
  { density, prior }: { density: CodeDensity; prior: Prior },
  codes: Float32Array,
  y: Float32Array,
  sign: 1 | -1 = -1,
): Float32Array {
  return recenter(prior, density.centers, { data: codes, width: SIZE }, y, sign);
}

/** The cosine of each of `codes` with the nearest of others. */
export const nearestCosines = (codes: Float32Array, others: Float32Array): number[] =>
  rowsOf(codes).map((code) =>
    Math.max(...rowsOf(others).map((other) => code.reduce((sum, value, at) => sum + value * other[at]!, 0))),
  );

/** As earlier builds saved it: samples start at means of Gaussians. */
export function withoutCodes({ counts, ...density }: CodeDensity): CodeDensity {
  const count = counts.reduce((sum, each) => sum + each, 0);
  const none = new Float32Array(0);
  const logShares = counts.map((each) => Math.log(each / count));
  return { ...density, counts: none, codes: none, neighbors: none, logShares, logLikelihoods: none };
}

/** Of codes of 8 numbers, with a direction per class. */
export function densityByClass(): CodeDensity {
  const noise = randomStream(1, 'codes').fillNormal(new Float32Array(300 * 8));
  const codes = noise.map((value, at) => value + (at % 8 === Math.floor(at / 8) % 3 ? 5 : 0));
  const y = Float32Array.from({ length: 300 * 3 }, (_, at) => (at % 3 === Math.floor(at / 3) % 3 ? 1 : 0));
  const summaries = { data: summarize({ shape: [3] }, y), width: 4 };
  const unconditional = { codes: { data: normalizeRows(codes, 8), width: 8 }, conditions: { data: y, width: 3 } };
  return fitDensity({
    codes: unconditional.codes,
    summaries,
    parts: [{ classes: 3 }],
    unconditional,
  });
}
