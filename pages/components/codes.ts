/** Codes that are derived from others. */
import { sharedVariance } from '../../src/model/paths.js';
import type { Code } from './networks.js';

/**
 * Returns a code [M] with its distance from codes of images: the smallest share of its variance that it does not have
 * from an origin. An origin at a distance shares less. It has the class of all origins, or any if they differ.
 */
export function derivedCode(code: Float32Array, origins: readonly Code[]): Code {
  const [label = null, ...others] = new Set(origins.map((origin) => origin.label ?? null));
  return {
    code,
    label: others.length === 0 ? label : null,
    distance: Math.min(...origins.map((origin) => 1 - (1 - origin.distance) * sharedVariance(code, origin.code))),
  };
}
