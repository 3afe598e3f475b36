/** Codes that are derived from others. */
import { sharedVariance } from '../../src/model/paths.js';
import type { Code } from './networks.js';

/**
 * Returns a code [M] with its distance from codes of images: the smallest share of its variance that it does not have
 * from an origin. An origin at a distance shares less. It has the condition of all origins, or an unknown one if they differ.
 */
export function derivedCode(code: Float32Array, origins: readonly Code[]): Code {
  const [condition, ...others] = origins.map((origin) => origin.condition);
  const isShared = others.every((other) => String(other) === String(condition));
  return {
    code,
    condition: isShared ? condition : undefined,
    distance: Math.min(...origins.map((origin) => 1 - (1 - origin.distance) * sharedVariance(code, origin.code))),
  };
}
