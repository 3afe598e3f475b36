import type { Prior } from '../age/prior.js';
import { InputError } from '../errors.js';
import type { RandomStream } from '../random.js';
import { concentrationOf, drawVonMisesFisher } from '../numerics/vonMisesFisher.js';

/**
 * Draws codes around one, from a point (spread near 0) to the whole prior (spread 1). On the sphere these are von Mises-Fisher draws
 * whose mean angle to the code is about `spread` right angles (`concentrationOf`). Under the normal prior a draw is
 * cos(s) code + sin(s) noise with s = spread x 90 degrees and standard normal noise, which turns towards the noise by the same angle and
 * leaves codes of the prior with the prior's distribution.
 * @param code [M]
 * @param spread above 0, at most 1
 * @returns codes [count, M]
 * @throws InputError for a spread outside of its range
 */
export function drawCodesAround(prior: Prior, code: Float32Array, spread: number, count: number, stream: RandomStream): Float32Array {
  if (!(spread > 0 && spread <= 1)) throw new InputError(`spread: is ${spread}, but must be above 0 and at most 1`);
  if (prior === 'sphere') return drawVonMisesFisher(code, concentrationOf(spread, code.length), count, stream);
  const angle = (spread * Math.PI) / 2;
  const noise = stream.fillNormal(new Float32Array(count * code.length));
  return noise.map((draw, index) => Math.cos(angle) * code[index % code.length]! + Math.sin(angle) * draw);
}
