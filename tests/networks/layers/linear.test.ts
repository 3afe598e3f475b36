import { describe, expect, it } from 'vitest';
import { linear } from '../../../src/networks/layers/index.js';
import { expectCloseElements } from '../../engine/expectations.js';
import { random } from '../../engine/tensors.js';
import { evaluated, expectConsistentLayer } from './runLayer.js';

describe('linear', () => {
  it('computes W x + b of each vector, and of images as vectors', async () => {
    const [weight, bias, x] = [random([3, 4], 1), random([3], 2), random([2, 4, 1, 1], 3)];
    const { data, shape } = await evaluated(linear(4, 3), x, { weight, bias });
    const expected = [0, 1].flatMap((row) =>
      [0, 1, 2].map((output) =>
        [0, 1, 2, 3].reduce<number>(
          (sum, input) => sum + Number(weight.data[4 * output + input]) * Number(x.data[4 * row + input]),
          Number(bias.data[output]),
        ),
      ),
    );
    expect(shape).toEqual([2, 3]);
    expectCloseElements(Array.from(data, Number), expected);
  });

  it('has correct gradients in every lowering', async () => {
    await expectConsistentLayer(linear(3, 5), random([4, 3], 1));
  });

  it('counts two operations per weight and one per bias', () => {
    expect(linear(3, 5).flops([3])).toBe(2 * 15 + 5);
  });
});
