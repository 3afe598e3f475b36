import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ShapeError } from '../../../src/engine/index.js';
import { batchNorm, conv, groupNorm, pixelNorm } from '../../../src/networks/layers/index.js';
import { expectCloseElements } from '../../engine/expectations.js';
import { at, generate, positionsOf, random, tensor, type Tensor } from '../../engine/tensors.js';
import { meanOf, varianceOf } from '../../moments.js';
import { normalize, statisticsOf } from '../plainLayers.js';
import { betweenConvolutions, evaluated, expectConsistentLayer, trained } from './runLayer.js';

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
    positionsOf([size, height, width]).map(([member, i, j]) => at(x, n, Math.floor(c / size) * size + member!, i!, j!));
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
