import { describe, expect, it } from 'vitest';
import {
  averagePool,
  type AveragePoolOptions,
  gradients,
  input,
  maxPool,
  mul,
  type PoolOptions,
  square,
  sumOf,
} from '../../../src/engine/index.js';
import { constantTensor } from '../../../src/engine/value.js';
import { expectSame, expectShapeError } from '../expectations.js';
import { expectRightGradients, gradientsAt, lossOf } from '../finiteDifferences.js';
import { expectGenuine } from '../genuine.js';
import { targets } from '../running.js';
import { random, randomDistinct, tensor } from '../tensors.js';

type Pair = readonly [number, number];

interface Case {
  size: Pair;
  kernel: Pair;
  options: PoolOptions & { strides: Pair };
}

const windows: Record<string, Case> = {
  blocks: { size: [4, 6], kernel: [2, 2], options: { strides: [2, 2] } },
  'windows that overlap': { size: [4, 5], kernel: [3, 2], options: { strides: [1, 1] } },
  'padding, and rows left over': { size: [6, 5], kernel: [3, 3], options: { strides: [2, 2], pads: [1, 1, 1, 1] } },
  'uneven padding': { size: [3, 4], kernel: [2, 3], options: { strides: [2, 1], pads: [0, 2, 1, 1] } },
  gaps: { size: [5, 7], kernel: [2, 1], options: { strides: [3, 2] } },
  'windows that end outside': { size: [6, 6], kernel: [3, 3], options: { strides: [2, 2], ceilMode: true } },
  'windows that would begin in the padding': {
    size: [5, 4],
    kernel: [2, 2],
    options: { strides: [3, 3], pads: [1, 1, 1, 1], ceilMode: true },
  },
};

const genuineAttributes = ({ kernel, options: { strides, pads = [0, 0, 0, 0], ceilMode = false } }: Case) => ({
  kernel_shape: kernel,
  strides,
  pads: pads as readonly number[],
  ceil_mode: Number(ceilMode),
});

describe('MaxPool', () => {
  const dilated = { size: [6, 7], kernel: [2, 3], options: { strides: [1, 2], dilations: [3, 2] } } as const;

  it.each(Object.entries<Case>({ ...windows, dilations: dilated }))(
    'has the result of ONNX with %s',
    async (_, each) => {
      const { dilations = [1, 1] } = each.options;
      await expectGenuine(
        (x) => maxPool(x, each.kernel, each.options),
        { name: 'MaxPool', attributes: { ...genuineAttributes(each), dilations: dilations } },
        [random([2, 3, ...each.size], 1)],
      );
    },
  );

  it.each(Object.entries<Case>({ ...windows, dilations: dilated }))(
    'has the correct gradient with %s',
    async (_, { size, kernel, options }) => {
      await expectRightGradients((x) => square(maxPool(x, kernel, options)), [randomDistinct([1, 2, ...size], 2)]);
    },
  );

  it.each(Object.entries(targets))('passes the gradient to the first of equal elements for %s', async (_, target) => {
    const x = tensor([1, 2, 0, 0, 2, 2, 0, 0, -1, -1, -2, 5, -1, -1, 5, 5], [1, 1, 4, 4]);
    const upstream = constantTensor(tensor([1, 2, 3, 4], [1, 1, 2, 2]));
    const [gradient] = await gradientsAt((value) => mul(maxPool(value, 2), upstream), [x], { loss: sumOf, target });
    expectSame(gradient!, tensor([0, 1, 2, 0, 0, 0, 0, 0, 3, 0, 0, 4, 0, 0, 0, 0], [1, 1, 4, 4]));
  });

  it('passes no gradient to padding', async () => {
    const x = tensor([-5, -4, -3, -2], [1, 1, 2, 2]);
    const [gradient] = await gradientsAt((value) => maxPool(value, 2, { pads: 1 }), [x], { loss: sumOf });
    expectSame(gradient!, tensor([1, 1, 1, 1], [1, 1, 2, 2]));
  });

  it('has the correct second derivative', async () => {
    await expectRightGradients(
      (x) => gradients(lossOf(square(maxPool(x, 2, { strides: 1 }))), [x])[0]!,
      [randomDistinct([1, 2, 3, 3], 3)],
    );
  });

  it('has windows as far apart as they are large by default', () => {
    expect(maxPool(input('x', [2, 3, 7, 6]), [3, 2]).shape).toEqual([2, 3, 2, 3]);
  });

  it('rejects data of other ranks and windows that do not fit', () => {
    expectShapeError(() => maxPool(input('x', [2, 3, 4]), 2), 'MaxPool', 'four axes', '[2, 3, 4]');
    expectShapeError(() => maxPool(input('x', [1, 1, 4, 4]), 5), 'MaxPool', 'no pixel');
    expectShapeError(() => maxPool(input('x', [1, 1, 4, 4]), 2, { strides: 0 }), 'MaxPool', 'at least 1');
    expectShapeError(() => maxPool(input('x', [1, 1, 4, 4], 'int64'), 2), 'MaxPool', 'float32');
  });
});

describe('AveragePool', () => {
  const cases = Object.entries(windows).flatMap(([name, each]) =>
    [false, true].map((countPadding): [string, Case & { countPadding: boolean }] => [
      `${name}${countPadding ? ', padding counted' : ''}`,
      { ...each, countPadding },
    ]),
  );

  it.each(cases)('has the result of ONNX with %s', async (_, { countPadding, ...each }) => {
    await expectGenuine(
      (x) => averagePool(x, each.kernel, { ...each.options, countPadding }),
      { name: 'AveragePool', attributes: { ...genuineAttributes(each), count_include_pad: Number(countPadding) } },
      [random([2, 3, ...each.size], 1)],
    );
  });

  it.each(cases)('has the correct gradient with %s', async (_, { size, kernel, options, countPadding }) => {
    const all: AveragePoolOptions = { ...options, countPadding };
    await expectRightGradients((x) => square(averagePool(x, kernel, all)), [random([1, 2, ...size], 2)]);
  });

  it('accepts dilations', async () => {
    const x = tensor([1, 2, 3, 4, 5, 6], [1, 1, 1, 6]);
    await expectRightGradients((value) => square(averagePool(value, [1, 2], { strides: 1, dilations: [1, 3] })), [x]);
  });

  it('rejects windows that do not fit', () => {
    expectShapeError(() => averagePool(input('x', [1, 1, 4, 4]), 5, { strides: 1 }), 'AveragePool', 'no pixel');
    expectShapeError(() => averagePool(input('x', [1, 1, 3, 4]), 2), 'SumBlocks', '[1, 1, 3, 4]');
  });
});
