import { describe, expect, it } from 'vitest';
import { graphOf, input, tensorViews, sizeOf, unpack } from '../../src/engine/index.js';
import { ARCHITECTURES } from '../../src/networks/architecture.js';
import { forwardEval, forwardTrain } from '../../src/networks/forward.js';
import {
  initialParameters,
  initialStatistics,
  type Network,
  NETWORK_NAMES,
  type NetworkName,
} from '../../src/networks/network.js';
import { randomStream } from '../../src/random.js';
import { expectCloseElements } from '../engine/expectations.js';
import { compileSmall } from '../engine/running.js';
import type { ChannelStatistics, Maps } from './plainLayers.js';
import { encode32, encode64, generate32, generate64, type NamedTensors, type Pass } from './plainNetworks.js';

const DIMENSIONS = { channels: 3, latentSize: 5, width: 2 };
const COUNT = 3;

const PLAIN: Record<'dcgan32' | 'dcgan64', Record<NetworkName, (pass: Pass, x: Maps) => Maps>> = {
  dcgan32: { encoder: encode32, generator: generate32 },
  dcgan64: { encoder: encode64, generator: generate64 },
};
const CASES = (['dcgan32', 'dcgan64'] as const).flatMap((architecture) =>
  NETWORK_NAMES.map((name) => ({ architecture, name })),
);

/** Random weights, larger than fresh ones so that every layer matters, and shifts that are not 0. */
function stateOf(network: Network): { parameters: Float32Array; statistics: Float32Array } {
  const normal = (purpose: string, size: number) => randomStream(1, purpose).fillNormal(new Float32Array(size));
  const noise = normal('noise', network.parameters.size);
  return {
    parameters: initialParameters(network, 1).map((value, index) => 4 * value + 0.1 * noise[index]!),
    // Running variances of about 1, means of about 0, neither exactly.
    statistics: initialStatistics(network).map((value, index) => value + 0.3 * Math.tanh(noise[index]!)),
  };
}

const inputOf = ({ inputShape }: Network, purpose: string): Float32Array =>
  randomStream(2, purpose).fillNormal(new Float32Array(COUNT * sizeOf(inputShape)));
const mapsOf = ({ inputShape: [channels, size] }: Network, data: Float32Array): Maps => ({
  count: COUNT,
  channels: channels!,
  size: size!,
  data: Array.from(data),
});
const named = (network: Network, state: { parameters: Float32Array; statistics: Float32Array }): NamedTensors => ({
  ...tensorViews(state.parameters, network.parameters),
  ...tensorViews(state.statistics, network.statistics),
});

