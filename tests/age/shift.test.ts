import { expect, it, describe } from 'vitest';
import { drawShifts, shiftBy } from '../../src/age/shift.js';
import { constant } from '../../src/engine/index.js';
import { randomStream } from '../../src/random.js';
import { expectSame } from '../engine/expectations.js';
import { expectRightGradients } from '../engine/finiteDifferences.js';
import { forward, targets } from '../engine/running.js';
import { at, generate, random } from '../engine/tensors.js';

describe('the shift of align', () => {
  it('is by whole pixels up to a sixteenth of the size, all equally likely', () => {
    const draws = drawShifts(2000, [1, 32, 64], randomStream(1, 'shifts'));
    for (const [axis, most] of [2, 4].entries()) {
      const values = draws.filter((_, index) => index % 2 === axis);
      const shifts = Array.from({ length: 2 * most + 1 }, (_, index) => index - most);
      expect([...new Set(values)].sort((a, b) => a - b)).toEqual(shifts);
      for (const shift of shifts) expect(Math.abs(values.filter((value) => value === shift).length * shifts.length - 2000)).toBeLessThan(700);
    }
  });

  it('moves each image by its own rows and columns, and repeats the border', async () => {
    const x = random([2, 1, 8, 8], 1);
    const clamp = (index: number) => Math.min(Math.max(index, 0), 7);
    const [rows, columns] = [
      [1, -2],
      [0, 2],
    ];
    const shift = shiftBy(constant([rows[0]!, columns[0]!, rows[1]!, columns[1]!], [2, 2]));
    const expected = generate(x.shape, (n, c, i, j) => at(x, n, c, clamp(i - rows[n]!), clamp(j - columns[n]!)));
    for (const target of Object.values(targets)) expectSame(await forward(shift, [x], target), expected);
  });

  it('has the gradient of finite differences', async () => {
    await expectRightGradients(shiftBy(constant([1, 0, -2, 1], [2, 2])), [random([2, 2, 5, 4], 3)]);
  });
});
