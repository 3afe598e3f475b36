import { describe, expect, it } from 'vitest';
import { InputError } from '../../src/errors.js';
import { ARCHITECTURES } from '../../src/networks/architecture.js';
import {
  initialParameters,
  type ModelWeights,
  type Network,
  NETWORK_NAMES,
  type NetworkPair,
} from '../../src/networks/network.js';
import { fromStateDict, isCounter, stateDictOptions, toStateDict } from '../../src/networks/stateDict.js';
import { randomStream } from '../../src/random.js';

const OPTIONS = { channels: 3, width: 2, latent: 5, separateStatistics: false } as const;
const build = (architecture: 'dcgan32' | 'dcgan64', separateStatistics = false) =>
  ARCHITECTURES[architecture].build({ channels: 3, width: 2, latentSize: 5, separateStatistics });

const statisticsOf = ({ name, statistics }: Network) =>
  randomStream(1, name)
    .fillNormal(new Float32Array(statistics.size))
    .map((value) => 1 + value ** 2);
const weightsOf = (pair: NetworkPair): ModelWeights =>
  Object.fromEntries(
    NETWORK_NAMES.flatMap((name) => [
      [`${name}.parameters`, initialParameters(pair[name], 1)],
      [`${name}.statistics`, statisticsOf(pair[name])],
    ]),
  ) as ModelWeights;

describe('a state dict', () => {
  it.each([
    ['dcgan32', false],
    ['dcgan64', false],
    ['dcgan32', true],
  ] as const)(
    'has the weights of %s under the names of PyTorch (separate running statistics: %s)',
    (architecture, separateStatistics) => {
      const pair = build(architecture, separateStatistics);
      const weights = weightsOf(pair);
      const tensors = toStateDict(pair, weights);
      const options = { ...OPTIONS, separateStatistics };
      expect(stateDictOptions(tensors, 'x')).toEqual(options);
      expect(fromStateDict(tensors, architecture, options, 'x')).toEqual(weights);
    },
  );

  it('numbers layers as nn.Sequential does', () => {
    expect(
      Object.keys(toStateDict(build('dcgan32'), weightsOf(build('dcgan32')))).filter((name) =>
        name.startsWith('encoder'),
      ),
    ).toEqual([
      'encoder.main.0.weight',
      'encoder.main.2.weight',
      ...['weight', 'bias', 'running_mean', 'running_var'].map((tensor) => `encoder.main.3.${tensor}`),
      'encoder.main.5.weight',
      ...['weight', 'bias', 'running_mean', 'running_var'].map((tensor) => `encoder.main.6.${tensor}`),
      'encoder.main.8.weight',
      'encoder.main.8.bias',
    ]);
  });

  it('has the generator with the running statistics of codes as decoder', () => {
    const pair = build('dcgan32', true);
    const weights = weightsOf(pair);
    const tensors = toStateDict(pair, weights);
    expect(tensors['decoder.main.0.weight']).toEqual(tensors['generator.main.0.weight']);
    const means = [tensors['generator.main.1.running_mean']!, tensors['decoder.main.1.running_mean']!].map(
      ({ data }) => data,
    );
    const half = pair.generator.statistics.size / 2;
    expect(means).toEqual(
      [0, half].map((start) => weights['generator.statistics'].subarray(start, start + means[0]!.length)),
    );
  });

  it('is rejected in a line if it is that of other networks', () => {
    const tensors = toStateDict(build('dcgan32'), weightsOf(build('dcgan32')));
    const { 'generator.main.1.bias': _, ...missing } = tensors;
    const problems = [
      [
        () => fromStateDict(missing, 'dcgan32', OPTIONS, 'f'),
        'f: not dcgan32 of width 2: expected generator.main.1.bias of shape [16] but it is missing',
      ],
      [
        () => fromStateDict(tensors, 'dcgan64', OPTIONS, 'f'),
        'f: not dcgan64 of width 2: expected encoder.main.8.weight of shape [16, 8, 4, 4] but got [5, 8, 4, 4]',
      ],
      [
        () =>
          fromStateDict({ ...tensors, 'critic.0.weight': tensors['encoder.main.8.bias']! }, 'dcgan32', OPTIONS, 'f'),
        'f: not dcgan32: critic.0.weight belongs to no network',
      ],
      [() => stateDictOptions({}, 'f'), 'f: expected encoder.main.0.weight with four axes but it is missing'],
      [
        () => stateDictOptions({ 'encoder.main.0.weight': tensors['encoder.main.8.bias']! }, 'f'),
        'f: expected encoder.main.0.weight with four axes but got [5]',
      ],
    ] as const;
    for (const [read, message] of problems) expect(read).toThrow(message);
  });

  it('is rejected if its numbers are no weights', () => {
    const pair = build('dcgan32', true);
    const tensors = toStateDict(pair, weightsOf(pair));
    const changed = (name: string, value: number) => ({
      ...tensors,
      [name]: { ...tensors[name]!, data: tensors[name]!.data.map((element, index) => (index === 1 ? value : element)) },
    });
    const read = (file: typeof tensors) => () =>
      fromStateDict(file, 'dcgan32', { ...OPTIONS, separateStatistics: true }, 'f');
    expect(read(changed('encoder.main.0.weight', NaN))).toThrow(
      new InputError('f: encoder.main.0.weight', 'element 1 is NaN, which no network can have'),
    );
    expect(read(changed('generator.main.1.running_var', -1))).toThrow('generator.main.1.running_var: element 1 is -1');
    expect(read(changed('decoder.main.0.weight', 5))).toThrow(
      new InputError('f', 'decoder.main.0.weight differs from that of generator'),
    );
  });

  it('may have counters', () => {
    expect(['encoder.main.3.num_batches_tracked', 'encoder.main.3.weight'].map(isCounter)).toEqual([true, false]);
  });
});
