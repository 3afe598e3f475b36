import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ShapeError } from '../../src/engine/index.js';
import { sequential } from '../../src/networks/layer.js';
import {
  averagePool,
  batchNorm,
  conv,
  convDownsample,
  convTranspose,
  globalAveragePool,
  groupNorm,
  leakyRelu,
  linear,
  pixelNorm,
  relu,
  residualBlock,
  scale,
  tanh,
  upsample,
  upsampleConv,
} from '../../src/networks/layers.js';
import { createNetwork } from '../../src/networks/network.js';
import { expectClose, expectCloseElements, expectSame } from '../engine/expectations.js';
import { at, generate, positionsOf, random, randomAwayFromZero, tensor, type Tensor } from '../engine/tensors.js';
import { meanOf, varianceOf } from '../moments.js';
import { convolve, convolveTransposed, normalize, statisticsOf } from './plainLayers.js';
import { betweenConvolutions, evaluated, expectConsistentLayer, trained } from './runLayer.js';

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
    expect(layer.hasFeatures).toBe(true);
    expect(layer.flops([3, 2, 2])).toBe(12);
  });
});

describe('scale', () => {
  it('multiplies each element by its factor', async () => {
    const x = random([2, 3, 2, 2], 1);
    expectSame(
      await evaluated(scale(0.5), x),
      generate(x.shape, (...index) => 0.5 * at(x, ...index)),
    );
    await expectConsistentLayer(scale(3), x);
  });
});

describe('convolutions', () => {
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
      await expectConsistentLayer(
        conv(3, 5, { kernel: 4, stride: 2, padding: 1, bias: true }),
        random([2, 3, 4, 4], 4),
      );
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
});

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

describe('normalization', () => {
  const elementsOf = (value: { data: ArrayLike<number | bigint> }) => Array.from(value.data, Number);
  const affine = (channels: number) => ({ weight: random([channels], 11, 0.5, 1.5), bias: random([channels], 12) });

  describe('batchNorm', () => {
    const x = random([3, 2, 4, 4], 1, -1, 3);
    const maps = { count: 3, channels: 2, size: 4, data: Array.from(x.data) };
    const { weight, bias } = affine(2);

    it('normalizes by the batch in training, and updates the running statistics with momentum 0.1 and the unbiased variance', async () => {
      const observed = statisticsOf(maps);
      const { output, after } = await trained(batchNorm(2), x, { weight, bias }, tensor([1, 2, 3, 4]));
      expectCloseElements(elementsOf(output!), [...normalize(maps, observed, weight.data, bias.data).data], 1e-5);
      const unbiased = observed.variance.map((variance) => (variance * 48) / 47);
      const expected = [...observed.mean, ...unbiased].map((value, index) => 0.9 * (index + 1) + 0.1 * value);
      expectCloseElements(elementsOf(after!), expected, 1e-5);
    });

    it('normalizes by the running statistics in inference', async () => {
      const running = { running_mean: tensor([0.3, -0.2]), running_var: tensor([1.5, 0.5]) };
      const result = await evaluated(batchNorm(2), x, { weight, bias, ...running });
      expectCloseElements(
        elementsOf(result),
        [...normalize(maps, { mean: [0.3, -0.2], variance: [1.5, 0.5] }, weight.data, bias.data).data],
        1e-5,
      );
    });

    it('has correct gradients in every lowering', async () => {
      await expectConsistentLayer(batchNorm(2), random([3, 2, 2, 2], 2, -2, 2));
    });
  });

  /** The definition of PyTorch's GroupNorm, in double precision. */
  function plainGroupNorm(x: Tensor, groups: number, weight: Tensor, bias: Tensor): Tensor {
    const [, channels, height, width] = x.shape as [number, number, number, number];
    const size = channels / groups;
    const groupOf = (n: number, c: number) =>
      positionsOf([size, height, width]).map(([member, i, j]) =>
        at(x, n, Math.floor(c / size) * size + member!, i!, j!),
      );
    return generate(x.shape, (n, c, i, j) => {
      const elements = groupOf(n, c);
      return (
        ((at(x, n, c, i, j) - meanOf(elements)) / Math.sqrt(varianceOf(elements) + 1e-5)) * weight.data[c]! +
        bias.data[c]!
      );
    });
  }

  describe('groupNorm', () => {
    it.each([
      [1, 4],
      [2, 4],
      [4, 4],
    ])('with %i groups of %i channels computes its definition', async (groups, channels) => {
      const x = random([2, channels, 3, 2], groups, -1, 3);
      const { weight, bias } = affine(channels);
      expectCloseElements(
        elementsOf(await evaluated(groupNorm(groups, channels), x, { weight, bias })),
        elementsOf(plainGroupNorm(x, groups, weight, bias)),
        1e-5,
      );
    });

    it('is invariant to the scale and offset of its input', async () => {
      const x = random([2, 4, 4, 4], 7, -1, 1);
      const parameters = affine(4);
      const expected = elementsOf(await evaluated(groupNorm(2, 4), x, parameters));
      await fc.assert(
        fc.asyncProperty(
          fc.double({ min: 1, max: 10, noNaN: true }),
          fc.double({ min: -5, max: 5, noNaN: true }),
          async (scale, offset) => {
            const moved = tensor(
              Array.from(x.data, (value) => scale * value + offset),
              x.shape,
            );
            expectCloseElements(elementsOf(await evaluated(groupNorm(2, 4), moved, parameters)), expected, 1e-3);
          },
        ),
        { numRuns: 10 },
      );
    });

    it('has correct gradients in every lowering, also on blocked data', async () => {
      await expectConsistentLayer(groupNorm(2, 4), random([2, 4, 2, 2], 3, -2, 2));
      const blocked = betweenConvolutions(
        groupNorm(2, 4),
        conv(2, 4, { kernel: 3, padding: 1 }),
        conv(4, 2, { kernel: 1 }),
      );
      await expectConsistentLayer(blocked, random([2, 2, 2, 3], 4));
    });

    it('rejects groups that do not divide the channels', () => {
      expect(() => groupNorm(3, 4)).toThrow(ShapeError);
      expect(() => groupNorm(3, 4)).toThrow('3 groups do not divide 4 channels');
    });
  });

  describe('pixelNorm', () => {
    const x = random([2, 3, 2, 2], 1, -2, 2);

    it('divides each pixel by the root mean square of its channels', async () => {
      const expected = generate(
        x.shape,
        (n, c, i, j) => at(x, n, c, i, j) / Math.sqrt(meanOf([0, 1, 2].map((k) => at(x, n, k, i, j) ** 2)) + 1e-8),
      );
      expectCloseElements(elementsOf(await evaluated(pixelNorm(), x)), elementsOf(expected), 1e-5);
    });

    it('maps 0 to 0', async () => {
      expect(elementsOf(await evaluated(pixelNorm(), tensor([0, 0, 0, 0], [1, 2, 1, 2])))).toEqual([0, 0, 0, 0]);
    });

    it('has correct gradients in every lowering, also on blocked data', async () => {
      await expectConsistentLayer(pixelNorm(), x);
      await expectConsistentLayer(
        betweenConvolutions(pixelNorm(), conv(2, 3, { kernel: 1 }), conv(3, 2, { kernel: 1 })),
        random([2, 2, 2, 2], 2, 0.5, 1.5),
      );
    });
  });
});

