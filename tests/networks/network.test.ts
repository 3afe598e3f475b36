import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tensorViews } from '../../src/engine/index.js';
import { ARCHITECTURES } from '../../src/networks/architecture.js';
import { batchNorm, conv, convTranspose, globalAveragePool, leakyRelu, relu, tanh } from '../../src/networks/layers.js';
import {
  adaptRunningStats,
  createNetwork,
  initialParameters,
  initialStatistics,
  NETWORK_NAMES,
  type NetworkPair,
} from '../../src/networks/network.js';
import { randomStream } from '../../src/random.js';
import { expectWithin } from '../expectWithin.js';
import { deviationOf, kurtosisOf, meanOf } from '../moments.js';

describe('createNetwork', () => {
  const layers = {
    conv1: convTranspose(3, 5, { kernel: 2, stride: 2, bias: true }),
    norm1: batchNorm(5),
    activation1: relu(),
  };
  const network = createNetwork('generator', layers, [3, 1, 1]);

  it('stores the parameters of its layers one after another, under the name of the network', () => {
    expect([...network.parameters.entries]).toEqual([
      ['generator.conv1.weight', { shape: [3, 5, 2, 2], offset: 0 }],
      ['generator.conv1.bias', { shape: [5], offset: 60 }],
      ['generator.norm1.weight', { shape: [5], offset: 65 }],
      ['generator.norm1.bias', { shape: [5], offset: 70 }],
    ]);
    expect(network.parameters.size).toBe(75);
  });

  it('stores running statistics in a separate vector', () => {
    expect([...network.statistics.entries]).toEqual([
      ['generator.norm1.running_mean', { shape: [5], offset: 0 }],
      ['generator.norm1.running_var', { shape: [5], offset: 5 }],
    ]);
  });

  it('appends running statistics of generated inputs if they are separate', () => {
    const { statistics, parameters } = createNetwork('generator', layers, [3, 1, 1], { separateStatistics: true });
    expect([...statistics.entries]).toEqual([
      ['generator.norm1.running_mean', { shape: [5], offset: 0 }],
      ['generator.norm1.running_var', { shape: [5], offset: 5 }],
      ['generator.norm1.generated.running_mean', { shape: [5], offset: 10 }],
      ['generator.norm1.generated.running_var', { shape: [5], offset: 15 }],
    ]);
    expect(parameters).toEqual(network.parameters);
  });

  it('derives the output shape from the layers', () => {
    expect(network.outputShape).toEqual([5, 2, 2]);
    const { outputShape, parameters, statistics } = createNetwork(
      'encoder',
      { act: tanh(), leaky: leakyRelu(0.2), pool: globalAveragePool() },
      [1, 2, 2],
    );
    expect([outputShape, parameters.size, statistics.size]).toEqual([[1, 1, 1], 0, 0]);
    expect(
      createNetwork('encoder', { conv1: conv(3, 7, { kernel: 3, stride: 2, padding: 1 }) }, [3, 9, 6]).outputShape,
    ).toEqual([7, 5, 3]);
  });
});

const dcgan32 = ARCHITECTURES.dcgan32.build({ channels: 3, latentSize: 256, width: 16 });
const tensorsOf = (pair: NetworkPair, seed: number): Record<string, Float32Array> =>
  Object.assign(
    {},
    ...NETWORK_NAMES.map((name) => tensorViews(initialParameters(pair[name], seed), pair[name].parameters)),
  ) as Record<string, Float32Array>;

const tensors = Object.entries(tensorsOf(dcgan32, 1));
const named = (pattern: RegExp) => tensors.filter(([name]) => pattern.test(name));

