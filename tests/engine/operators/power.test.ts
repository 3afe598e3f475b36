import { describe, expect, it } from 'vitest';
import { constant, gradients, input, pow, reciprocal, square, sumOf, type Value } from '../../../src/engine/index.js';
import { expectClose, expectSame, expectShapeError } from '../expectations.js';
import { expectRightGradients, gradientsAt, lossOf } from '../finiteDifferences.js';
import { expectGenuine } from '../genuine.js';
import { operatorsOf } from '../running.js';
import { random, randomAwayFromZero, tensor } from '../tensors.js';

describe('Pow', () => {
  const tensors = [random([2, 3], 1, 0.5, 2), random([3], 2, -2, 2)];

  it('has the result of ONNX', async () => {
    await expectGenuine(pow, { name: 'Pow' }, tensors);
  });

  it('has the correct gradients with respect to base and exponent', async () => {
    await expectRightGradients(pow, tensors);
  });

  it('has the correct second derivatives', async () => {
    for (const which of [0, 1])
      await expectRightGradients(
        (...inputs) => gradients(lossOf(square(pow(inputs[0]!, inputs[1]!))), inputs)[which]!,
        tensors,
      );
  });

  it.each([-1, -0.5, 0.5, 1, 1.5, 2, 3])(
    'has the result and gradient of ONNX for the exponent %d',
    async (exponent) => {
      const x = random([2, 3], 3, 0.5, 2);
      const build = (value: Value) => pow(value, exponent);
      await expectGenuine(build, { name: 'Pow', more: [constant(exponent)] }, [x]);
      await expectRightGradients(build, [x]);
    },
  );

  it('accepts negative bases with whole exponents', async () => {
    const x = randomAwayFromZero([2, 3], 4);
    await expectGenuine((value) => pow(value, 4), { name: 'Pow', more: [constant(4)] }, [x]);
    await expectRightGradients((value) => pow(value, 4), [x]);
    await expectRightGradients((value) => pow(value, 3), [x]);
  });

  it('has the gradients of PyTorch where factors are infinite', async () => {
    const [base, exponent] = await gradientsAt(pow, [tensor([0, 0, -1]), tensor([0, 2, 2])], { loss: sumOf });
    expectSame(base!, tensor([0, 0, -2]));
    expectClose(exponent!, tensor([0, 0, 0]));
  });

  it('of common exponents is computed by multiplication', () => {
    const x = input('x', [2]);
    expect(pow(x, 1)).toBe(x);
    expect(operatorsOf(pow(x, 2))).toEqual(['Mul']);
    expect(operatorsOf(pow(x, constant(0.5)))).toEqual(['Sqrt']);
  });

  it('rejects operands that do not fit', () => {
    expectShapeError(() => pow(input('x', [2]), input('y', [3])), 'Pow', '[2]', '[3]');
  });
});

it('Reciprocal has the result and gradient of ONNX', async () => {
  const x = randomAwayFromZero([2, 3], 1, 0.5);
  await expectGenuine(reciprocal, { name: 'Reciprocal' }, [x]);
  await expectRightGradients(reciprocal, [x]);
});
