import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tensorViews } from '../../src/engine/index.js';
import { ARCHITECTURES } from '../../src/networks/dcgan.js';
import { adaptRunningStats, initialParameters, initialStatistics } from '../../src/networks/initialization.js';
import { NETWORK_NAMES, type NetworkPair } from '../../src/networks/network.js';
import { randomStream } from '../../src/random.js';
import { expectWithin } from '../expectWithin.js';
import { deviationOf, kurtosisOf, meanOf } from '../moments.js';

const dcgan32 = ARCHITECTURES.dcgan32.build({ channels: 3, latentSize: 256, width: 16 });
const tensorsOf = (pair: NetworkPair, seed: number): Record<string, Float32Array> =>
  Object.assign({}, ...NETWORK_NAMES.map((name) => tensorViews(initialParameters(pair[name], seed), pair[name].parameters))) as Record<string, Float32Array>;

const tensors = Object.entries(tensorsOf(dcgan32, 1));
const named = (pattern: RegExp) => tensors.filter(([name]) => pattern.test(name));

describe('initial parameters', () => {
  it.each(named(/conv\d\.weight$/).flatMap(([name, { length }]) => (length > 500 ? [name] : [])))('have normal draws of deviation 0.02 in %s', (name) => {
    const weights = Object.fromEntries(tensors)[name]!;
    expectWithin(meanOf(weights), 0, 0.1 / Math.sqrt(weights.length));
    expectWithin(deviationOf(weights), 0.02, 0.1 / Math.sqrt(weights.length));
    expectWithin(kurtosisOf(weights), 3, 5 * Math.sqrt(24 / weights.length));
  });

  it('scale by normal draws of mean 1 and deviation 0.02 after normalisation', () => {
    const scales = named(/norm\d\.weight$/).flatMap(([, scale]) => Array.from(scale));
    expect(scales.length).toBeGreaterThan(300);
    expectWithin(meanOf(scales), 1, 0.006);
    expectWithin(deviationOf(scales), 0.02, 0.004);
  });

  it('shift by 0 after normalisation', () => {
    const shifts = named(/norm\d\.bias$/);
    expect(shifts).toHaveLength(6);
    for (const [, shift] of shifts) expect(new Set(shift)).toEqual(new Set([0]));
  });

  it("draw the last biases as PyTorch does, evenly within the root of the kernel's inputs", () => {
    const { 'encoder.conv4.bias': encoderBias, 'generator.conv5.bias': generatorBias } = Object.fromEntries(tensors);
    const limit = 1 / Math.sqrt(4 * 16 * 4 * 4);
    expect(Math.max(...encoderBias!.map(Math.abs))).toBeLessThanOrEqual(limit);
    expectWithin(meanOf(encoderBias!), 0, 0.2 * limit);
    expectWithin(deviationOf(encoderBias!), limit / Math.sqrt(3), 0.1 * limit);
    expectWithin(kurtosisOf(encoderBias!), 1.8, 0.3);
    // 1x1 kernels over 2n channels: the bound shows over many seeds.
    const biases = [...Array(200).keys()].flatMap((seed) =>
      Array.from(tensorsOf(ARCHITECTURES.dcgan32.build({ channels: 3, latentSize: 2, width: 2 }), seed)['generator.conv5.bias']!),
    );
    expect(generatorBias).toHaveLength(3);
    expectWithin(Math.max(...biases), 1 / Math.sqrt(4), 0.03);
    expectWithin(Math.min(...biases), -1 / Math.sqrt(4), 0.03);
  });

  it('are determined by the seed', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), (seed) => {
        const pair = ARCHITECTURES.dcgan32.build({ channels: 1, latentSize: 3, width: 1 });
        for (const name of NETWORK_NAMES) expect(initialParameters(pair[name], seed)).toEqual(initialParameters(pair[name], seed));
      }),
      { numRuns: 10 },
    );
  });

  it('differ in every drawn tensor from those of another seed', () => {
    const others = tensorsOf(dcgan32, 2);
    for (const [name, tensor] of named(/conv\d\.(weight|bias)|norm\d\.weight/)) expect(others[name], name).not.toEqual(tensor);
  });

  it('begin differently in every tensor', () => {
    const firsts = named(/conv\d\.weight/).map(([, tensor]) => tensor[0]);
    expect(new Set(firsts).size).toBe(9);
  });

  it('of one tensor do not depend on the sizes of the others', () => {
    const [grey, coloured] = [1, 3].map((channels) => tensorsOf(ARCHITECTURES.dcgan32.build({ channels, latentSize: 4, width: 2 }), 5));
    expect(grey!['encoder.conv2.weight']).toEqual(coloured!['encoder.conv2.weight']);
    expect(grey!['generator.conv4.weight']).toEqual(coloured!['generator.conv4.weight']);
  });
});

describe('initial statistics', () => {
  it.each(NETWORK_NAMES)('of the %s are means of 0 and variances of 1', (name) => {
    const statistics = Object.entries(tensorViews(initialStatistics(dcgan32[name]), dcgan32[name].statistics));
    expect(statistics.length).toBeGreaterThan(0);
    for (const [tensor, values] of statistics) expect(new Set(values), tensor).toEqual(new Set([tensor.endsWith('running_var') ? 1 : 0]));
  });
});

describe('running statistics of another network', () => {
  const apart = ARCHITECTURES.dcgan32.build({ channels: 3, latentSize: 256, width: 16, separateStatistics: true });

  it.each(NETWORK_NAMES)('of the %s stand for both kinds of input where these are kept apart, and those of its own alone where not', (name) => {
    const shared = randomStream(1, name).fillNormal(new Float32Array(dcgan32[name].statistics.size));
    const fitted = adaptRunningStats(apart[name], shared);
    expect(fitted).toEqual(Float32Array.from([...shared, ...shared]));
    expect(adaptRunningStats(apart[name], fitted)).toEqual(fitted);
    const other = Float32Array.from([...shared, ...shared.map((value) => value + 1)]);
    expect(adaptRunningStats(dcgan32[name], other)).toEqual(shared);
  });
});
