import { largestMagnitude } from './features.js';
import { dot } from './matrixProduct.js';

/** Also fills the gradient. */
export type SmoothFunction = (x: Float64Array, gradient: Float64Array) => number;

interface Point {
  x: Float64Array;
  gradient: Float64Array;
  value: number;
}

interface Pair {
  step: Float64Array;
  /** Of the gradient. */
  change: Float64Array;
  /** 1 / (step . change). */
  scale: number;
}

/** Fractions of the initial slope, in Armijo's condition and the weak Wolfe condition. */
const [MIN_DECREASE, MAX_SLOPE] = [1e-4, 0.9];
const LARGEST_TRIALS = 60;

/**
 * Minimizes a smooth function by limited-memory BFGS (Nocedal and Wright 2006, algorithm 7.5). Ends early if rounding
 * allows no decrease.
 * @param tolerance largest magnitude in the gradient at the end
 */
export function minimize(
  objective: SmoothFunction,
  start: Float64Array,
  { tolerance = 1e-7, iterations = 500, memory = 10 } = {},
) {
  const evaluate = (x: Float64Array): Point => {
    const gradient = new Float64Array(x.length);
    return { x, value: objective(x, gradient), gradient };
  };
  let point = evaluate(start.slice());
  let pairs: Pair[] = [];
  let iteration = 0;
  for (; iteration < iterations && largestMagnitude(point.gradient) > tolerance; iteration++) {
    const direction = quasiNewtonDirection(point.gradient, pairs);
    // Without pairs, the scale is unknown.
    const first = pairs.length > 0 ? 1 : Math.min(1, 1 / Math.sqrt(dot(direction, direction)));
    const next = lineSearch(evaluate, point, direction, first);
    if (next === undefined) {
      if (pairs.length === 0) break;
      pairs = [];
      continue;
    }
    const step = difference(next.x, point.x);
    const change = difference(next.gradient, point.gradient);
    const curvature = dot(step, change);
    if (curvature > 0) pairs = [...pairs, { step, change, scale: 1 / curvature }].slice(-memory);
    point = next;
  }
  return { x: point.x, value: point.value, slope: largestMagnitude(point.gradient), iterations: iteration };
}

/** By the two-loop recursion. */
function quasiNewtonDirection(gradient: Float64Array, pairs: readonly Pair[]) {
  let direction = gradient.map((slope) => -slope);
  const weights: number[] = [];
  for (const { step, change, scale } of pairs.toReversed()) {
    const weight = scale * dot(step, direction);
    weights.push(weight);
    addScaled(direction, change, -weight);
  }
  const newest = pairs.at(-1);
  const newestScale = newest === undefined ? 1 : 1 / (newest.scale * dot(newest.change, newest.change));
  direction = direction.map((value) => value * newestScale);
  for (const { step, change, scale } of pairs)
    addScaled(direction, step, weights.pop()! - scale * dot(change, direction));
  return direction;
}

/** Doubles and bisects until the weak Wolfe conditions hold (Lewis and Overton 2013). */
function lineSearch(
  evaluate: (x: Float64Array) => Point,
  from: Point,
  direction: Float64Array,
  first: number,
): Point | undefined {
  const slope = dot(from.gradient, direction);
  let [low, high, length] = [0, Infinity, first];
  let best: Point | undefined;
  for (let trial = 0; trial < LARGEST_TRIALS; trial++) {
    const x = from.x.slice();
    addScaled(x, direction, length);
    const point = evaluate(x);
    // Written so that NaN counts as too far.
    if (!(point.value < from.value + MIN_DECREASE * length * slope)) high = length;
    else if (dot(point.gradient, direction) < MAX_SLOPE * slope) [low, best] = [length, point];
    else return point;
    length = high === Infinity ? 2 * low : (low + high) / 2;
  }
  return best;
}

function addScaled(target: Float64Array, addend: Float64Array, scale: number) {
  for (let index = 0; index < target.length; index++) target[index]! += scale * addend[index]!;
}

const difference = (a: Float64Array, b: Float64Array) => a.map((value, index) => value - b[index]!);