describe('resampling', () => {
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

  describe('averagePool', () => {
    const pixels = random([2, 3, 4, 6], 3);

    it('is the mean of each block', async () => {
      expectClose(
        await evaluated(averagePool(), pixels),
        generate([2, 3, 2, 3], (n, c, i, j) =>
          meanOf([0, 1].flatMap((di) => [0, 1].map((dj) => at(pixels, n, c, 2 * i + di, 2 * j + dj)))),
        ),
      );
    });

    it('inverts upsampling by the same factor', async () => {
      expectClose(await evaluated(sequential({ up: upsample(3), pool: averagePool(3) }), x), x);
    });

    it('has correct gradients in every lowering, also on blocked data', async () => {
      await expectConsistentLayer(averagePool(), pixels);
      const around = [conv(3, 4, { kernel: 3, padding: 1 }), conv(4, 2, { kernel: 3, padding: 1 })] as const;
      await expectConsistentLayer(betweenConvolutions(averagePool(), ...around), pixels);
    });

    it('rejects sides that are no multiples of the factor', async () => {
      await expect(evaluated(averagePool(), random([1, 1, 3, 2], 1))).rejects.toThrow(ShapeError);
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
});

describe('resampling convolutions', () => {
  const std = 0.1;
  const x = random([2, 3, 4, 6], 1);
  const tensors = { weight: random([5, 3, 3, 3], 2), bias: random([5], 3) };
  const plain = conv(3, 5, { kernel: 3, padding: 1, bias: true });
  const named = Object.fromEntries(Object.entries(tensors).map(([name, value]) => [`conv.${name}`, value]));

  it.each([
    ['upsampleConv', upsampleConv(3, 5, { std }), sequential({ upsample: upsample(), conv: plain })],
    ['convDownsample', convDownsample(3, 5, { std }), sequential({ conv: plain, pool: averagePool() })],
  ])('%s equals the two layers that it replaces, and their gradients', async (_, layer, separate) => {
    expectClose(await evaluated(layer, x, tensors), await evaluated(separate, x, named), 1e-5);
    expect(layer.outputShape([3, 4, 6])).toEqual(separate.outputShape([3, 4, 6]));
    await expectConsistentLayer(layer, random([2, 3, 2, 4], 4));
    await expectConsistentLayer(
      betweenConvolutions(layer, conv(2, 3, { kernel: 1 }), conv(5, 2, { kernel: 3, padding: 1 })),
      random([2, 2, 2, 4], 5),
    );
  });

  it('count 16 multiply-adds per pair of channels and small pixel', () => {
    expect(upsampleConv(3, 5, { std }).flops([3, 4, 6])).toBe(2 * 16 * 3 * 5 * 24 + 5 * 96);
    expect(convDownsample(3, 5, { std }).flops([3, 4, 6])).toBe(2 * 16 * 3 * 5 * 6 + 5 * 6);
  });
});

describe('residual blocks', () => {
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
});
