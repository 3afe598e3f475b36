import { describe, expect, it } from 'vitest';
import { conv, globalAveragePool, upsample } from '../../../src/networks/layers/index.js';
import { sequential } from '../../../src/networks/layer.js';
import { expectCloseElements, expectSame } from '../../engine/expectations.js';
import { at, generate, random } from '../../engine/tensors.js';
import { meanOf } from '../../moments.js';
import { betweenConvolutions, evaluated, expectConsistentLayer } from './runLayer.js';

const x = random([2, 3, 2, 3], 1);

describe('globalAveragePool', () => {
  it('is the mean of each channel', async () => {
    const means = Array.from({ length: 6 }, (_, channel) =>
      meanOf(Array.from(x.data.subarray(6 * channel, 6 * (channel + 1)))),
    );
    const result = await evaluated(globalAveragePool(), x);
    expect(result.shape).toEqual([2, 3, 1, 1]);
    expectCloseElements(Array.from(result.data, Number), means);
  });

  it('has correct gradients in every lowering', async () => {
    await expectConsistentLayer(globalAveragePool(), x);
  });
});

describe('upsample', () => {
  it('repeats each pixel in both directions', async () => {
    expectSame(
      await evaluated(upsample(), x),
      generate([2, 3, 4, 6], (n, c, i, j) => at(x, n, c, Math.floor(i / 2), Math.floor(j / 2))),
    );
  });

  it('is inverted by global average pooling of one pixel', async () => {
    const pixels = random([4, 2, 1, 1], 2);
    const { data } = await evaluated(sequential({ up: upsample(4), pool: globalAveragePool() }), pixels);
    expectCloseElements(Array.from(data, Number), Array.from(pixels.data));
  });

  it('has correct gradients in every lowering, also on blocked data', async () => {
    await expectConsistentLayer(upsample(2), x);
    await expectConsistentLayer(
      betweenConvolutions(upsample(2), conv(3, 4, { kernel: 3, padding: 1 }), conv(4, 2, { kernel: 3, padding: 1 })),
      x,
    );
  });
});
