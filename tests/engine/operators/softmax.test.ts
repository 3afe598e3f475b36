import { describe, it } from 'vitest';
import { gradients, input, logSoftmax, softmax, square, type Value } from '../../../src/engine/index.js';
import { expectClose, expectShapeError } from '../expectations.js';
import { expectRightGradients, lossOf } from '../finiteDifferences.js';
import { forward } from '../running.js';
import { at, generate, random, tensor } from '../tensors.js';

describe.each([
  ['Softmax', softmax, (share: number) => share],
  ['LogSoftmax', logSoftmax, Math.log],
])('%s', (name, apply, element) => {
  const x = random([2, 3, 4], 1, -2, 2);

  it.each([0, 1, 2, -1])('is taken along axis %i', async (axis) => {
    const along = (axis + 3) % 3;
    const sum = (position: readonly number[]) =>
      Array.from({ length: x.shape[along]! }, (_, index) => Math.exp(at(x, ...position.with(along, index)))).reduce(
        (a, b) => a + b,
      );
    const expected = generate(x.shape, (...position) => element(Math.exp(at(x, ...position)) / sum(position)));
    expectClose(await forward((value) => apply(value, axis), [x]), expected);
    await expectRightGradients((value) => apply(value, axis), [x]);
  });

  it('has the correct second derivative', async () => {
    const build = (value: Value) => gradients(lossOf(square(apply(value, 1))), [value])[0]!;
    await expectRightGradients(build, [random([2, 3], 2)]);
  });

  it('does not overflow', async () => {
    const large = tensor([1000, 1000], [1, 2]);
    expectClose(await forward((value) => apply(value, 1), [large]), tensor([element(0.5), element(0.5)], [1, 2]));
  });

  it('rejects an axis that does not exist, and integers', () => {
    expectShapeError(() => apply(input('x', [2, 3]), 2), name, 'axis 2', 'rank 2');
    expectShapeError(() => apply(input('x', [2, 3], 'int64'), 1), name, 'float32');
  });
});
