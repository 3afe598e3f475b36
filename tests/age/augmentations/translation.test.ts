import { describe, expect, it } from 'vitest';
import { augment } from '../../../src/age/augmentation.js';
import { translation } from '../../../src/age/augmentations/index.js';
import { constant, type Value } from '../../../src/engine/index.js';
import { randomStream } from '../../../src/random.js';
import { expectSame } from '../../engine/expectations.js';
import { expectRightGradients } from '../../engine/finiteDifferences.js';
import { forward, targets } from '../../engine/running.js';
import { at, generate, random } from '../../engine/tensors.js';

/** Shifts of two images, down and to the right. */
const SHIFTS = [
  [1, -2],
  [-3, 0],
] as const;
const shifted =
  (shifts: readonly (readonly [number, number])[] = SHIFTS) =>
  (x: Value): Value =>
    augment(x, ['translation'], constant(shifts.flat(), [shifts.length, 2]));
const clamp = (index: number, size: number): number => Math.min(Math.max(index, 0), size - 1);

describe('translation', () => {
  it('moves each image by its own rows and columns, and repeats the border', async () => {
    const x = random([2, 3, 8, 6], 1);
    const expected = generate(x.shape, (n, c, i, j) =>
      at(x, n, c, clamp(i - SHIFTS[n]![0], 8), clamp(j - SHIFTS[n]![1], 6)),
    );
    for (const target of Object.values(targets)) expectSame(await forward(shifted(), [x], target), expected);
  });

  it('by 0 is the identity', async () => {
    const x = random([2, 1, 8, 8], 2);
    expectSame(
      await forward(
        shifted([
          [0, 0],
          [0, 0],
        ]),
        [x],
      ),
      x,
    );
  });

  it('has the gradient of finite differences', async () => {
    await expectRightGradients(shifted(), [random([2, 2, 5, 4], 3)]);
  });

  it('draws whole shifts of up to an eighth of the size, all equally likely', () => {
    const stream = randomStream(1, 'shifts');
    const draws = Array.from({ length: 2000 }, () => translation.draw(stream, [1, 32, 16]));
    for (const [axis, most] of [4, 2].entries()) {
      const shifts = Array.from({ length: 2 * most + 1 }, (_, index) => index - most);
      expect(draws.every((draw) => shifts.includes(draw[axis]!))).toBe(true);
      for (const shift of shifts)
        expect(Math.abs(draws.filter((draw) => draw[axis] === shift).length * shifts.length - 2000)).toBeLessThan(700);
    }
  });
});
