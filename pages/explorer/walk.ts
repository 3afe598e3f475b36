/** Walks between two codes, of images or of the prior. */
import type { Prior } from '../../src/age/prior.js';
import { codeBetween } from '../../src/model/paths.js';
import type { Code } from './networks.js';

/**
 * The code at a position of the path between two codes. Its distance from codes of images is the share of its variance that does not come from
 * the nearest of them; between two images this is `distanceFromCodes`.
 * @param position 0 at the first code, 1 at the second
 */
export function codeOnWalk(prior: Prior, from: Code, to: Code, position: number): Code {
  const angle = (position * Math.PI) / 2;
  const [fromShare, toShare] = [Math.cos(angle) ** 2, Math.sin(angle) ** 2];
  const distance = Math.min(1 - (1 - from.distance) * fromShare, 1 - (1 - to.distance) * toShare);
  return { code: codeBetween(prior, from.code, to.code, position), distance };
}
