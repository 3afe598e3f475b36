/** A pair of networks small enough to run in milliseconds, and what an update of it needs. */
import type { Objective } from '../../src/age/losses.js';
import { STATE_NAMES, type StateName, stateSize } from '../../src/age/iteration.js';
import type { UpdatePlan } from '../../src/age/plan.js';
import { initialParameters, initialStatistics } from '../../src/networks/initialization.js';
import type { Layer } from '../../src/networks/layer.js';
import { createNetwork, NETWORK_NAMES, type NetworkName, type NetworkPair } from '../../src/networks/network.js';
import type { TrainingState } from '../../src/age/update.js';
import { input, type InputValue } from '../../src/engine/index.js';
import { randomStream } from '../../src/random.js';

export const LATENT = 6;
export const IMAGE = [1, 8, 8] as const;
export const IMAGE_SIZE = 64;
export const BATCH = 5;

const convolution = (name: string, inputChannels: number, outputChannels: number, kernel: number, bias = false): Layer => ({
  kind: 'convolution',
  name,
  inputChannels,
  outputChannels,
  kernel,
  stride: kernel / 2,
  padding: kernel === 4 ? 1 : 0,
  bias,
});
const transposed = (name: string, inputChannels: number, outputChannels: number, kernel: number): Layer => ({
  kind: 'transposedConvolution',
  name,
  inputChannels,
  outputChannels,
  kernel,
  stride: kernel / 2,
  padding: kernel === 4 ? 1 : 0,
  bias: false,
});
const norm = (name: string, channels: number): Layer => ({ kind: 'batchNormalization', name, channels });
const leakyRelu: Layer = { kind: 'leakyRelu', slope: 0.2 };

/** Both networks for grey images of 8x8, in the manner of dcgan32: 8 to 4 to 2 to 1 and back. */
export const tinyPair: NetworkPair = {
  encoder: createNetwork(
    'encoder',
    [convolution('conv1', 1, 3, 4), leakyRelu, convolution('conv2', 3, 4, 4), norm('norm2', 4), leakyRelu, convolution('conv3', 4, LATENT, 2, true)],
    IMAGE,
    [LATENT, 1, 1],
  ),
  generator: createNetwork(
    'generator',
    [
      transposed('conv1', LATENT, 4, 2),
      norm('norm1', 4),
      { kind: 'relu' },
      transposed('conv2', 4, 3, 4),
      norm('norm2', 3),
      { kind: 'relu' },
      transposed('conv3', 3, 1, 4),
      { kind: 'tanh' },
    ],
    [LATENT, 1, 1],
    IMAGE,
  ),
};

export const OBJECTIVE: Objective = { prior: 'sphere', divergence: 'qp', moment: 'std', reduction: 'mean', matchX: 'L1', matchZ: 'cos' };

export type StateVectors = Readonly<Record<StateName, Float32Array>>;

/** Weights as after some training: larger than fresh ones, shifts and moments that are not 0. */
export function tinyState(seed = 1): StateVectors {
  const draws = (name: string, scale: number) =>
    randomStream(seed, name)
      .fillNormal(new Float32Array(stateSize(tinyPair, name as StateName)))
      .map((draw) => scale * draw);
  const vectorsOf = (network: NetworkName): [StateName, Float32Array][] => {
    const noise = draws(`${network}.parameters`, 0.3);
    return [
      [`${network}.parameters`, initialParameters(tinyPair[network], seed).map((value, index) => value + noise[index]!)],
      [`${network}.statistics`, initialStatistics(tinyPair[network])],
      [`${network}.adam_m`, draws(`${network}.adam_m`, 0.01)],
      [`${network}.adam_v`, draws(`${network}.adam_v`, 0.01).map((draw) => draw * draw)],
    ];
  };
  return Object.fromEntries(NETWORK_NAMES.flatMap(vectorsOf)) as StateVectors;
}

/** The state as inputs of a graph, under the names of `STATE_NAMES`. */
export function symbolicState(): TrainingState {
  const vectors = Object.fromEntries(STATE_NAMES.map((name) => [name, input(name, [stateSize(tinyPair, name)])])) as Record<StateName, InputValue>;
  return {
    encoder: { parameters: vectors['encoder.parameters'], statistics: vectors['encoder.statistics'] },
    generator: { parameters: vectors['generator.parameters'], statistics: vectors['generator.statistics'] },
    moments: {
      encoder: { m: vectors['encoder.adam_m'], v: vectors['encoder.adam_v'] },
      generator: { m: vectors['generator.adam_m'], v: vectors['generator.adam_v'] },
    },
  };
}

/** Images as bytes, one after another. */
export function tinyImages(count: number, seed = 1): Uint8Array {
  const stream = randomStream(seed, 'tiny images');
  return Uint8Array.from({ length: count * IMAGE_SIZE }, () => stream.below(256));
}

export const planOf = (weights: UpdatePlan['weights'], updates = 1): UpdatePlan => ({ updates, weights });
