import { describe, it } from 'vitest';
import { input, max, min, square, sumOf } from '../../../src/engine/index.js';
import { expectSame, expectShapeError } from '../expectations.js';
import { expectRightGradients, gradientsAt } from '../finiteDifferences.js';
import { expectGenuine } from '../genuine.js';
import { forward, targets } from '../running.js';
import { randomDistinct, tensor } from '../tensors.js';

describe.each([
  ['Max', max],
  ['Min', min],
])('%s', (name, extreme) => {
  const all = randomDistinct([15], 1).data;
  const tensors = [
    tensor([...all.slice(0, 6)], [2, 3]),
    tensor([...all.slice(6, 12)], [2, 3]),
    tensor([...all.slice(12)]),
  ];

  it('has the result of ONNX for several operands', async () => {
    await expectGenuine((a, b, c) => extreme(a, b, c), { name }, tensors);
  });

  it('has the correct gradients', async () => {
    await expectRightGradients((a, b, c) => square(extreme(a, b, c)), tensors);
  });

  it.each(Object.entries(targets))('shares the gradient between equal elements for %s', async (_, target) => {
    const [a, b] = await gradientsAt(extreme, [tensor([1, 2]), tensor([1, 2])], { loss: sumOf, target });
    expectSame(a!, tensor([0.5, 0.5]));
    expectSame(b!, tensor([0.5, 0.5]));
  });

  it('accepts numbers', async () => {
    expectSame(
      await forward((x) => extreme(x, 1), [tensor([0, 1, 2])]),
      tensor(name === 'Max' ? [1, 1, 2] : [0, 1, 1]),
    );
  });

  it('rejects operands that do not fit', () => {
    expectShapeError(() => extreme(input('x', [2]), input('y', [3])), name, '[2]', '[3]');
    expectShapeError(() => extreme(input('x', [2], 'bool'), input('y', [2], 'bool')), name, 'float32');
  });
});
