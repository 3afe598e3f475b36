import { describe, expect, it } from 'vitest';
import { conv, convTranspose } from '../../../src/networks/layers/index.js';
import { expectCloseElements } from '../../engine/expectations.js';
import { random } from '../../engine/tensors.js';
import { convolve, convolveTransposed } from '../plainLayers.js';
import { evaluated, expectConsistentLayer } from './runLayer.js';

const x = random([2, 3, 6, 6], 1);
const maps = { count: 2, channels: 3, size: 6, data: Array.from(x.data) };

describe('conv', () => {
  it('computes the convolution of its definition, with its bias', async () => {
    const [weight, bias] = [random([5, 3, 4, 4], 2), random([5], 3)];
    const result = await evaluated(conv(3, 5, { kernel: 4, stride: 2, padding: 1, bias: true }), x, { weight, bias });
    const expected = convolve(maps, {
      weight: weight.data,
      bias: bias.data,
      side: 4,
      outputs: 5,
      stride: 2,
      padding: 1,
    });
    expectCloseElements(Array.from(result.data, Number), expected.data);
  });

  it('has correct gradients in every lowering', async () => {
    await expectConsistentLayer(conv(3, 5, { kernel: 4, stride: 2, padding: 1, bias: true }), random([2, 3, 4, 4], 4));
    await expectConsistentLayer(conv(3, 2, { kernel: 1 }), random([2, 3, 2, 2], 5));
  });

  it('counts two operations per multiply-add and one per bias', () => {
    const options = { kernel: 4, stride: 2, padding: 1 };
    expect(conv(3, 5, options).flops([3, 8, 8])).toBe(2 * (3 * 4 * 4) * (5 * 4 * 4));
    expect(conv(3, 5, { ...options, bias: true }).flops([3, 8, 8])).toBe(2 * (3 * 4 * 4) * (5 * 4 * 4) + 5 * 4 * 4);
  });
});

describe('convTranspose', () => {
  it('computes the transposed convolution of its definition', async () => {
    const weight = random([3, 5, 4, 4], 2);
    const result = await evaluated(convTranspose(3, 5, { kernel: 4, stride: 2, padding: 1 }), x, { weight });
    expectCloseElements(
      Array.from(result.data, Number),
      convolveTransposed(maps, { weight: weight.data, side: 4, outputs: 5, stride: 2, padding: 1 }).data,
    );
  });

  it('has correct gradients in every lowering', async () => {
    await expectConsistentLayer(
      convTranspose(3, 5, { kernel: 4, stride: 2, padding: 1, bias: true }),
      random([2, 3, 2, 2], 4),
    );
    await expectConsistentLayer(convTranspose(3, 2, { kernel: 4 }), random([2, 3, 1, 1], 5));
  });

  it('counts one kernel application per input pixel, like the convolution that it transposes', () => {
    const options = { kernel: 4, stride: 2, padding: 1 };
    expect(convTranspose(5, 3, options).flops([5, 4, 4])).toBe(conv(3, 5, options).flops([3, 8, 8]));
  });
});
