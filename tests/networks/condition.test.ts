import { describe, expect, it } from 'vitest';
import { ARCHITECTURE_NAMES, ARCHITECTURES } from '../../src/networks/architecture.js';
import { conditionChannels, conditionPlane } from '../../src/networks/condition.js';
import { expectCloseElements } from '../engine/expectations.js';
import { random, tensor } from '../engine/tensors.js';
import { evaluated, expectConsistentLayer } from './runLayer.js';

describe('conditional layers', () => {
  const condition = tensor([0, 1, 0, 0, 0.5, 2], [2, 3]);

  it('conditionChannels appends the condition to codes', async () => {
    const codes = random([2, 2, 1, 1], 1);
    const { shape, data } = await evaluated(conditionChannels(3), codes, {}, condition);
    expect(shape).toEqual([2, 5, 1, 1]);
    const [first, second] = [codes.data.slice(0, 2), codes.data.slice(2)].map((part) => Array.from(part));
    expectCloseElements(Array.from(data, Number), [...first!, 0, 1, 0, ...second!, 0, 0.5, 2]);
    await expectConsistentLayer(conditionChannels(3), codes, condition);
  });

  it('conditionPlane appends the picture that the condition selects, or a mixture', async () => {
    const [images, weight] = [random([2, 1, 2, 2], 1), random([3, 2, 2], 2)];
    const { shape, data } = await evaluated(conditionPlane(3, 2), images, { weight }, condition);
    expect(shape).toEqual([2, 2, 2, 2]);
    const pictures = [0, 1, 2].map((index) => Array.from(weight.data.slice(4 * index, 4 * index + 4)));
    const mixture = pictures[1]!.map((value, pixel) => 0.5 * value + 2 * pictures[2]![pixel]!);
    const [first, second] = [images.data.slice(0, 4), images.data.slice(4)].map((part) => Array.from(part));
    expectCloseElements(Array.from(data, Number), [...first!, ...pictures[1]!, ...second!, ...mixture]);
    await expectConsistentLayer(conditionPlane(3, 2), images, condition);
    expect(conditionPlane(3, 2).flops([1, 2, 2])).toBe(2 * 3 * 4);
  });

  it('are not called without a condition', async () => {
    for (const layer of [conditionChannels(3), conditionPlane(3, 1)])
      await expect(evaluated(layer, random([1, 2, 1, 1], 1), { weight: random([3, 1, 1], 2) })).rejects.toThrow(
        'without a condition',
      );
  });
});

describe('conditional networks', () => {
  const options = { channels: 3, latentSize: 6, width: 4 };

  it.each(ARCHITECTURE_NAMES)('of %s take the condition beside codes and images of the same shape', (name) => {
    const plain = ARCHITECTURES[name].build(options);
    const pair = ARCHITECTURES[name].build({ ...options, conditionSize: 5 });
    for (const network of ['encoder', 'generator'] as const) {
      expect(pair[network].inputShape).toEqual(plain[network].inputShape);
      expect(pair[network].outputShape).toEqual(plain[network].outputShape);
      expect([plain[network].conditionSize, pair[network].conditionSize]).toEqual([0, 5]);
    }
    const first = name.startsWith('resnet') ? 'stem' : 'conv1';
    const inputsOf = (network: 'encoder' | 'generator', axis: 0 | 1) =>
      [plain, pair].map((each) => each[network].parameters.entries.get(`${network}.${first}.weight`)!.shape[axis]);
    expect(inputsOf('encoder', 1)).toEqual([3, 4]);
    expect(inputsOf('generator', 0)).toEqual([6, 11]);
  });
});
