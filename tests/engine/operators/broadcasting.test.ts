import { describe, expect, it } from 'vitest';
import { constantTensor } from '../../../src/engine/value.js';
import { expand, input, mul, reduceSum, reshape, square } from '../../../src/engine/index.js';
import { sumTo } from '../../../src/engine/operators/broadcasting.js';
import { expectClose, expectSame, expectShapeError } from '../expectations.js';
import { expectRightGradients, gradientsAt } from '../finiteDifferences.js';
import { forward } from '../running.js';
import { at, generate, random, tensor, total } from '../tensors.js';

describe('Reshape', () => {
  it('keeps the elements in row-major order', async () => {
    const x = random([2, 3, 2], 1);
    expectSame(await forward((value) => reshape(value, [4, 3]), [x]), { ...x, shape: [4, 3] });
  });

  it('converts between a scalar and a single element', async () => {
    expectSame(await forward((value) => reshape(value, []), [tensor([7], [1, 1])]), tensor([7], []));
    expectSame(await forward((value) => reshape(value, [1, 1, 1]), [tensor([7], [])]), tensor([7], [1, 1, 1]));
  });

  it('reshapes integers', async () => {
    const x = { type: 'int64', shape: [2, 1], data: BigInt64Array.of(-3n, 5n) } as const;
    expectSame(await forward((value) => reshape(value, [1, 2]), [x]), { ...x, shape: [1, 2] });
  });

  it('reshapes the gradient back', async () => {
    await expectRightGradients((x) => square(reshape(x, [3, 4])), [random([2, 6], 1)]);
  });

  it('is the identity if the shape does not change', () => {
    const x = input('x', [2, 3]);
    expect(reshape(x, [2, 3])).toBe(x);
  });

  it('rejects a different number of elements', () => {
    expectShapeError(() => reshape(input('x', [2, 3]), [7]), 'Reshape', '[2, 3]', '[7]');
  });

  it('rejects sizes that are not positive, even if their product fits', () => {
    expectShapeError(() => reshape(input('x', [2, 3]), [-2, -3]), 'Reshape', '[2, 3]', '[-2, -3]');
  });
});

describe('Expand', () => {
  const cases: Record<string, { from: number[]; to: number[] }> = {
    'a scalar': { from: [], to: [2, 2] },
    'an inner axis of size 1': { from: [2, 1, 3], to: [2, 4, 3] },
    'missing leading axes': { from: [3], to: [2, 1, 3] },
    'leading and inner axes': { from: [2, 1], to: [2, 2, 3] },
  };

  it.each(Object.entries(cases))('repeats %s and sums the gradient over the repetitions', async (_, { from, to }) => {
    const x = random(from, 1);
    expectSame(
      await forward((value) => expand(value, to), [x]),
      generate(to, (...position) => at(x, ...position)),
    );
    await expectRightGradients((value) => square(expand(value, to)), [x]);
  });

  it('is the identity if the shape does not change', () => {
    const x = input('x', [2, 3]);
    expect(expand(x, [2, 3])).toBe(x);
  });

  it('rejects a change of an axis that is not of size 1', () => {
    expectShapeError(() => expand(input('x', [2, 3]), [4, 3]), 'Expand', '[2, 3]', '[4, 3]');
  });

  it('rejects a smaller shape', () => {
    expectShapeError(() => expand(input('x', [2, 3]), [1, 3]), 'Expand', '[2, 3]', '[1, 3]');
    expectShapeError(() => expand(input('x', [2, 3]), [3]), 'Expand', '[2, 3]', '[3]');
  });

  it('rejects sizes that are not positive', () => {
    expectShapeError(() => expand(input('x', [1]), [-2]), 'Expand', '[1]', '[-2]');
  });
});

describe('ReduceSum', () => {
  const x = random([2, 3, 4], 1);

  it('sums over an axis and keeps it with size 1', async () => {
    expectClose(
      await forward((value) => reduceSum(value, [1]), [x]),
      generate([2, 1, 4], (i, _, k) => total([3], (j) => at(x, i, j, k))),
    );
  });

  it('removes the summed axes on request', async () => {
    expectClose(
      await forward((value) => reduceSum(value, [2, 0], { keepAxes: false }), [x]),
      generate([3], (j) => total([2, 4], (i, k) => at(x, i, j, k))),
    );
  });

  it('counts negative axes from the end, and repeated axes once', async () => {
    expectClose(
      await forward((value) => reduceSum(value, [-1, 2]), [x]),
      generate([2, 3, 1], (i, j) => total([4], (k) => at(x, i, j, k))),
    );
  });

  it('is the identity without axes', () => {
    const value = input('x', [2, 3]);
    expect(reduceSum(value, [])).toBe(value);
  });

  it.each([
    ['kept', true],
    ['dropped', false],
  ])('passes the gradient of the sum to every summed element, with axes %s', async (_, keepAxes) => {
    await expectRightGradients((value) => square(reduceSum(value, [0, 2], { keepAxes })), [random([2, 2, 3], 2)]);
  });

  it('rejects an axis that does not exist', () => {
    expectShapeError(() => reduceSum(input('x', [2, 3]), [2]), 'ReduceSum', 'axis 2', 'rank 2');
    expectShapeError(() => reduceSum(input('x', [2, 3]), [-3]), 'ReduceSum', 'axis -3', 'rank 2');
  });

  it('rejects integers', () => {
    expectShapeError(() => reduceSum(input('x', [2], 'int64'), [0]), 'ReduceSum', 'int64 [2]');
  });
});

describe('sumTo', () => {
  it.each([
    ['leading axes', [3]],
    ['axes of size 1', [1, 3]],
    ['both', [1]],
    ['everything', []],
    ['nothing', [2, 2, 3]],
  ])('sums out %s', async (_, shape) => {
    const x = random([2, 2, 3], 3);
    // The adjoint of broadcasting: <sumTo(x), y> = <x, y broadcast> for every y.
    const y = random(shape, 4);
    const summed = await forward((value) => sumTo(value, shape), [x]);
    expect(summed.shape).toEqual(shape);
    const inner = total(shape, (...position) => at(summed, ...position) * at(y, ...position));
    const outer = total(x.shape, (...position) => at(x, ...position) * at(y, ...position));
    expect(inner).toBeCloseTo(outer, 5);
  });

  it('keeps axes of size 1 that were not repeated', async () => {
    const x = tensor([1, 2], [1, 2]);
    const [gradient] = await gradientsAt((value) => mul(value, constantTensor(tensor([3], [1, 1]))), [x]);
    expect(gradient!.shape).toEqual([1, 2]);
  });
});
