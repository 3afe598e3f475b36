import { describe, expect, it } from 'vitest';
import { concat, input, pad, slice, square, transpose } from '../../../src/engine/index.js';
import { expectSame, expectShapeError } from '../expectations.js';
import { expectRightGradients } from '../finiteDifferences.js';
import { forward } from '../running.js';
import { at, bools, generate, random, tensor } from '../tensors.js';

describe('Transpose', () => {
  it('makes axis perm[i] of the input axis i of the result', async () => {
    const x = random([2, 3, 4], 1);
    expectSame(
      await forward((value) => transpose(value, [1, 2, 0]), [x]),
      generate([3, 4, 2], (i, j, k) => at(x, k, i, j)),
    );
  });

  it('supports elements of any type', async () => {
    expectSame(
      await forward((value) => transpose(value, [1, 0]), [bools([true, false], [1, 2])]),
      bools([true, false], [2, 1]),
    );
  });

  it('permutes the gradient back, also for an order that is not its own inverse', async () => {
    await expectRightGradients((x) => square(transpose(x, [2, 0, 3, 1])), [random([1, 2, 3, 2], 2)]);
  });

  it('rejects orders that are not permutations', () => {
    const x = input('x', [2, 3]);
    expectShapeError(() => transpose(x, [0]), 'Transpose', '[2, 3]', '[0]');
    expectShapeError(() => transpose(x, [0, 0]), 'Transpose', '[2, 3]', '[0, 0]');
    expectShapeError(() => transpose(x, [0, 2]), 'Transpose', '[2, 3]', '[0, 2]');
    expectShapeError(() => transpose(x, [0, -1]), 'Transpose', '[2, 3]', '[0, -1]');
  });
});

describe('Concat', () => {
  const [a, b, c] = [random([2, 1, 2], 1), random([2, 3, 2], 2), random([2, 2, 2], 3)];

  it('joins values along an axis', async () => {
    expectSame(
      await forward((...values) => concat(values, 1), [a, b, c]),
      generate([2, 6, 2], (i, j, k) => (j < 1 ? at(a, i, j, k) : j < 4 ? at(b, i, j - 1, k) : at(c, i, j - 4, k))),
    );
  });

  it('accepts a negative axis', async () => {
    expectSame(
      await forward((x, y) => concat([x, y], -1), [tensor([1, 2], [2, 1]), tensor([3, 4], [2, 1])]),
      tensor([1, 3, 2, 4], [2, 2]),
    );
  });

  it('splits the gradient', async () => {
    await expectRightGradients((...values) => square(concat(values, 1)), [a, b, c]);
  });

  it('sums the gradients of a value that is joined to itself', async () => {
    await expectRightGradients((x) => square(concat([x, x], 0)), [random([2], 4)]);
  });

  it('of one value is the identity', () => {
    const x = input('x', [2]);
    expect(concat([x], 0)).toBe(x);
  });

  it('rejects values that differ in another axis, in rank or in type, and an empty list', () => {
    const x = input('x', [2, 3]);
    expectShapeError(() => concat([x, input('y', [2, 4])], 0), 'Concat', '[2, 3]', '[2, 4]');
    expectShapeError(() => concat([x, input('y', [3])], 0), 'Concat', '[2, 3]', '[3]');
    expectShapeError(() => concat([x, input('y', [2, 3], 'int64')], 0), 'Concat', '[2, 3]', 'int64 [2, 3]');
    expectShapeError(() => concat([x, x], 2), 'Concat', 'axis 2', 'rank 2');
    expectShapeError(() => concat([], 0), 'Concat', 'at least one');
  });
});

describe('Slice', () => {
  const cases: Record<string, { size: number; start: number; end: number; step: number; indices: number[] }> = {
    'the beginning': { size: 5, start: 0, end: 2, step: 1, indices: [0, 1] },
    'the end': { size: 5, start: 3, end: 5, step: 1, indices: [3, 4] },
    'one element': { size: 5, start: 2, end: 3, step: 1, indices: [2] },
    'every second element': { size: 5, start: 0, end: 5, step: 2, indices: [0, 2, 4] },
    'every second element of an even count': { size: 6, start: 0, end: 6, step: 2, indices: [0, 2, 4] },
    'steps that begin inside and stop before the end': { size: 8, start: 1, end: 7, step: 3, indices: [1, 4] },
    'a step beyond the end': { size: 4, start: 1, end: 4, step: 7, indices: [1] },
  };

  it.each(Object.entries(cases))(
    'selects %s, and the rest has gradient 0',
    async (_, { size, start, end, step, indices }) => {
      const x = random([2, size, 2], 1);
      expectSame(
        await forward((value) => slice(value, 1, start, end, step), [x]),
        generate([2, indices.length, 2], (i, j, k) => at(x, i, indices[j]!, k)),
      );
      await expectRightGradients((value) => square(slice(value, 1, start, end, step)), [x]);
    },
  );

  it('accepts a negative axis', async () => {
    expectSame(
      await forward((value) => slice(value, -1, 1, 2), [tensor([1, 2, 3, 4], [2, 2])]),
      tensor([2, 4], [2, 1]),
    );
  });

  it('slices integers', async () => {
    const x = { type: 'int64', shape: [3], data: BigInt64Array.of(1n, 2n, 3n) } as const;
    expectSame(await forward((value) => slice(value, 0, 0, 3, 2), [x]), {
      type: 'int64',
      shape: [2],
      data: BigInt64Array.of(1n, 3n),
    });
  });

  it('of the whole axis is the identity', () => {
    const x = input('x', [2, 3]);
    expect(slice(x, 1, 0, 3)).toBe(x);
  });

  it('rejects a range that is empty or out of bounds, and an axis that does not exist', () => {
    const x = input('x', [2, 3]);
    expectShapeError(() => slice(x, 1, 0, 4), 'Slice', '[2, 3]', '0 to 4');
    expectShapeError(() => slice(x, 1, 2, 2), 'Slice', '[2, 3]', '2 to 2');
    expectShapeError(() => slice(x, 1, -1, 2), 'Slice', '[2, 3]', '-1 to 2');
    expectShapeError(() => slice(x, 1, 0, 3, 0), 'Slice', '[2, 3]', 'steps of 0');
    expectShapeError(() => slice(x, 2, 0, 1), 'Slice', 'axis 2', 'rank 2');
  });
});

describe('Pad', () => {
  it('adds zeros before and after each axis', async () => {
    const x = random([2, 3], 1);
    expectSame(
      await forward((value) => pad(value, [1, 0], [2, 1]), [x]),
      generate([5, 4], (i, j) => (i >= 1 && i < 3 && j < 3 ? at(x, i - 1, j) : 0)),
    );
  });

  it('crops the gradient of the zeros', async () => {
    await expectRightGradients((x) => square(pad(x, [1, 0, 2], [0, 3, 1])), [random([2, 1, 3], 2)]);
  });

  it('without zeros is the identity', () => {
    const x = input('x', [2, 3]);
    expect(pad(x, [0, 0], [0, 0])).toBe(x);
  });

  it('rejects sizes that are negative, fractional or too few', () => {
    const x = input('x', [2, 3]);
    expectShapeError(() => pad(x, [1, 0], [-1, 0]), 'Pad', '[2, 3]', '[1, 0, -1, 0]');
    expectShapeError(() => pad(x, [0.5, 0], [0, 0]), 'Pad', '[2, 3]', '[0.5, 0, 0, 0]');
    expectShapeError(() => pad(x, [1], [1]), 'Pad', '[2, 3]', '[1, 1]');
  });
});
