/** Codes that are derived from others. */
import { sharedVariance } from '../../src/model/paths.js';
import type { Code } from './networks.js';

/**
 * Returns a code with its distance from codes of images: the smallest share of its variance that does not come from one of the codes that it is
 * derived from. An origin that is itself at a distance shares less.
 * @param code [M]
 */
export function derivedCode(code: Float32Array, origins: readonly Code[]): Code {
  return {
    code,
    distance: Math.min(...origins.map((origin) => 1 - (1 - origin.distance) * sharedVariance(code, origin.code))),
  };
}
