import { describe, expect, it } from 'vitest';
import { createNetwork, NETWORK_NAMES } from '../../src/networks/network.js';

describe('networkOf', () => {
  const network = createNetwork(
    'generator',
    [
      { kind: 'transposedConvolution', name: 'conv1', inputChannels: 3, outputChannels: 5, kernel: 2, stride: 2, padding: 0, bias: true },
      { kind: 'batchNormalization', name: 'norm1', channels: 5 },
      { kind: 'relu' },
    ],
    [3, 1, 1],
    [5, 2, 2],
  );

  it('packs the tensors of its layers one after another, under the name of the network', () => {
    expect([...network.parameters.entries]).toEqual([
      ['generator.conv1.weight', { shape: [3, 5, 2, 2], offset: 0 }],
      ['generator.conv1.bias', { shape: [5], offset: 60 }],
      ['generator.norm1.weight', { shape: [5], offset: 65 }],
      ['generator.norm1.bias', { shape: [5], offset: 70 }],
    ]);
    expect(network.parameters.size).toBe(75);
  });

  it('keeps running statistics apart from what is learnt', () => {
    expect([...network.statistics.entries]).toEqual([
      ['generator.norm1.running_mean', { shape: [5], offset: 0 }],
      ['generator.norm1.running_var', { shape: [5], offset: 5 }],
    ]);
  });

  it('has running statistics of what the other network made after those of its own inputs, where they are kept apart', () => {
    const { statistics, parameters } = createNetwork('generator', network.layers, [3, 1, 1], [5, 2, 2], true);
    expect([...statistics.entries]).toEqual([
      ['generator.norm1.running_mean', { shape: [5], offset: 0 }],
      ['generator.norm1.running_var', { shape: [5], offset: 5 }],
      ['generator.norm1.made.running_mean', { shape: [5], offset: 10 }],
      ['generator.norm1.made.running_var', { shape: [5], offset: 15 }],
    ]);
    expect(parameters).toEqual(network.parameters);
  });

  it('gives layers without tensors no place', () => {
    const { parameters, statistics } = createNetwork(
      'encoder',
      [{ kind: 'tanh' }, { kind: 'leakyRelu', slope: 0.2 }, { kind: 'spatialMean' }],
      [1, 2, 2],
      [1, 1, 1],
    );
    expect([parameters.size, statistics.size]).toEqual([0, 0]);
  });
});

it('there are two networks, the encoder first', () => {
  expect(NETWORK_NAMES).toEqual(['encoder', 'generator']);
});
