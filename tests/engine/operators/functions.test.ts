import { describe, it } from 'vitest';
import {
  abs,
  add,
  ceil,
  clip,
  constant,
  cos,
  erf,
  exp,
  floor,
  gradients,
  graphOf,
  input,
  leakyRelu,
  log,
  neg,
  relu,
  round,
  sigmoid,
  sign,
  simplify,
  sin,
  sqrt,
  square,
  sumOf,
  tanh,
  type Value,
} from '../../../src/engine/index.js';
import { expectClose, expectSame, expectShapeError } from '../expectations.js';
import { expectRightGradients, gradientsAt, lossOf } from '../finiteDifferences.js';
import { forward, targets } from '../running.js';
import { random, randomAwayFromZero, tensor, type Tensor } from '../tensors.js';

interface Case {
  apply: (x: Value) => Value;
  element: (x: number) => number;
  /** Where the function is smooth. */
  x: Tensor;
}

function integrateDensity(x: number) {
  const steps = 1000;
  const terms = Array.from({ length: steps }, (_, step) => Math.exp(-((((step + 0.5) / steps) * x) ** 2)));
  return (2 / Math.sqrt(Math.PI)) * (x / steps) * terms.reduce((a, b) => a + b);
}

const anywhere = random([2, 3], 1, -2, 2);
const positive = random([2, 3], 2, 0.5, 3);
const awayFromZero = randomAwayFromZero([2, 3], 3, 0.5);

const functions: Record<string, Case> = {
  Neg: { apply: neg, element: (x) => -x, x: anywhere },
  Sign: { apply: sign, element: (x) => (x > 0 ? 1 : -1), x: awayFromZero },
  Abs: { apply: abs, element: (x) => (x > 0 ? x : -x), x: awayFromZero },
  Exp: { apply: exp, element: Math.exp, x: anywhere },
  Log: { apply: log, element: Math.log, x: positive },
  Sqrt: { apply: sqrt, element: Math.sqrt, x: positive },
  Sin: { apply: sin, element: Math.sin, x: anywhere },
  Cos: { apply: cos, element: Math.cos, x: anywhere },
  // Sums of the density over small steps.
  Erf: { apply: erf, element: integrateDensity, x: anywhere },
  Floor: { apply: floor, element: Math.floor, x: random([2, 3], 4, 1.1, 1.9) },
  Ceil: { apply: ceil, element: Math.ceil, x: random([2, 3], 4, -1.9, -1.1) },
  Round: { apply: round, element: Math.round, x: random([2, 3], 5, 0.6, 1.4) },
  Tanh: { apply: tanh, element: Math.tanh, x: anywhere },
  Sigmoid: { apply: sigmoid, element: (x) => 1 / (1 + Math.exp(-x)), x: anywhere },
  Relu: { apply: relu, element: (x) => (x > 0 ? x : 0), x: awayFromZero },
  LeakyRelu: { apply: (x) => leakyRelu(x, 0.2), element: (x) => (x > 0 ? x : 0.2 * x), x: awayFromZero },
  Clip: {
    apply: (x) => clip(x, -0.8, 1),
    element: (x) => (x < -0.8 ? -0.8 : x > 1 ? 1 : x),
    x: tensor([-2, -0.85, -0.75, 0.9, 1.1, 3], [2, 3]),
  },
  Mul: { apply: square, element: (x) => x * x, x: anywhere },
};

describe.each(Object.entries(functions))('%s', (name, { apply, element, x }) => {
  it('computes each element', async () => {
    expectClose(await forward(apply, [x]), tensor(Array.from(x.data, element), x.shape));
  });

  it('accepts a scalar', async () => {
    const scalar = tensor([x.data[4]!], []);
    expectClose(await forward(apply, [scalar]), tensor([element(scalar.data[0]!)], []));
    await expectRightGradients(apply, [scalar]);
  });

  it('has the correct gradient', async () => {
    await expectRightGradients(apply, [x]);
  });

  it('has the correct second derivative', async () => {
    await expectRightGradients((value) => gradients(lossOf(square(add(apply(value), 1))), [value])[0]!, [x]);
  });

  it('rejects bool', () => {
    expectShapeError(() => apply(input('x', [2, 3], 'bool')), name, 'bool [2, 3]');
  });
});

describe('constants', () => {
  it.each([
    ['Erf', erf, [-7, -2, -0.5, 0, 1e-3, 0.5, 3]],
    ['Round', round, [-1.5, -0.5, 0.5, 1.5, 2.5, 0.4]],
  ])('are folded to the elements that ONNX Runtime computes by %s', async (_, apply, elements) => {
    const x = tensor(elements);
    const folded = simplify(graphOf({ y: apply(constant(elements)) })).outputs.y;
    expectClose(folded as Tensor & Value, await forward(apply, [x]), 1e-6);
  });
});

describe.each(Object.entries(targets))('at kinks, lowered for %s,', (_, target) => {
  const gradientAt = async (apply: (x: Value) => Value, elements: readonly number[]) =>
    (await gradientsAt(apply, [tensor(elements)], { loss: sumOf, target }))[0]!;

  it('Relu has the gradient 0', async () => {
    expectSame(await gradientAt(relu, [-1, 0, -0, 2]), tensor([0, 0, 0, 1]));
  });

  it('LeakyRelu has the gradient alpha', async () => {
    expectSame(await gradientAt((x) => leakyRelu(x, 0.25), [-1, 0, -0, 2]), tensor([0.25, 0.25, 0.25, 1]));
  });

  it('LeakyRelu with alpha 0 has the gradient 0', async () => {
    expectSame(await gradientAt((x) => leakyRelu(x, 0), [-1, 0, 2]), tensor([0, 0, 1]));
  });

  it('LeakyRelu may be steeper for negative input', async () => {
    expectSame(await gradientAt((x) => leakyRelu(x, 3), [-1, 0, 2]), tensor([3, 3, 1]));
  });

  it('Abs has the gradient 0', async () => {
    expectSame(await gradientAt(abs, [-1, 0, 2]), tensor([-1, 0, 1]));
  });

  it('Clip has the gradient 0 at its limits', async () => {
    expectSame(await gradientAt((x) => clip(x, -1, 2), [-3, -1, 0, 2, 5]), tensor([0, 0, 1, 0, 0]));
  });

  it('Clip accepts infinite limits', async () => {
    expectSame(await gradientAt((x) => clip(x, -Infinity, 2), [-3, 5]), tensor([1, 0]));
  });

  it('Sign of 0 is 0', async () => {
    expectSame(await forward(sign, [tensor([-2, 0, 3])], target), tensor([-1, 0, 1]));
  });
});

describe('LeakyRelu', () => {
  it('rejects a negative slope, because its result would not determine the sign of its input', () => {
    expectShapeError(() => leakyRelu(input('x', [2]), -0.5), 'LeakyRelu', '-0.5');
    expectShapeError(() => leakyRelu(input('x', [2]), Number.NaN), 'LeakyRelu', 'NaN');
  });
});
