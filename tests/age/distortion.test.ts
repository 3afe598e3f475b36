import { describe, expect, it } from 'vitest';
import { distortBy, drawDistortions } from '../../src/age/distortion.js';
import { constant } from '../../src/engine/index.js';
import { randomStream } from '../../src/random.js';
import { expectClose, expectSame } from '../engine/expectations.js';
import { expectRightGradients } from '../engine/finiteDifferences.js';
import { forward, targets } from '../engine/running.js';
import { at, generate, random } from '../engine/tensors.js';

const clamp = (index: number, size: number): number => Math.min(Math.max(index, 0), size - 1);
/** One image distorted by values along its rows and along its columns. */
const distort = (rows: readonly number[], columns: readonly number[]) =>
  distortBy(constant([...rows, ...columns], [1, 6]));
const NONE = [0, 1, 0];

describe('the distortion of align', () => {
  it('is drawn evenly within its ranges, along the rows and along the columns', () => {
    const draws = drawDistortions(2000, [1, 32, 64], randomStream(1, 'distortions'));
    const ranges = [
      [-4, 4],
      [0.9, 1.1],
      [-0.15, 0.15],
      [-2, 2],
      [0.9, 1.1],
      [-0.15, 0.15],
    ];
    for (const [column, [low, high]] of ranges.entries()) {
      const values = draws.filter((_, index) => index % 6 === column);
      for (const quarter of [0, 1, 2, 3]) {
        const [from, to] = [low! + ((high! - low!) * quarter) / 4, low! + ((high! - low!) * (quarter + 1)) / 4];
        expect(Math.abs(values.filter((value) => value >= from && value <= to).length - 500)).toBeLessThan(100);
      }
    }
  });

  it('without shift, scale or shear is the identity', async () => {
    const x = random([1, 2, 8, 6], 2);
    for (const target of Object.values(targets)) expectSame(await forward(distort(NONE, NONE), [x], target), x);
  });

  it('shifts to the right and down, and repeats the border', async () => {
    const x = random([1, 1, 8, 6], 3);
    const expected = generate(x.shape, (n, c, i, j) => at(x, n, c, clamp(i + 1, 8), clamp(j - 2, 6)));
    for (const target of Object.values(targets))
      expectClose(await forward(distort([2, 1, 0], [-1, 1, 0]), [x], target), expected);
  });

  it('interpolates linearly between two pixels', async () => {
    const x = random([1, 1, 4, 6], 4);
    const expected = generate(
      x.shape,
      (n, c, i, j) => 0.75 * at(x, n, c, i, j) + 0.25 * at(x, n, c, i, clamp(j - 1, 6)),
    );
    expectClose(await forward(distort([0.25, 1, 0], NONE), [x]), expected);
  });

  it('scales and shears around the center', async () => {
    const x = random([1, 1, 5, 9], 5);
    const expected = generate(x.shape, (n, c, i, j) => at(x, n, c, i, clamp(4 + 2 * (j - 4) + (i - 2), 9)));
    expectClose(await forward(distort([0, 2, 1], NONE), [x]), expected);
    const alongColumns = generate(x.shape, (n, c, i, j) => at(x, n, c, clamp(2 + 2 * (i - 2) + (j - 4), 5), j));
    expectClose(await forward(distort(NONE, [0, 2, 1]), [x]), alongColumns);
  });

  it('distorts each image by its own values', async () => {
    const x = random([2, 1, 8, 8], 6);
    const both = await forward(distortBy(constant([1, 1, 0, ...NONE, ...NONE, 0, 1, 0.5], [2, 6])), [x]);
    const alone = await forward(distort(NONE, [0, 1, 0.5]), [{ ...x, shape: [1, 1, 8, 8], data: x.data.slice(64) }]);
    expectClose({ ...both, shape: [1, 1, 8, 8], data: both.data.slice(64) }, alone);
  });

  it('has the gradient of finite differences', async () => {
    await expectRightGradients(distort([0.3, 1.1, 0.2], [-0.4, 0.9, 0.1]), [random([1, 2, 5, 4], 7)]);
  });
});