describe('initial parameters', () => {
  it.each(named(/conv\d\.weight$/).flatMap(([name, { length }]) => (length > 500 ? [name] : [])))(
    'have normal samples of standard deviation 0.02 in %s',
    (name) => {
      const weights = Object.fromEntries(tensors)[name]!;
      expectWithin(meanOf(weights), 0, 0.1 / Math.sqrt(weights.length));
      expectWithin(deviationOf(weights), 0.02, 0.1 / Math.sqrt(weights.length));
      expectWithin(kurtosisOf(weights), 3, 5 * Math.sqrt(24 / weights.length));
    },
  );

  it('have normal samples of mean 1 and standard deviation 0.02 as scales of normalization', () => {
    const scales = named(/norm\d\.weight$/).flatMap(([, scale]) => Array.from(scale));
    expect(scales.length).toBeGreaterThan(300);
    expectWithin(meanOf(scales), 1, 0.006);
    expectWithin(deviationOf(scales), 0.02, 0.004);
  });

  it('have shifts of 0 after normalization', () => {
    const shifts = named(/norm\d\.bias$/);
    expect(shifts).toHaveLength(6);
    for (const [, shift] of shifts) expect(new Set(shift)).toEqual(new Set([0]));
  });

  it("have last biases as in PyTorch, uniform within the inverse root of the kernel's inputs", () => {
    const { 'encoder.conv4.bias': encoderBias, 'generator.conv5.bias': generatorBias } = Object.fromEntries(tensors);
    const limit = 1 / Math.sqrt(4 * 16 * 4 * 4);
    expect(Math.max(...encoderBias!.map(Math.abs))).toBeLessThanOrEqual(limit);
    expectWithin(meanOf(encoderBias!), 0, 0.2 * limit);
    expectWithin(deviationOf(encoderBias!), limit / Math.sqrt(3), 0.1 * limit);
    expectWithin(kurtosisOf(encoderBias!), 1.8, 0.3);
    // 1x1 kernels over 2n channels: the bound shows over many seeds.
    const biases = [...Array(200).keys()].flatMap((seed) =>
      Array.from(
        tensorsOf(ARCHITECTURES.dcgan32.build({ channels: 3, latentSize: 2, width: 2 }), seed)['generator.conv5.bias']!,
      ),
    );
    expect(generatorBias).toHaveLength(3);
    expectWithin(Math.max(...biases), 1 / Math.sqrt(4), 0.03);
    expectWithin(Math.min(...biases), -1 / Math.sqrt(4), 0.03);
  });

  it('depend only on the seed', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), (seed) => {
        const pair = ARCHITECTURES.dcgan32.build({ channels: 1, latentSize: 3, width: 1 });
        for (const name of NETWORK_NAMES)
          expect(initialParameters(pair[name], seed)).toEqual(initialParameters(pair[name], seed));
      }),
      { numRuns: 10 },
    );
  });

  it('differ in every random tensor between seeds', () => {
    const others = tensorsOf(dcgan32, 2);
    for (const [name, tensor] of named(/conv\d\.(weight|bias)|norm\d\.weight/))
      expect(others[name], name).not.toEqual(tensor);
  });

  it('differ between tensors', () => {
    const firsts = named(/conv\d\.weight/).map(([, tensor]) => tensor[0]);
    expect(new Set(firsts).size).toBe(9);
  });

  it('of a tensor do not depend on the sizes of others', () => {
    const [gray, colored] = [1, 3].map((channels) =>
      tensorsOf(ARCHITECTURES.dcgan32.build({ channels, latentSize: 4, width: 2 }), 5),
    );
    expect(gray!['encoder.conv2.weight']).toEqual(colored!['encoder.conv2.weight']);
    expect(gray!['generator.conv4.weight']).toEqual(colored!['generator.conv4.weight']);
  });
});

describe('initial statistics', () => {
  it.each(NETWORK_NAMES)('of the %s are means of 0 and variances of 1', (name) => {
    const statistics = Object.entries(tensorViews(initialStatistics(dcgan32[name]), dcgan32[name].statistics));
    expect(statistics.length).toBeGreaterThan(0);
    for (const [tensor, values] of statistics)
      expect(new Set(values), tensor).toEqual(new Set([tensor.endsWith('running_var') ? 1 : 0]));
  });
});

describe('converted running statistics', () => {
  const apart = ARCHITECTURES.dcgan32.build({ channels: 3, latentSize: 256, width: 16, separateStatistics: true });

  it.each(NETWORK_NAMES)(
    'of the %s apply to both input kinds if separate, and use only the native ones if shared',
    (name) => {
      const shared = randomStream(1, name).fillNormal(new Float32Array(dcgan32[name].statistics.size));
      const fitted = adaptRunningStats(apart[name], shared);
      expect(fitted).toEqual(Float32Array.from([...shared, ...shared]));
      expect(adaptRunningStats(apart[name], fitted)).toEqual(fitted);
      const other = Float32Array.from([...shared, ...shared.map((value) => value + 1)]);
      expect(adaptRunningStats(dcgan32[name], other)).toEqual(shared);
    },
  );
});

it('NETWORK_NAMES lists the encoder first', () => {
  expect(NETWORK_NAMES).toEqual(['encoder', 'generator']);
});
