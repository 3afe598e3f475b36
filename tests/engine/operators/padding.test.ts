import { describe, expect, it } from 'vitest';
import { gradients, input, pad, padBy, square } from '../../../src/engine/index.js';
import { integers } from '../../../src/engine/operator.js';
import { expectSame, expectShapeError } from '../expectations.js';
import { expectRightGradients, lossOf } from '../finiteDifferences.js';
import { expectGenuine } from '../genuine.js';
import { forward } from '../running.js';
import { random, tensor } from '../tensors.js';

describe.each(['reflect', 'edge'] as const)('Pad by %s', (mode) => {
  const x = random([2, 1, 3, 4], 1);
  const [before, after] = [
    [0, 0, 2, 1],
    [0, 0, 1, 3],
  ];

  it('has the result of ONNX', async () => {
    const genuine = { name: 'Pad', attributes: { mode }, more: [integers([...before, ...after])] };
    await expectGenuine((value) => padBy(value, mode, before, after), genuine, [x]);
  });

  it('has the correct derivatives', async () => {
    await expectRightGradients((value) => padBy(value, mode, before, after), [x]);
    await expectRightGradients((value) => square(padBy(value, mode, [0, 0, 0, 3], [0, 0, 2, 0])), [x]);
    await expectRightGradients(
      (value) => gradients(lossOf(square(padBy(value, mode, before, after))), [value])[0]!,
      [x],
    );
  });

  it('without padding is the identity', () => {
    const value = input('x', [2]);
    expect(padBy(value, mode, [0], [0])).toBe(value);
  });
});

it('mirrors elements that exist', () => {
  expectShapeError(() => padBy(input('x', [3]), 'reflect', [3], [0]), 'Pad', '[3, 0]', 'do not exist');
  expectShapeError(() => padBy(input('x', [3]), 'edge', [-1], [0]), 'Pad', '[-1, 0]');
});

it('adds a constant', async () => {
  expectSame(await forward((x) => pad(x, [1], [2], -3), [tensor([1, 2])]), tensor([-3, 1, 2, -3, -3]));
});
