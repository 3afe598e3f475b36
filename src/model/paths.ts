import { InputError } from '../errors.js';
import { normalizeInPlace, type Prior } from '../age/prior.js';
import { interpolateCodes } from './slerp.js';

/** Codes whose directions span less than this (or whose opposites do) lie on more than one great circle. */
const LEAST_SINE = 1e-5;

/**
 * `steps` codes around the great circle through a and b, evenly, beginning with a and going on towards b the shorter way. The step
 * after the last is the first again.
 * @param a,b codes [M] of length 1
 * @returns codes [steps, M] of length 1
 * @throws InputError for codes that are equal or opposite, through which there are many great circles
 */
export function greatCircle(a: Float32Array, b: Float32Array, steps: number): Float32Array {
  const latent = a.length;
  const across = tangentAt(a, b);
  const sine = Math.hypot(...across);
  if (sine < LEAST_SINE) throw new InputError('great circle: the two codes are equal or opposite, and many circles go through both; take other images');
  const circle = new Float32Array(steps * latent);
  for (let step = 0; step < steps; step++) {
    const angle = (2 * Math.PI * step) / steps;
    const [along, aside] = [Math.cos(angle), Math.sin(angle) / sine];
    for (let index = 0; index < latent; index++) circle[step * latent + index] = along * a[index]! + aside * across[index]!;
  }
  return circle;
}

/**
 * What of a direction is tangent to the sphere at a code: the direction minus its part along the code.
 * @param code [M] of length 1
 * @param direction [M] of any length
 */
export function tangentAt(code: Float32Array, direction: Float32Array): Float64Array {
  // In double precision, and divided by the code's own square, so that rounding in its length leaves nothing along it.
  let [inner, square] = [0, 0];
  for (let index = 0; index < code.length; index++) {
    inner += code[index]! * direction[index]!;
    square += code[index]! ** 2;
  }
  return Float64Array.from(direction, (value, index) => value - (inner / square) * code[index]!);
}

/**
 * A path from point to point, with `steps` codes from each to the next, both included; on the sphere along great arcs.
 * @param points codes [P, M], P >= 2
 * @param closed whether it leads back from the last point to the first; then the step after the last is the first again
 * @returns codes [(P - 1) (steps - 1) + 1, M], or [P (steps - 1), M] of a closed path
 * @throws InputError for fewer than two points or steps
 */
export function pathThrough(prior: Prior, points: Float32Array, latent: number, steps: number, closed = false): Float32Array {
  const count = points.length / latent;
  if (!(Number.isInteger(count) && count >= 2)) throw new InputError(`path: there are ${count} points, but at least 2 are needed`);
  if (!(Number.isInteger(steps) && steps >= 2)) throw new InputError(`path: there are ${steps} steps from point to point, but at least 2 are needed`);
  const point = (index: number) => points.subarray((index % count) * latent, ((index % count) + 1) * latent);
  const legs = closed ? count : count - 1;
  const path = new Float32Array((legs * (steps - 1) + (closed ? 0 : 1)) * latent);
  for (let leg = 0; leg < legs; leg++) {
    // Each leg ends where the next begins, which is kept once.
    const codes = interpolateCodes(prior, point(leg), point(leg + 1), steps);
    path.set(closed && leg === legs - 1 ? codes.subarray(0, -latent) : codes, leg * (steps - 1) * latent);
  }
  return path;
}

/**
 * Moves codes along a direction. On the sphere each goes on its own great arc towards the direction, by an angle: code z becomes
 * cos(amount) z + sin(amount) t, where t is the unit tangent at z towards the direction, so that all move equally far wherever they are,
 * and the direction's length does not matter. A negative angle moves away from it. Under the normal prior `amount` times the direction
 * is added.
 * @param codes [N, M]; for the sphere of length 1
 * @param direction [M]
 * @param amount on the sphere an angle in radians, else a factor; 0 changes nothing
 * @returns codes [N, M]
 * @throws InputError for a direction of another length or without a direction, an amount that is not finite, and on the sphere for a
 * code that lies on the direction or opposite to it, where every tangent leads as near
 */
export function moveCodes(prior: Prior, codes: Float32Array, direction: Float32Array, amount: number): Float32Array {
  const latent = direction.length;
  if (latent === 0 || codes.length % latent !== 0) throw new InputError(`direction: has ${latent} coordinates, which does not fit the codes`);
  if (!Number.isFinite(amount)) throw new InputError(`amount: is ${amount}, but must be finite`);
  if (prior === 'normal') return codes.map((value, index) => value + amount * direction[index % latent]!);
  const unit = direction.slice();
  normalizeInPlace(unit);
  if (!(Math.abs(Math.hypot(...unit) - 1) < 1e-3)) throw new InputError('direction: it has no length, and leads nowhere');
  const moved = codes.slice();
  if (amount === 0) return moved;
  const [stay, go] = [Math.cos(amount), Math.sin(amount)];
  for (let start = 0; start < codes.length; start += latent) {
    const code = moved.subarray(start, start + latent);
    const tangent = tangentAt(code, unit);
    const length = Math.hypot(...tangent);
    if (length < LEAST_SINE) throw new InputError(`code ${start / latent}: lies on the direction or opposite to it, and cannot move along it`);
    for (let index = 0; index < latent; index++) code[index] = stay * code[index]! + (go / length) * tangent[index]!;
  }
  return moved;
}
