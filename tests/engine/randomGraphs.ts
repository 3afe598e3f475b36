/**
 * Random small graphs for property tests. They are smooth wherever finite differences look, by construction: what has a
 * kink is applied to numbers that were first moved away from it, and no step makes its result much steeper than its
 * operands.
 */
import fc from 'fast-check';
import {
  abs,
  add,
  argMin,
  batchNormalization,
  cast,
  clip,
  concat,
  constant,
  constantTensor,
  conv,
  convTranspose,
  div,
  exp,
  expand,
  greater,
  leakyRelu,
  log,
  matMul,
  meanOf,
  mul,
  neg,
  pad,
  reduceMax,
  reduceMean,
  reduceMin,
  reduceSum,
  relu,
  reshape,
  type Shape,
  sigmoid,
  sign,
  sizeOf,
  slice,
  sqrt,
  square,
  sub,
  tanh,
  topologicalOrder,
  transpose,
  transposeMatrix,
  type Value,
  where,
} from '../../src/engine/index.js';
import { broadcastShapes } from '../../src/engine/shape.js';
import type { Build } from './running.js';
import { random, randomDistinct, type Tensor, uniform } from './tensors.js';

/** Steps whose results would be larger are left out. */
const LARGEST = 48;

/** Chooses the details of a step. */
interface Choice {
  /** A whole number from 0 to `count` - 1. */
  below: (count: number) => number;
  seed: number;
}

/** Makes a new value of two earlier ones, or undefined where it cannot. */
type Step = (x: Value, y: Value, choice: Choice) => Value | undefined;

/** x in (-1, 1) moved to one of several places, a different one for each element. */
const placed = (x: Value, places: readonly number[], { seed }: Choice): Value => {
  const chosen = uniform(sizeOf(x.shape), seed).map((part) => places[Math.floor(part * places.length)]!);
  return add(tanh(x), constant(chosen, x.shape));
};

/** Numbers at least 0.5 away from 0, on either side of it. */
const awayFromZero = (x: Value, choice: Choice): Value => placed(x, [-1.5, 1.5], choice);

/**
 * Numbers no two of which can meet. Of few only: many would lie so far out that float32 keeps little of what moves
 * them.
 */
const apart = (x: Value, { seed }: Choice): Value | undefined => {
  if (sizeOf(x.shape) > 12) return undefined;
  const distinct = Array.from(randomDistinct(x.shape, seed).data);
  return add(
    tanh(x),
    constant(
      distinct.map((element) => element * 2 * distinct.length),
      x.shape,
    ),
  );
};

/** Numbers in (0.5, 1.5), to divide by. */
const positive = (x: Value): Value => add(sigmoid(x), 0.5);

/** y itself where it can be broadcast against x, else its mean. */
const fitting = (x: Value, y: Value): Value => (broadcastShapes(x.shape, y.shape) === undefined ? meanOf(y) : y);

/** Weights that keep the size of what they are multiplied with, and depend on y. */
const weights = (shape: Shape, fanIn: number, y: Value, { seed }: Choice): Value =>
  mul(constantTensor(random(shape, seed, -1 / fanIn, 1 / fanIn)), positive(meanOf(y)));

const someAxes = (x: Value, { below }: Choice): number[] => x.shape.map((_, axis) => axis).filter(() => below(2) === 1);

function extreme(reduce: typeof reduceMax, x: Value, choice: Choice): Value | undefined {
  const distinct = apart(x, choice);
  const axes = someAxes(x, choice);
  return distinct === undefined || axes.length === 0
    ? undefined
    : reduce(distinct, axes, { keepAxes: choice.below(2) === 1 });
}

/** x with four axes, if it has no more. */
const image = (x: Value): Value | undefined =>
  x.shape.length > 4
    ? undefined
    : reshape(x, [...new Array<number>(Math.max(0, 4 - x.shape.length)).fill(1), ...x.shape]);

const geometry = ({ below }: Choice) =>
  ({ strides: [1 + below(2), 1 + below(2)], pads: [below(2), below(2), below(2), below(2)] }) as const;

const smooth: Step[] = [
  neg,
  tanh,
  sigmoid,
  (x) => exp(tanh(x)),
  (x) => log(positive(x)),
  (x) => sqrt(positive(x)),
  (x) => div(1, positive(x)),
  (x) => square(tanh(x)),
  (x, y) => add(x, fitting(x, y)),
  (x, y) => sub(fitting(x, y), x),
  (x, y) => mul(tanh(x), tanh(fitting(x, y))),
  (x, y) => div(x, positive(fitting(x, y))),
];

const kinked: Step[] = [
  (x, _, choice) => relu(awayFromZero(x, choice)),
  (x, _, choice) => leakyRelu(awayFromZero(x, choice), [0.2, 0.5, 0, 2][choice.below(4)]!),
  (x, _, choice) => abs(awayFromZero(x, choice)),
  (x, y, choice) => mul(sign(awayFromZero(x, choice)), fitting(x, y)),
  (x, _, choice) => clip(placed(x, [-3, 0, 3], choice), -1.5, 1.5),
  (x, y, choice) => where(greater(awayFromZero(x, choice), 0), x, fitting(x, y)),
  (x, _, choice) => extreme(reduceMax, x, choice),
  (x, _, choice) => extreme(reduceMin, x, choice),
  (x, _, choice) => {
    const distinct = apart(x, choice);
    return distinct === undefined || x.shape.length === 0
      ? undefined
      : mul(x, cast(argMin(distinct, choice.below(x.shape.length)), 'float32'));
  },
];

