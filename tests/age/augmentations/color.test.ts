import { describe, expect, it } from 'vitest';
import { augment } from '../../../src/age/augmentation.js';
import { color } from '../../../src/age/augmentations/index.js';
import { constant, type Value } from '../../../src/engine/index.js';
import { randomStream } from '../../../src/random.js';
import { expectClose } from '../../engine/expectations.js';
import { expectRightGradients } from '../../engine/finiteDifferences.js';
import { forward, targets } from '../../engine/running.js';
import { at, generate, random, type Tensor, total } from '../../engine/tensors.js';

/** Brightness, saturation and contrast of each image. */
type Change = readonly [brightness: number, saturation: number, contrast: number];
const colored =
  (...changes: readonly Change[]) =>
  (x: Value): Value =>
    augment(x, ['color'], constant(changes.flat(), [changes.length, 3]));

const gray = (x: Tensor, n: number, i: number, j: number): number =>
  total([x.shape[1]!], (c) => at(x, n, c, i, j)) / x.shape[1]!;
const mean = (x: Tensor, n: number): number =>
  total(x.shape.slice(1), (c, i, j) => at(x, n, c, i, j)) / total(x.shape.slice(1), () => 1);

const x = random([2, 3, 4, 5], 1);

describe('color', () => {
  it('adds the brightness', async () => {
    const expected = generate(x.shape, (n, c, i, j) => at(x, n, c, i, j) + [0.3, -0.2][n]!);
    for (const target of Object.values(targets))
      expectClose(await forward(colored([0.3, 1, 1], [-0.2, 1, 1]), [x], target), expected);
  });

  it('scales the difference of the channels from their mean by the saturation', async () => {
    const expected = generate(x.shape, (n, c, i, j) => {
      const pixel = gray(x, n, i, j);
      return pixel + [0, 1.7][n]! * (at(x, n, c, i, j) - pixel);
    });
    expectClose(await forward(colored([0, 0, 1], [0, 1.7, 1]), [x]), expected);
  });

  it('scales the difference from the mean of the image by the contrast', async () => {
    const expected = generate(x.shape, (n, c, i, j) => mean(x, n) + [0.5, 1.4][n]! * (at(x, n, c, i, j) - mean(x, n)));
    expectClose(await forward(colored([0, 1, 0.5], [0, 1, 1.4]), [x]), expected);
  });

  it('leaves the saturation of grayscale images', async () => {
    const one = random([2, 1, 4, 4], 2);
    expectClose(
      await forward(colored([0.1, 0, 0.8], [0, 2, 1]), [one]),
      await forward(colored([0.1, 1, 0.8], [0, 1, 1]), [one]),
      0,
    );
  });

  it('has the gradient of finite differences', async () => {
    await expectRightGradients(colored([0.3, 0.4, 1.2], [-0.1, 1.6, 0.7]), [x]);
  });

  it('draws brightness from -0.5 to 0.5, saturation from 0 to 2 and contrast from 0.5 to 1.5', () => {
    const stream = randomStream(1, 'colors');
    const draws = Array.from({ length: 1000 }, () => color.draw(stream, [3, 8, 8]));
    for (const [index, [low, high]] of [
      [-0.5, 0.5],
      [0, 2],
      [0.5, 1.5],
    ].entries()) {
      const values = draws.map((draw) => draw[index]!);
      expect(Math.min(...values)).toBeGreaterThanOrEqual(low!);
      expect(Math.min(...values)).toBeLessThan(low! + 0.02);
      expect(Math.max(...values)).toBeLessThanOrEqual(high!);
      expect(Math.max(...values)).toBeGreaterThan(high! - 0.02);
    }
  });
});
