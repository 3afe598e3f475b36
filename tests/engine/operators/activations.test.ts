import { describe, expect, it } from 'vitest';
import {
  celu,
  elu,
  gelu,
  gradients,
  hardSigmoid,
  hardSwish,
  input,
  mish,
  prelu,
  selu,
  ShapeError,
  softplus,
  softsign,
  square,
  sumOf,
  thresholdedRelu,
  type Value,
} from '../../../src/engine/index.js';
import { expectClose, expectSame, expectShapeError } from '../expectations.js';
import { expectRightGradients, gradientsAt, lossOf } from '../finiteDifferences.js';
import { expectGenuine } from '../genuine.js';
import { forward, targets } from '../running.js';
import { random, randomAwayFromZero, tensor, type Tensor } from '../tensors.js';

interface Case {
  apply: (x: Value) => Value;
  /** Of ONNX's operator. */
  attributes?: Record<string, number>;
  /** Away from kinks; the gradient is tested here. */
  x?: Tensor;
}

const activations: Record<string, Case> = {
  HardSigmoid: { apply: (x) => hardSigmoid(x, 0.3, 0.4), attributes: { alpha: 0.3, beta: 0.4 } },
  HardSwish: { apply: hardSwish, x: tensor([-4, -3.2, -2.5, -0.1, 0.5, 2.8, 3.1, 5]) },
  Elu: { apply: (x) => elu(x, 0.7), attributes: { alpha: 0.7 } },
  Selu: { apply: selu },
  Celu: { apply: (x) => celu(x, 0.5), attributes: { alpha: 0.5 } },
  Softplus: { apply: softplus },
  Softsign: { apply: softsign },
  Mish: { apply: mish },
  ThresholdedRelu: { apply: (x) => thresholdedRelu(x, 0.9), attributes: { alpha: 0.9 } },
};

describe.each(Object.entries(activations))(
  '%s',
  (name, { apply, attributes = {}, x = randomAwayFromZero([2, 4], 1, 0.1) }) => {
    it('has the result of ONNX', async () => {
      const everywhere = random([3, 20], 2, -6, 6);
      await expectGenuine(apply, { name, attributes, floatAttributes: ['alpha', 'beta'] }, [everywhere]);
    });

    it('has the correct gradient', async () => {
      await expectRightGradients(apply, [x]);
    });

    it('has the correct second derivative', async () => {
      await expectRightGradients((value) => gradients(lossOf(square(apply(value))), [value])[0]!, [x]);
    });

    it('rejects integers', () => {
      expect(() => apply(input('x', [2], 'int64'))).toThrow(ShapeError);
    });
  },
);

describe('PRelu', () => {
  const x = randomAwayFromZero([2, 3, 2, 2], 1);
  const slope = random([3, 1, 1], 2);

  it('has the result of ONNX', async () => {
    await expectGenuine(prelu, { name: 'PRelu' }, [x, slope]);
  });

  it('has the correct gradients', async () => {
    await expectRightGradients(prelu, [x, slope]);
  });

  it('has the gradient of the slope at 0', async () => {
    const zeros = tensor([0, -0], [2]);
    expectSame((await gradientsAt(prelu, [zeros, tensor([0.5], [1])], { loss: sumOf }))[0]!, tensor([0.5, 0.5]));
  });
});

describe('Gelu', () => {
  it('is x times the probability that a normal variable is below x', async () => {
    // From a table of the normal distribution.
    const x = tensor([-2, -1, 0, 0.5, 1.5]);
    const expected = tensor([-2 * 0.02275013, -0.15865525, 0, 0.5 * 0.69146246, 1.5 * 0.9331928]);
    expectClose(await forward((value) => gelu(value), [x]), expected, 1e-6);
  });

  it('has an approximation by a hyperbolic tangent', async () => {
    const x = random([50], 1, -4, 4);
    const [exact, approximate] = [
      await forward((value) => gelu(value), [x]),
      await forward((value) => gelu(value, 'tanh'), [x]),
    ];
    expectClose(approximate, exact, 2e-4);
    expect(approximate.data).not.toEqual(exact.data);
  });

  it.each(['none', 'tanh'] as const)('has the correct derivatives with the approximation %s', async (approximate) => {
    const apply = (x: Value) => gelu(x, approximate);
    await expectRightGradients(apply, [random([2, 3], 1, -2, 2)]);
    await expectRightGradients((x) => gradients(lossOf(apply(x)), [x])[0]!, [random([2, 3], 1, -2, 2)]);
  });
});

it.each(Object.entries(targets))('beyond their limits, activations are flat for %s', async (_, target) => {
  const gradientAt = async (apply: (x: Value) => Value, elements: readonly number[]) =>
    (await gradientsAt(apply, [tensor(elements)], { loss: sumOf, target }))[0]!;
  expectClose(await gradientAt((x) => hardSigmoid(x), [-9, 0, 9]), tensor([0, 0.2, 0]));
  expectClose(await gradientAt(hardSwish, [-9, 0, 9]), tensor([0, 0.5, 1]));
  expectSame(await gradientAt((x) => elu(x), [0, 3]), tensor([1, 1]));
});

it('slopes must fit', () => {
  expectShapeError(() => prelu(input('x', [2, 3]), input('slope', [2])), 'Mul', '[2, 3]', '[2]');
});