const shaping: Step[] = [
  (x, _, { below }) =>
    reshape(x, [[sizeOf(x.shape)], [1, ...x.shape], [...x.shape, 1], [...x.shape].reverse()][below(4)]!),
  (x, _, { below }) => {
    const shift = below(Math.max(1, x.shape.length));
    return transpose(
      x,
      x.shape.map((__, axis) => (axis + shift) % x.shape.length),
    );
  },
  (x) => expand(x, [2, ...x.shape]),
  (x, y, { below }) => {
    if (x.shape.length === 0) return undefined;
    const other = y.shape.join() === x.shape.join() ? y : square(tanh(x));
    return concat([x, other], below(x.shape.length));
  },
  (x, _, { below }) => {
    if (x.shape.length === 0) return undefined;
    const axis = below(x.shape.length);
    const start = below(x.shape[axis]!);
    return slice(x, axis, start, start + 1 + below(x.shape[axis]! - start), 1 + below(3));
  },
  (x, _, { below }) =>
    pad(
      x,
      x.shape.map(() => below(2)),
      x.shape.map(() => below(2)),
    ),
];

const linear: Step[] = [
  (x, _, choice) => mul(reduceSum(x, someAxes(x, choice), { keepAxes: choice.below(2) === 1 }), 1 / sizeOf(x.shape)),
  (x, _, choice) => reduceMean(x, someAxes(x, choice), { keepAxes: choice.below(2) === 1 }),
  (x, y, choice) =>
    x.shape.length < 2 ? undefined : matMul(x, weights([x.shape.at(-1)!, 2], x.shape.at(-1)!, y, choice)),
  (x) => (x.shape.length < 2 ? undefined : mul(matMul(transposeMatrix(tanh(x)), x), 1 / x.shape.at(-2)!)),
  (x, y, choice) => {
    const data = image(x);
    if (data === undefined) return undefined;
    const [, channels, height, width] = data.shape;
    const kernel = [2, channels!, Math.min(height!, 1 + choice.below(2)), Math.min(width!, 1 + choice.below(2))];
    return conv(data, weights(kernel, 4 * channels!, y, choice), geometry(choice));
  },
  (x, y, choice) => {
    const data = image(x);
    if (data === undefined) return undefined;
    const channels = data.shape[1]!;
    const { strides, pads } = geometry(choice);
    const outputPadding = [choice.below(strides[0]), choice.below(strides[1])] as const;
    return convTranspose(data, weights([channels, 2, 3, 3], 9 * channels, y, choice), { strides, pads, outputPadding });
  },
  (x, y, choice) => {
    const channels = x.shape[1];
    if (channels === undefined) return undefined;
    return batchNormalization(x, add(weights([channels], 1, y, choice), 1), weights([channels], 2, y, choice), 0.5);
  },
];

const steps: readonly Step[] = [...smooth, ...kinked, ...shaping, ...linear];

interface StepPlan {
  step: number;
  x: number;
  y: number;
  seed: number;
}

export interface RandomGraph {
  /** How it is built, for the message of a failure. */
  plan: readonly StepPlan[];
  tensors: readonly Tensor[];
  /** A vector of everything that was built and that nothing else was built from. */
  build: Build;
}

const shapes = fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 4 }).filter((shape) => sizeOf(shape) <= 12);
const plans: fc.Arbitrary<StepPlan[]> = fc.array(
  fc.record({ step: fc.nat(steps.length - 1), x: fc.nat(20), y: fc.nat(20), seed: fc.nat(1_000_000) }),
  {
    minLength: 1,
    maxLength: 7,
  },
);

/** Random graphs of two inputs. */
export const randomGraphs: fc.Arbitrary<RandomGraph> = fc
  .record({ shapes: fc.tuple(shapes, shapes), seed: fc.nat(1000), plan: plans })
  .map((drawn) => ({
    tensors: drawn.shapes.map((shape, index) => random(shape, drawn.seed + index)),
    plan: drawn.plan,
    build: (...inputs) => follow(drawn.plan, inputs),
  }));

function follow(plan: readonly StepPlan[], inputs: readonly Value[]): Value {
  const values = [...inputs];
  // Counted from the newest, so that steps build on each other more often than not.
  const recent = (back: number): Value => values[values.length - 1 - (back % values.length)]!;
  for (const { step, x, y, seed } of plan) {
    const value = steps[step]!(recent(x), recent(y), choiceOf(seed));
    if (value !== undefined && sizeOf(value.shape) <= LARGEST) values.push(value);
  }
  const used = new Set(topologicalOrder(values).flatMap((value) => (value.kind === 'computed' ? value.inputs : [])));
  const ends = values.filter((value) => !used.has(value));
  return concat(
    ends.map((value) => reshape(value, [sizeOf(value.shape)])),
    0,
  );
}

function choiceOf(seed: number): Choice {
  let rest = seed;
  return {
    seed,
    below: (count) => {
      const chosen = rest % count;
      rest = Math.floor(rest / count);
      return chosen;
    },
  };
}
