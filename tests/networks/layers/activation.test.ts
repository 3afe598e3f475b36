import { describe, expect, it } from 'vitest';
import { leakyRelu, relu, tanh } from '../../../src/networks/layers/index.js';
import { expectCloseElements } from '../../engine/expectations.js';
import { random, randomAwayFromZero } from '../../engine/tensors.js';
import { evaluated, expectConsistentLayer } from './runLayer.js';

describe.each([
  ['relu', relu(), (value: number) => Math.max(0, value)],
  ['leakyRelu', leakyRelu(0.2), (value: number) => (value > 0 ? value : 0.2 * value)],
  ['tanh', tanh(), Math.tanh],
] as const)('%s', (_, layer, definition) => {
  it('computes its definition for each element', async () => {
    const x = random([2, 3, 2, 2], 1, -2, 2);
    expectCloseElements(Array.from((await evaluated(layer, x)).data, Number), Array.from(x.data, definition), 1e-5);
  });

  it('has correct gradients in every lowering', async () => {
    await expectConsistentLayer(layer, randomAwayFromZero([2, 3, 2, 2], 2));
  });

  it('counts one operation per element', () => {
    expect(layer.isActivation).toBe(true);
    expect(layer.flops([3, 2, 2])).toBe(12);
  });
});
