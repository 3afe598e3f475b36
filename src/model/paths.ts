import { drawCodes, normalizeRows, type Prior } from '../age/prior.js';
import { InputError } from '../errors.js';
import { dot } from '../numerics/matrixProduct.js';
import type { RandomStream } from '../random.js';

/** Codes that are nearer, or nearer to being opposite, have no stable arc between them. */
const MIN_ANGLE = 1e-6;

/**
 * Divides the shorter great arc from a to b evenly, or the line under the normal prior.
 * @param a code [M], as b; on the sphere of length 1
 * @param steps codes to return, a and b included
 */
export function interpolateCodes(prior: Prior, a: Float32Array, b: Float32Array, steps: number): Float32Array {
  const path = new Float32Array(steps * a.length);
  for (let step = 0; step < steps; step++) path.set(codeBetween(prior, a, b, step / (steps - 1)), step * a.length);
  return path;
}

/** From a (0) to b (1). */
export function codeBetween(prior: Prior, a: Float32Array, b: Float32Array, position: number): Float32Array {
  const [fromA, fromB] = prior === 'sphere' ? slerpWeights(a, b, position) : [1 - position, position];
  return a.map((value, coordinate) => fromA * value + fromB * b[coordinate]!);
}

/** The share of a code's variance, 0 to 1, that is not from the nearest of some codes [M]. */
export function distanceFromCodes(code: ArrayLike<number>, codes: readonly ArrayLike<number>[]): number {
  return 1 - Math.max(...codes.map((other) => sharedVariance(code, other)));
}

/** The squared cosine of an angle between codes [M], or 0 beyond a right angle. */
export function sharedVariance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return Math.min(1, Math.max(0, dot(a, b)) ** 2 / (dot(a, a) * dot(b, b)));
}

function slerpWeights(a: Float32Array, b: Float32Array, position: number): [number, number] {
  // From chords, because the cosine loses precision.
  const apart = Math.hypot(...a.map((value, index) => value - b[index]!));
  const together = Math.hypot(...a.map((value, index) => value + b[index]!));
  const angle = 2 * Math.atan2(apart, together);
  if (angle < MIN_ANGLE) return [1 - position, position];
  if (Math.PI - angle < MIN_ANGLE)
    throw new Error('interpolation: the codes are opposite, so no great arc between them is the shortest');
  return [Math.sin((1 - position) * angle) / Math.sin(angle), Math.sin(position * angle) / Math.sin(angle)];
}

/** Codes that span less, or whose opposites do, lie on many great circles. */
export const MIN_SINE = 1e-5;

/**
 * Divides the great circle through a and b evenly, from a towards b the shorter way.
 * @param a code [M] of length 1, as b
 * @returns codes [steps, M]
 * @throws {InputError} for equal or opposite codes, through which there are many great circles
 */
export function greatCircle(a: Float32Array, b: Float32Array, steps: number): Float32Array {
  const latent = a.length;
  const across = tangentAt(a, b);
  const sine = Math.hypot(...across);
  if (sine < MIN_SINE)
    throw new InputError(
      'great circle',
      'the two codes are equal or opposite, so many circles go through both',
      'choose different images',
    );
  const circle = new Float32Array(steps * latent);
  for (let step = 0; step < steps; step++) {
    const angle = (2 * Math.PI * step) / steps;
    const [along, aside] = [Math.cos(angle), Math.sin(angle) / sine];
    for (let index = 0; index < latent; index++)
      circle[step * latent + index] = along * a[index]! + aside * across[index]!;
  }
  return circle;
}

/** The direction [M] minus its part along the code [M]. */
export function tangentAt(code: Float32Array, direction: Float32Array): Float64Array {
  // Divided by the code's square, so that rounding of its length leaves nothing along it.
  const share = dot(code, direction) / dot(code, code);
  return Float64Array.from(direction, (value, index) => value - share * code[index]!);
}

/**
 * Returns a path through points, on the sphere along great arcs.
 * @param points codes [P, M], P >= 2
 * @param steps codes from each point to the next, both included
 * @param closed whether it leads back to the first point, without repeating it
 * @returns codes [(P - 1) (steps - 1) + 1, M], or [P (steps - 1), M] of a closed path
 * @throws {InputError} for fewer than two points or steps
 */
export function pathThrough(
  prior: Prior,
  points: Float32Array,
  latent: number,
  steps: number,
  closed = false,
): Float32Array {
  const count = points.length / latent;
  if (!(Number.isInteger(count) && count >= 2))
    throw new InputError('path', `expected at least 2 points, but got ${count}`);
  if (!(Number.isInteger(steps) && steps >= 2))
    throw new InputError('path', `expected at least 2 steps between points, but got ${steps}`);
  const point = (index: number) => points.subarray((index % count) * latent, ((index % count) + 1) * latent);
  const segments = closed ? count : count - 1;
  const path = new Float32Array((segments * (steps - 1) + (closed ? 0 : 1)) * latent);
  for (let segment = 0; segment < segments; segment++) {
    const codes = interpolateCodes(prior, point(segment), point(segment + 1), steps);
    path.set(closed && segment === segments - 1 ? codes.subarray(0, -latent) : codes, segment * (steps - 1) * latent);
  }
  return path;
}

/**
 * Samples cos(s) code + sin(s) z with z from the prior and s = `spread` right angles, normalized on the sphere.
 * @param code [M]; on the sphere of length 1
 * @param spread from above 0, the code itself, to 1, the prior
 * @returns codes [count, M]
 * @throws {InputError} if the spread is out of range
 */
export function drawCodesAround(
  prior: Prior,
  code: Float32Array,
  spread: number,
  count: number,
  stream: RandomStream,
): Float32Array {
  if (!(spread > 0 && spread <= 1))
    throw new InputError('spread', `expected a number above 0 and at most 1 but got ${spread}`);
  const latent = code.length;
  // At spread 1, 6e-17 of the code remains.
  const [kept, noise] = [Math.cos((spread * Math.PI) / 2), Math.sin((spread * Math.PI) / 2)];
  const codes = drawCodes(prior, count, latent, stream).map(
    (draw, index) => kept * code[index % latent]! + noise * draw,
  );
  return prior === 'sphere' ? normalizeRows(codes, latent) : codes;
}