describe.each(CASES)('the $name of $architecture', ({ architecture, name }) => {
  const network = ARCHITECTURES[architecture].build(DIMENSIONS)[name];
  const plain = PLAIN[architecture][name];
  const state = stateOf(network);
  const symbolic = {
    parameters: input('parameters', [network.parameters.size]),
    statistics: input('statistics', [network.statistics.size]),
  };
  const parameters = unpack(symbolic.parameters, network.parameters);

  it('computes its layers normalized by the running statistics in inference', async () => {
    const x = inputOf(network, 'x');
    const output = forwardEval(network, {
      parameters,
      statistics: unpack(symbolic.statistics, network.statistics),
      x: input('x', [COUNT, ...network.inputShape]),
    });
    const program = await compileSmall(graphOf({ output }));
    const results = await program.run({ ...state, x });
    await program.release();
    const expected = plain({ tensors: named(network, state), ...DIMENSIONS }, mapsOf(network, x));
    expectCloseElements(Array.from(results.output!.data as Float32Array), expected.data, 1e-5);
  });

  it('computes its layers normalized by each batch in training, and updates the running statistics in every pass', async () => {
    const batches = [inputOf(network, 'first'), inputOf(network, 'second').map((value) => 2 * value + 1)];
    const inputs = ['x1', 'x2'].map((batch) => input(batch, [COUNT, ...network.inputShape]));
    const first = forwardTrain(network, { parameters, statistics: symbolic.statistics, x: inputs[0]! });
    const second = forwardTrain(network, { parameters, statistics: first.statistics, x: inputs[1]! });
    const program = await compileSmall(
      graphOf({ first: first.output, second: second.output, after: second.statistics }),
    );
    const results = await program.run({ ...state, x1: batches[0]!, x2: batches[1]! });
    await program.release();

    const recorded = batches.map((batch): { output: Maps; layers: Record<string, ChannelStatistics> } => {
      const layers: Record<string, ChannelStatistics> = {};
      return {
        output: plain({ tensors: named(network, state), ...DIMENSIONS, batches: layers }, mapsOf(network, batch)),
        layers,
      };
    });
    expectCloseElements(Array.from(results.first!.data as Float32Array), recorded[0]!.output.data, 1e-5);
    expectCloseElements(Array.from(results.second!.data as Float32Array), recorded[1]!.output.data, 1e-5);

    const after = tensorViews(results.after!.data as Float32Array, network.statistics);
    for (const [tensor, before] of Object.entries(tensorViews(state.statistics, network.statistics))) {
      const layer = tensor.slice(0, tensor.lastIndexOf('.'));
      // Momentum 0.1, and the unbiased variance.
      const moved = recorded.reduce<number[]>((running, { layers }) => {
        const { mean, variance, elements } = layers[layer]!;
        const observed = tensor.endsWith('running_mean')
          ? mean
          : variance.map((biased) => (biased * elements) / (elements - 1));
        return running.map((value, channel) => 0.9 * value + 0.1 * observed[channel]!);
      }, Array.from(before));
      expectCloseElements(Array.from(after[tensor]!), moved, 1e-5);
    }
  });
});

describe('separate running statistics', () => {
  const network = ARCHITECTURES.dcgan32.build({ ...DIMENSIONS, separateStatistics: true }).generator;
  const shared = ARCHITECTURES.dcgan32.build(DIMENSIONS).generator;
  const half = shared.statistics.size;
  const state = stateOf(network);
  const x = inputOf(network, 'x');
  const parameters = (of: Network) => unpack(input('parameters', [of.parameters.size]), of.parameters);
  const run = async (outputs: Parameters<typeof graphOf>[0], statistics: Float32Array) => {
    const program = await compileSmall(graphOf(outputs));
    const results = await program.run({ parameters: state.parameters, statistics, x });
    await program.release();
    return results;
  };
  const inputs = (of: Network) => ({
    statistics: input('statistics', [of.statistics.size]),
    x: input('x', [COUNT, ...of.inputShape]),
  });
  const parts = (statistics: Float32Array) => [statistics.subarray(0, half), statistics.subarray(half)] as const;

  it.each(['native', 'generated'] as const)('are updated by %s inputs only, like shared ones', async (kind) => {
    const [all, one] = [inputs(network), inputs(shared)];
    const { after } = await run(
      { after: forwardTrain(network, { parameters: parameters(network), ...all, kind }).statistics },
      state.statistics,
    );
    const index = kind === 'native' ? 0 : 1;
    const before = parts(state.statistics);
    const { moved } = await run(
      { moved: forwardTrain(shared, { parameters: parameters(shared), ...one }).statistics },
      before[index],
    );
    const found = parts(after!.data as Float32Array);
    expect(found[index]).toEqual(moved!.data);
    expect(found[1 - index]).toEqual(before[1 - index]);
  });

  it.each(['native', 'generated'] as const)('normalize %s inputs in inference, like shared ones', async (kind) => {
    const outputOf = async (of: Network, statistics: Float32Array) => {
      const { statistics: packed, x: given } = inputs(of);
      const { output } = await run(
        {
          output: forwardEval(of, {
            parameters: parameters(of),
            statistics: unpack(packed, of.statistics),
            x: given,
            kind,
          }),
        },
        statistics,
      );
      return output!.data;
    };
    const [native, generated] = parts(state.statistics);
    const output = await outputOf(network, state.statistics);
    expect(output).toEqual(await outputOf(shared, kind === 'native' ? native : generated));
    expect(output).not.toEqual(await outputOf(shared, kind === 'native' ? generated : native));
  });
});
