import { describe, it } from 'vitest';
import { cumSum, input, square, trilu } from '../../../src/engine/index.js';
import { expectSame, expectShapeError } from '../expectations.js';
import { expectRightGradients } from '../finiteDifferences.js';
import { forward } from '../running.js';
import { at, generate, random, tensor, total } from '../tensors.js';

describe('CumSum', () => {
  it.each([
    [{}, [1, 3, 6, 10]],
    [{ exclusive: true }, [0, 1, 3, 6]],
    [{ reverse: true }, [10, 9, 7, 4]],
    [{ exclusive: true, reverse: true }, [9, 7, 4, 0]],
  ])('adds up elements with the options %o', async (options, expected) => {
    expectSame(await forward((x) => cumSum(x, 0, options), [tensor([1, 2, 3, 4])]), tensor(expected));
    await expectRightGradients((x) => square(cumSum(x, -1, options)), [random([2, 3], 1)]);
  });

  it('runs along any axis', async () => {
    const x = tensor([1, 2, 3, 4, 5, 6], [3, 2]);
    const expected = generate([3, 2], (i, j) => total([i + 1], (k) => at(x, k, j)));
    expectSame(await forward((value) => cumSum(value, 0), [x]), expected);
  });

  it('adds integers', async () => {
    const x = { type: 'int64', shape: [3], data: BigInt64Array.of(1n, 2n, 3n) } as const;
    expectSame(await forward((value) => cumSum(value, 0), [x]), { ...x, data: BigInt64Array.of(1n, 3n, 6n) });
  });

  it('rejects an axis that does not exist, and bool', () => {
    expectShapeError(() => cumSum(input('x', [2]), 1), 'CumSum', 'axis 1');
    expectShapeError(() => cumSum(input('x', [2], 'bool'), 0), 'CumSum', 'float32');
  });
});

describe('Trilu', () => {
  const x = random([2, 3, 4], 1);

  it.each([-1, 0, 2])('keeps one side of diagonal %i', async (k) => {
    expectSame(
      await forward((value) => trilu(value, 'upper', k), [x]),
      generate([2, 3, 4], (n, i, j) => (j >= i + k ? at(x, n, i, j) : 0)),
    );
    expectSame(
      await forward((value) => trilu(value, 'lower', k), [x]),
      generate([2, 3, 4], (n, i, j) => (j <= i + k ? at(x, n, i, j) : 0)),
    );
    await expectRightGradients((value) => square(trilu(value, 'lower', k)), [x]);
  });

  it('rejects vectors', () => {
    expectShapeError(() => trilu(input('x', [3]), 'upper'), 'Trilu', 'two axes');
  });
});
