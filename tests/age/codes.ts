/** Batches of codes for tests, row-major [count, latent]. */
import { normalizeInPlace } from '../../src/age/prior.js';
import { randomStream } from '../../src/random.js';

/** Codes around a point: normal samples for `spread` 1, all the same for 0. */
export function randomCodes(count: number, latent: number, seed: number, spread = 1): Float32Array {
  const center = randomStream(seed, 'centre').fillNormal(new Float32Array(latent));
  return randomStream(seed, 'codes')
    .fillNormal(new Float32Array(count * latent))
    .map((draw, index) => spread * draw + (1 - spread) * center[index % latent]!);
}

/** The same codes, each divided by its norm. */
export function onSphere(codes: Float32Array, latent: number): Float32Array {
  const copy = codes.slice();
  for (let start = 0; start < copy.length; start += latent) normalizeInPlace(copy.subarray(start, start + latent));
  return copy;
}

/** Both directions of every axis, `length` long: mean 0, and variance length^2 / latent in every coordinate. */
export const axisPairs = (latent: number, length = 1): Float32Array =>
  Float32Array.from({ length: 2 * latent * latent }, (_, index) => {
    const [code, coordinate] = [Math.floor(index / latent), index % latent];
    return Math.floor(code / 2) === coordinate ? (code % 2 === 0 ? length : -length) : 0;
  });

/** The rows of a batch. */
export const rowsOf = (codes: ArrayLike<number>, latent: number): number[][] =>
  Array.from({ length: codes.length / latent }, (_, row) =>
    Array.from({ length: latent }, (_, coordinate) => codes[row * latent + coordinate]!),
  );

export const normOf = (code: readonly number[]): number => Math.hypot(...code);
