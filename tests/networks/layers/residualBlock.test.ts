import { describe, expect, it } from 'vitest';
import { ShapeError } from '../../../src/engine/index.js';
import { sequential } from '../../../src/networks/layer.js';
import { batchNorm, conv, residualBlock, tanh } from '../../../src/networks/layers/index.js';
import { createNetwork } from '../../../src/networks/network.js';
import { expectClose, expectCloseElements } from '../../engine/expectations.js';
import { random } from '../../engine/tensors.js';
import { evaluated, expectConsistentLayer } from './runLayer.js';

const body = { conv1: conv(2, 3, { kernel: 3, padding: 1 }), norm1: batchNorm(3), activation1: tanh() };
const shortcut = conv(2, 3, { kernel: 1 });
const x = random([2, 2, 3, 3], 1);

describe('residualBlock', () => {
  it('adds its input to the output of the body', async () => {
    const convolution = conv(2, 2, { kernel: 3, padding: 1 });
    const weight = random([2, 2, 3, 3], 2);
    const [block, own] = [
      await evaluated(residualBlock({ conv1: convolution }), x, { 'conv1.weight': weight }),
      await evaluated(convolution, x, { weight }),
    ];
    expectCloseElements(
      Array.from(block.data, Number),
      Array.from(own.data, Number).map((value, index) => value + x.data[index]!),
    );
  });

  it('adds the output of a convolution as shortcut', async () => {
    const tensors = {
      'conv1.weight': random([3, 2, 3, 3], 2),
      'norm1.weight': random([3], 3),
      'norm1.bias': random([3], 4),
    };
    const running = { 'norm1.running_mean': random([3], 5), 'norm1.running_var': random([3], 6, 0.5, 1.5) };
    const weight = random([3, 2, 1, 1], 7);
    const block = await evaluated(residualBlock(body, shortcut), x, {
      ...tensors,
      ...running,
      'shortcut.weight': weight,
    });
    const [main, side] = [
      await evaluated(sequential(body), x, { ...tensors, ...running }),
      await evaluated(shortcut, x, { weight }),
    ];
    expectClose(block, {
      ...main,
      data: Float32Array.from(main.data as Float32Array, (value, index) => value + Number(side.data[index])),
    });
  });

  it("names its tensors by layer, and a network's by block", () => {
    const { parameters, statistics } = createNetwork('encoder', { block1: residualBlock(body, shortcut) }, [2, 3, 3]);
    const names = ['conv1.weight', 'norm1.weight', 'norm1.bias', 'shortcut.weight'];
    expect([...parameters.entries.keys()]).toEqual(names.map((name) => `encoder.block1.${name}`));
    expect([...statistics.entries.keys()]).toEqual([
      'encoder.block1.norm1.running_mean',
      'encoder.block1.norm1.running_var',
    ]);
  });

  it('has correct gradients in every lowering', async () => {
    await expectConsistentLayer(residualBlock(body, shortcut), x);
    await expectConsistentLayer(
      residualBlock({ conv1: conv(2, 2, { kernel: 3, padding: 1 }), activation1: tanh() }),
      x,
    );
  });

  it('counts its layers, and one addition per element', () => {
    const separately = sequential(body).flops([2, 3, 3]) + shortcut.flops([2, 3, 3]);
    expect(residualBlock(body, shortcut).flops([2, 3, 3])).toBe(separately + 3 * 3 * 3);
  });

  it('rejects a body whose output shape differs from that of the shortcut', () => {
    expect(() => createNetwork('encoder', { block1: residualBlock(body) }, [2, 3, 3])).toThrow(ShapeError);
    expect(() => createNetwork('encoder', { block1: residualBlock(body) }, [2, 3, 3])).toThrow(
      'the body returns [3, 3, 3] but the shortcut [2, 3, 3]',
    );
  });
});
