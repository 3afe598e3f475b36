import { describe, expect, it } from 'vitest';
import {
  constantTensor,
  gather,
  gatherElements,
  gatherND,
  input,
  mul,
  scatterElements,
  scatterND,
  type ScatterReduction,
  type Shape,
  square,
  sumOf,
  type TensorData,
} from '../../../src/engine/index.js';
import { expectSame, expectShapeError } from '../expectations.js';
import { expectRightGradients, gradientsAt } from '../finiteDifferences.js';
import { expectGenuine, genuineResult } from '../genuine.js';
import { forward, targets } from '../running.js';
import { at, generate, random, tensor } from '../tensors.js';

const indices = (elements: readonly number[], shape: Shape = [elements.length]): TensorData<'int64'> => ({
  type: 'int64',
  shape,
  data: BigInt64Array.from(elements, BigInt),
});

describe('Gather', () => {
  const x = random([3, 4, 2], 1);

  it('selects slices along an axis, several times, and from the end', async () => {
    expectSame(
      await forward((value, index) => gather(value, index, 1), [x, indices([3, 0, -1, 3], [2, 2])]),
      generate([3, 2, 2, 2], (i, j, k, l) => at(x, i, [3, 0, 3, 3][2 * j + k]!, l)),
    );
  });

  it('removes the axis for a scalar index', async () => {
    const first = indices([2], []);
    expectSame(
      await forward((value, index) => gather(value, index, -1 - 2), [x, first]),
      generate([4, 2], (j, k) => at(x, 2, j, k)),
    );
    await expectRightGradients((value) => square(gather(value, constantTensor(first), 0)), [x]);
  });

  it.each([0, 1, 2])('has the correct gradient along axis %i', async (axis) => {
    await expectRightGradients((value, index) => square(gather(value, index, axis)), [x, indices([1, 0, 1, -1])]);
    await expectRightGradients((value) => square(gather(value, [1, 0, 1], axis)), [x]);
    await expectRightGradients((value) => square(gather(value, [0, 1], axis)), [x]);
  });

  it.each(Object.entries(targets))('adds up the gradients of one slice for %s', async (_, target) => {
    const index = indices(Array.from({ length: 3000 }, (__, each) => each % 3));
    const [gradient] = await gradientsAt((value, which) => gather(value, which, 0), [random([4, 2], 2), index], {
      loss: sumOf,
      target,
    });
    expectSame(gradient!, tensor([1000, 1000, 1000, 1000, 1000, 1000, 0, 0], [4, 2]));
  });

  it('of all slices in order is the identity', () => {
    const value = input('x', [2, 3]);
    expect(gather(value, [0, 1, 2], 1)).toBe(value);
  });

  it('rejects other indices and axes', () => {
    expectShapeError(() => gather(input('x', [2]), input('i', [2]), 0), 'Gather', 'int64');
    expectShapeError(() => gather(input('x', [2]), [0], 1), 'Gather', 'axis 1');
  });
});

describe('GatherElements', () => {
  const x = random([3, 4], 1);
  const index = indices([3, 0, -1, 3, 1, 1], [2, 3]);

  it('has the result of ONNX and the correct gradient', async () => {
    await expectGenuine((a, b) => gatherElements(a, b, 1), { name: 'GatherElements', attributes: { axis: 1 } }, [
      x,
      index,
    ]);
    await expectRightGradients((a, b) => square(gatherElements(a, b, 1)), [x, index]);
    await expectRightGradients((a, b) => square(gatherElements(a, b, 0)), [random([4, 3], 1), index]);
  });

  it('rejects indices that do not fit', () => {
    expectShapeError(
      () => gatherElements(input('x', [2, 3]), input('i', [3, 3], 'int64'), 1),
      'GatherElements',
      '[3, 3]',
    );
    expectShapeError(() => gatherElements(input('x', [2, 3]), input('i', [2], 'int64'), 1), 'GatherElements', '[2]');
  });
});

describe('ScatterElements', () => {
  const tensors = [random([3, 4], 1), indices([3, 0, -1, 2, 1, 0], [3, 2]), random([3, 2], 2)];

  it.each(['none', 'add', 'mul', 'max', 'min'] as const)(
    'has the result of ONNX with the reduction %s',
    async (reduction) => {
      await expectGenuine(
        (x, index, updates) => scatterElements(x, index, updates, 1, reduction),
        { name: 'ScatterElements', attributes: { axis: 1, reduction } },
        tensors,
      );
    },
  );

  it.each(['none', 'add'] as const)('has the correct gradients with the reduction %s', async (reduction) => {
    await expectRightGradients(
      (x, index, updates) => square(scatterElements(x, index, updates, 1, reduction)),
      tensors,
    );
  });

  it('has no gradient with other reductions', async () => {
    const build = gradientsAt((x, index, updates) => scatterElements(x, index, updates, 1, 'mul'), tensors);
    await expect(build).rejects.toThrow('ScatterElements with the reduction mul has no gradient');
  });
});

describe('ScatterND', () => {
  const tensors = [random([3, 4, 2], 1), indices([2, 1, 0, -1, 2, 0], [3, 2]), random([3, 2], 2)];

  it.each<ScatterReduction>(['none', 'add', 'mul', 'max', 'min'])(
    'has the result of ONNX with the reduction %s',
    async (reduction) => {
      const result = await forward((x, index, updates) => scatterND(x, index, updates, reduction), tensors);
      expectSame(result, await genuineResult({ name: 'ScatterND', attributes: { reduction } }, tensors, result));
    },
  );

  it.each(['none', 'add'] as const)('has the correct gradients with the reduction %s', async (reduction) => {
    await expectRightGradients((x, index, updates) => square(scatterND(x, index, updates, reduction)), tensors);
  });

  it('adds all updates of one slice', async () => {
    const count = 100_000;
    const many = [
      tensor([0, 0]),
      indices(new Array<number>(count).fill(1), [count, 1]),
      tensor(new Array<number>(count).fill(1)),
    ];
    expectSame(await forward((x, index, updates) => scatterND(x, index, updates, 'add'), many), tensor([0, count]));
  });

  it('rejects updates that do not fit', () => {
    const [x, index] = [input('x', [2, 3]), input('i', [4, 1], 'int64')];
    expectShapeError(() => scatterND(x, index, input('u', [4, 2])), 'ScatterND', '[4, 3]');
    expectShapeError(() => scatterND(x, input('i', [4, 3], 'int64'), input('u', [4])), 'ScatterND', '3 of 2 axes');
  });
});

describe('GatherND', () => {
  it('has the result of ONNX and the correct gradient', async () => {
    const tensors = [random([3, 4, 2], 1), indices([2, 1, 0, -1, 2, 1], [3, 2])];
    await expectGenuine((x, index) => gatherND(x, index), { name: 'GatherND' }, tensors);
    await expectRightGradients((x, index) => square(gatherND(x, index)), tensors);
  });

  it('accepts leading axes of a batch', async () => {
    const tensors = [random([2, 3, 4], 1), indices([1, 0, 2, -1], [2, 2, 1])];
    await expectGenuine(
      (x, index) => gatherND(x, index, 1),
      { name: 'GatherND', attributes: { batch_dims: 1 } },
      tensors,
    );
    await expectRightGradients((x, index) => mul(gatherND(x, index, 1), 2), tensors);
  });
});
