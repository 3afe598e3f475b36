import { describe, expect, it } from 'vitest';
import { input, resize, square } from '../../../src/engine/index.js';
import { expectSame, expectShapeError } from '../expectations.js';
import { expectRightGradients } from '../finiteDifferences.js';
import { forward, targets } from '../running.js';
import { at, bools, generate, random } from '../tensors.js';

describe('Resize', () => {
  it.each([1, 2, 3])('by %i repeats each pixel in a block of that side length', async (factor) => {
    const x = random([2, 3, 2, 4], factor);
    const expected = generate([2, 3, 2 * factor, 4 * factor], (n, c, i, j) =>
      at(x, n, c, Math.floor(i / factor), Math.floor(j / factor)),
    );
    for (const target of Object.values(targets))
      expectSame(await forward((value) => resize(value, factor), [x], target), expected);
  });

  it('sums the gradient over the block of each pixel', async () => {
    await expectRightGradients((x) => square(resize(x, 2)), [random([2, 2, 3, 2], 1)]);
    await expectRightGradients((x) => square(resize(x, 3)), [random([1, 2, 2, 1], 2)]);
  });

  it('rejects data of other ranks and types, and factors that are not whole', () => {
    expectShapeError(() => resize(input('x', [2, 3, 4]), 2), 'Resize', 'four axes', '[2, 3, 4]');
    expectShapeError(() => resize(input('x', [1, 1, 1, 1], bools([true]).type), 2), 'Resize', 'float32');
    for (const factor of [0, 1.5, -2, NaN])
      expectShapeError(() => resize(input('x', [1, 2, 3, 4]), factor), 'Resize', String(factor));
  });

  it('multiplies the shape of the data by the factor', () => {
    expect(resize(input('x', [1, 2, 3, 4]), 2).shape).toEqual([1, 2, 6, 8]);
  });
});
