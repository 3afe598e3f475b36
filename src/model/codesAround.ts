import { drawCodes, normalizeInPlace, type Prior } from '../age/prior.js';
import { InputError } from '../errors.js';
import type { RandomStream } from '../random.js';

/**
 * Samples codes around a code: cos(s) code + sin(s) z with z from the prior and s = `spread` right angles, on the sphere normalized. Near
 * spread 0 this is the code itself, at spread 1 the whole prior. Under the normal prior, codes of the prior keep the prior's distribution.
 * @param code [M]; for the sphere of length 1
 * @param spread above 0, at most 1
 * @returns codes [count, M]
 * @throws {InputError} if the spread is out of range
 */
export function drawCodesAround(prior: Prior, code: Float32Array, spread: number, count: number, stream: RandomStream): Float32Array {
  if (!(spread > 0 && spread <= 1)) throw new InputError(`spread: expected a number above 0 and at most 1 but got ${spread}`);
  const latent = code.length;
  // cos(90 degrees) rounds to 6e-17, so that at spread 1 nothing of the code remains.
  const [kept, noise] = [Math.cos((spread * Math.PI) / 2), Math.sin((spread * Math.PI) / 2)];
  const codes = drawCodes(prior, count, latent, stream).map((draw, index) => kept * code[index % latent]! + noise * draw);
  if (prior === 'sphere') for (let start = 0; start < codes.length; start += latent) normalizeInPlace(codes.subarray(start, start + latent));
  return codes;
}
