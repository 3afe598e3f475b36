import { describe, it } from 'vitest';
import {
  gradients,
  reduceL1,
  reduceL2,
  reduceLogSum,
  reduceLogSumExp,
  reduceProd,
  reduceSumSquare,
  square,
  sumOf,
} from '../../../src/engine/index.js';
import { integers } from '../../../src/engine/operator.js';
import { expectSame } from '../expectations.js';
import { expectRightGradients, gradientsAt, lossOf } from '../finiteDifferences.js';
import { expectGenuine } from '../genuine.js';
import { random, tensor } from '../tensors.js';

describe.each([
  ['ReduceL1', reduceL1],
  ['ReduceL2', reduceL2],
  ['ReduceProd', reduceProd],
  ['ReduceSumSquare', reduceSumSquare],
  ['ReduceLogSum', reduceLogSum],
  ['ReduceLogSumExp', reduceLogSumExp],
])('%s', (name, reduce) => {
  const x = random([2, 3, 2], 1, 0.5, 2);

  it.each([true, false])('has the result of ONNX and the correct gradient, axes kept: %s', async (keepAxes) => {
    for (const axes of [[1], [0, 2], [0, 1, 2]]) {
      const build = (value: Parameters<typeof reduce>[0]) => reduce(value, axes, { keepAxes });
      await expectGenuine(build, { name, attributes: { keepdims: Number(keepAxes) }, more: [integers(axes)] }, [x]);
      await expectRightGradients(build, [x]);
    }
  });

  it('has the correct second derivative', async () => {
    await expectRightGradients((value) => gradients(lossOf(square(reduce(value, [1]))), [value])[0]!, [x]);
  });
});

describe('at zeros', () => {
  it('ReduceL2 has the gradient 0', async () => {
    const [gradient] = await gradientsAt((x) => reduceL2(x, [1]), [tensor([0, 0, 3, 4], [2, 2])], { loss: sumOf });
    expectSame(gradient!, tensor([0, 0, 0.6, 0.8], [2, 2]));
  });

  it('ReduceProd has the product of the others as gradient', async () => {
    const x = tensor([2, 0, 3, 0, 5, 0], [2, 3]);
    const [gradient] = await gradientsAt((value) => reduceProd(value, [1]), [x], { loss: sumOf });
    expectSame(gradient!, tensor([0, 6, 0, 0, 0, 0], [2, 3]));
  });

  it('ReduceLogSumExp of large elements does not overflow', async () => {
    const x = tensor([1000, 1000, -1000, -1000], [2, 2]);
    const [gradient] = await gradientsAt((value) => reduceLogSumExp(value, [1]), [x], { loss: sumOf });
    expectSame(gradient!, tensor([0.5, 0.5, 0.5, 0.5], [2, 2]));
  });
});
