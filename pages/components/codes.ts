/** Codes that are derived from others. */
import { sharedVariance } from '../../src/model/paths.js';
import type { Code } from './networks.js';

/** Whether two codes or conditions are equal. */
export const isSameArray = (a: Float32Array | undefined, b: Float32Array | undefined): boolean =>
  a === b || (a?.length === b?.length && a?.every((value, at) => value === b![at]) === true);

/**
 * Returns a code [M] with its distance from codes of images: the smallest share of its variance that it does not have
 * from an origin. An origin at a distance shares less. It has the condition of all origins, or an unknown one if they differ.
 */
export function derivedCode(code: Float32Array, origins: readonly Code[]): Code {
  const [condition, ...others] = origins.map((origin) => origin.condition);
  const isShared = others.every((other) => isSameArray(other, condition));
  return {
    code,
    condition: isShared ? condition : undefined,
    distance: Math.min(...origins.map((origin) => 1 - (1 - origin.distance) * sharedVariance(code, origin.code))),
  };
}
