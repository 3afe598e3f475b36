import type { Prior } from '../age/prior.js';

/** Two codes nearer to each other than this (or to being opposite) have no stable arc between them. */
const LEAST_ANGLE = 1e-6;

/**
 * `steps` codes from a to b, both included, one after another. On the sphere they divide the shorter great arc evenly (spherical
 * linear interpolation); under the normal prior they divide the straight line.
 * @param a,b codes [M]; for the sphere of length 1
 */
export function interpolateCodes(prior: Prior, a: Float32Array, b: Float32Array, steps: number): Float32Array {
  const path = new Float32Array(steps * a.length);
  for (let step = 0; step < steps; step++) {
    const [fromA, fromB] = prior === 'sphere' ? slerpWeights(a, b, step / (steps - 1)) : [1 - step / (steps - 1), step / (steps - 1)];
    for (let coordinate = 0; coordinate < a.length; coordinate++) path[step * a.length + coordinate] = fromA * a[coordinate]! + fromB * b[coordinate]!;
  }
  return path;
}

function slerpWeights(a: Float32Array, b: Float32Array, position: number): [number, number] {
  // From both chords, since the cosine has lost its digits where codes are near each other or opposite.
  const apart = Math.hypot(...a.map((value, index) => value - b[index]!));
  const together = Math.hypot(...a.map((value, index) => value + b[index]!));
  const angle = 2 * Math.atan2(apart, together);
  if (angle < LEAST_ANGLE) return [1 - position, position];
  if (Math.PI - angle < LEAST_ANGLE) throw new Error('interpolation: the codes are opposite, so no great arc between them is the shortest');
  return [Math.sin((1 - position) * angle) / Math.sin(angle), Math.sin(position * angle) / Math.sin(angle)];
}
