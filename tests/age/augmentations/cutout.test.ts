import { describe, expect, it } from 'vitest';
import { augment } from '../../../src/age/augmentation.js';
import { cutout } from '../../../src/age/augmentations/index.js';
import { constant, type Value } from '../../../src/engine/index.js';
import { randomStream } from '../../../src/random.js';
import { expectClose } from '../../engine/expectations.js';
import { expectRightGradients } from '../../engine/finiteDifferences.js';
import { forward, targets } from '../../engine/running.js';
import { at, generate, random } from '../../engine/tensors.js';

const cut =
  (...centers: readonly (readonly [row: number, column: number])[]) =>
  (x: Value): Value =>
    augment(x, ['cutout'], constant(centers.flat(), [centers.length, 2]));

describe('cutout', () => {
  it('sets a square of half the size around the center to 0, and nothing else', async () => {
    const x = random([2, 3, 8, 8], 1);
    // The squares of 4x4 pixels begin two pixels before their centers.
    const starts = [
      [2, 1],
      [4, 3],
    ] as const;
    const isCut = (n: number, i: number, j: number) =>
      [i - starts[n]![0], j - starts[n]![1]].every((offset) => offset >= 0 && offset < 4);
    const expected = generate(x.shape, (n, c, i, j) => (isCut(n, i, j) ? 0 : at(x, n, c, i, j)));
    for (const target of Object.values(targets))
      expectClose(await forward(cut([4, 3], [6, 5]), [x], target), expected, 0);
  });

  it.each([
    ['in the middle', 8, [4, 4], 16],
    ['at a corner', 8, [0, 0], 4],
    ['at the end of the border', 8, [8, 4], 8],
    ['of odd size in the middle', 6, [3, 3], 9],
    ['of odd size at a corner', 6, [0, 0], 4],
  ] as const)('%s covers that part of its area that lies in the image', async (_, size, center, area) => {
    const ones = generate([1, 1, size, size], () => 1);
    const { data } = await forward(cut(center), [ones]);
    expect(Array.from(data, Number).filter((pixel) => pixel === 0)).toHaveLength(area);
  });

  it('has the gradient of finite differences', async () => {
    await expectRightGradients(cut([1, 4], [5, 2]), [random([2, 2, 6, 6], 2)]);
  });

  it('draws centers from the whole image', () => {
    const stream = randomStream(1, 'centers');
    const draws = Array.from({ length: 1000 }, () => cutout.draw(stream, [1, 8, 6]));
    const valuesOf = (axis: number) => [...new Set(draws.map((draw) => draw[axis]!))].sort((a, b) => a - b);
    expect(valuesOf(0)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect(valuesOf(1)).toEqual([0, 1, 2, 3, 4, 5]);
  });
});
