import { describe, it } from 'vitest';
import {
  argMin,
  cast,
  input,
  meanOf,
  mul,
  reduceMax,
  reduceMean,
  reduceMin,
  type ReductionOptions,
  square,
  sumOf,
  type Value,
} from '../../../src/engine/index.js';
import { constantTensor } from '../../../src/engine/value.js';
import { expectClose, expectSame, expectShapeError } from '../expectations.js';
import { expectRightGradients, gradientsAt } from '../finiteDifferences.js';
import { forward } from '../running.js';
import { at, generate, positionsOf, random, randomDistinct, tensor } from '../tensors.js';

type Reduce = (x: Value, axes: readonly number[], options?: ReductionOptions) => Value;

const operators: Record<string, { reduce: Reduce; elements: (elements: number[]) => number }> = {
  ReduceMean: { reduce: reduceMean, elements: (elements) => elements.reduce((a, b) => a + b) / elements.length },
  ReduceMax: { reduce: reduceMax, elements: (elements) => Math.max(...elements) },
  ReduceMin: { reduce: reduceMin, elements: (elements) => Math.min(...elements) },
};

describe.each(Object.entries(operators))('%s', (name, { reduce, elements }) => {
  const x = randomDistinct([2, 3, 2], 1);
  const of = (shape: readonly number[], position: (...reduced: number[]) => number[]) =>
    elements(positionsOf(shape).map((reduced) => at(x, ...position(...reduced))));

  it('reduces an axis and keeps it with size 1', async () => {
    expectClose(
      await forward((value) => reduce(value, [1]), [x]),
      generate([2, 1, 2], (i, _, k) => of([3], (j) => [i, j, k])),
    );
  });

  it('removes the reduced axes on request', async () => {
    expectClose(
      await forward((value) => reduce(value, [0, -1], { keepAxes: false }), [x]),
      generate([3], (j) => of([2, 2], (i, k) => [i, j, k])),
    );
  });

  it('reduces every axis to a scalar', async () => {
    expectClose(
      await forward((value) => reduce(value, [0, 1, 2], { keepAxes: false }), [x]),
      generate([], () => of([2, 3, 2], (i, j, k) => [i, j, k])),
    );
  });

  it('is the identity for an axis of size 1', async () => {
    const flat = random([2, 1], 2);
    expectSame(await forward((value) => reduce(value, [1]), [flat]), flat);
  });

  it('is the identity without axes', async () => {
    expectSame(await forward((value) => reduce(value, []), [x]), x);
  });

  it.each([
    ['kept', true],
    ['dropped', false],
  ])('has the correct gradient with axes %s', async (_, keepAxes) => {
    await expectRightGradients((value) => square(reduce(value, [0, 2], { keepAxes })), [x]);
  });

  it('rejects an axis that does not exist, and integers', () => {
    expectShapeError(() => reduce(input('x', [2, 3]), [2]), name, 'axis 2', 'rank 2');
    expectShapeError(() => reduce(input('x', [2, 3], 'int64'), [0]), name, 'int64 [2, 3]');
  });
});

describe('extremes with ties', () => {
  // Two rows: a tie of two, and a tie of three.
  const x = tensor([3, 1, 3, 2, 2, 2], [2, 3]);
  const upstream = constantTensor(tensor([6, 12], [2, 1]));
  const shared = tensor([3, 0, 3, 4, 4, 4], [2, 3]);

  it('share the gradient of the maximum', async () => {
    expectSame((await gradientsAt((value) => mul(reduceMax(value, [1]), upstream), [x], { loss: sumOf }))[0]!, shared);
  });

  it('share the gradient of the minimum', async () => {
    const opposite = { ...x, data: x.data.map((element) => -element) };
    expectSame(
      (await gradientsAt((value) => mul(reduceMin(value, [1]), upstream), [opposite], { loss: sumOf }))[0]!,
      shared,
    );
  });
});

describe('sumOf and meanOf', () => {
  it('reduce all elements to a scalar', async () => {
    const x = tensor([1, 2, 3, 6], [2, 2]);
    expectSame(await forward(sumOf, [x]), tensor([12], []));
    expectSame(await forward(meanOf, [x]), tensor([3], []));
  });

  it('are the identity for a scalar', async () => {
    expectSame(await forward(sumOf, [tensor([5], [])]), tensor([5], []));
    expectSame(await forward(meanOf, [tensor([5], [])]), tensor([5], []));
  });

  it('have correct gradients', async () => {
    await expectRightGradients((x) => square(sumOf(x)), [random([2, 3], 1)]);
    await expectRightGradients((x) => square(meanOf(x)), [random([2, 3], 1, 1, 2)]);
  });
});

describe('ArgMin', () => {
  const x = tensor([3, 1, 2, 0, 5, 0], [2, 3]);

  it('returns the index of the minimum along an axis, the first of several', async () => {
    expectSame(await forward((value) => argMin(value, 1), [x]), {
      type: 'int64',
      shape: [2, 1],
      data: BigInt64Array.of(1n, 0n),
    });
    expectSame(await forward((value) => argMin(value, -2), [x]), {
      type: 'int64',
      shape: [1, 3],
      data: BigInt64Array.of(1n, 0n, 1n),
    });
  });

  it('passes no gradient', async () => {
    const [gradient] = await gradientsAt((value) => cast(argMin(value, 1), 'float32'), [x]);
    expectSame(gradient!, tensor([0, 0, 0, 0, 0, 0], [2, 3]));
  });

  it('rejects an axis that does not exist', () => {
    expectShapeError(() => argMin(input('x', [2, 3]), 2), 'ArgMin', 'axis 2', 'rank 2');
  });
});
