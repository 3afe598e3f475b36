/** A plane that touches the sphere at a code, and the exponential map from the plane to the sphere. */
import type { Prior } from '../../../src/age/prior.js';
import { tangentAt } from '../../../src/model/paths.js';
import { randomStream } from '../../../src/random.js';
import { derivedCode } from '../codes.js';
import type { Code } from '../networks.js';

export interface TangentPlane {
  origin: Code;
  /** Orthonormal directions [M], both orthogonal to the origin. */
  right: Float64Array;
  up: Float64Array;
}

/** Draws two directions at a code. */
export function drawTangentPlane(origin: Code, seed: number): TangentPlane {
  const stream = randomStream(seed, 'tangent plane');
  const draw = (): Float64Array => tangentAt(origin.code, stream.fillNormal(new Float32Array(origin.code.length)));
  const right = normalized(draw());
  const other = draw();
  const inner = other.reduce((sum, value, index) => sum + value * right[index]!, 0);
  return { origin, right, up: normalized(other.map((value, index) => value - inner * right[index]!)) };
}

/**
 * Maps a point of the plane to a code. On the sphere, its distance from the center becomes the length of a great arc in
 * radians. Under the normal prior, the code moves straight, by its norm per unit.
 */
export function codeOnPlane(prior: Prior, { origin, right, up }: TangentPlane, x: number, y: number): Code {
  const radius = Math.hypot(x, y);
  if (radius === 0) return origin;
  const [stay, go] =
    prior === 'sphere' ? [Math.cos(radius), Math.sin(radius) / radius] : [1, Math.hypot(...origin.code)];
  const code = origin.code.map((value, index) => stay * value + go * (x * right[index]! + y * up[index]!));
  return derivedCode(code, [origin]);
}

function normalized(vector: Float64Array): Float64Array {
  const norm = Math.hypot(...vector);
  return vector.map((value) => value / norm);
}
