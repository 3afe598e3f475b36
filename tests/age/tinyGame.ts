/** A pair of networks small enough to run in milliseconds, and what an update of it needs. */
import type { Objective } from '../../src/age/losses.js';
import { STATE_NAMES, type StateName, type TrainingState } from '../../src/age/update.js';
import { stateSize } from '../../src/age/iteration.js';
import type { UpdatePlan } from '../../src/age/plan.js';
import {
  createNetwork,
  initialParameters,
  initialStatistics,
  NETWORK_NAMES,
  type NetworkName,
  type NetworkPair,
} from '../../src/networks/network.js';
import { batchNorm, conv, convTranspose, leakyRelu, relu, tanh } from '../../src/networks/layers.js';
import { input, type InputValue } from '../../src/engine/index.js';
import { randomStream } from '../../src/random.js';

export const LATENT = 6;
export const IMAGE = [1, 8, 8] as const;
export const IMAGE_SIZE = 64;
export const BATCH = 5;

const HALVE = { kernel: 4, stride: 2, padding: 1 };
const WHOLE = { kernel: 2 };

/** Both networks for grayscale images of 8x8, built like dcgan32: 8 to 4 to 2 to 1 and back. */
export const tinyPair: NetworkPair = {
  encoder: createNetwork(
    'encoder',
    {
      conv1: conv(1, 3, HALVE),
      activation1: leakyRelu(0.2),
      conv2: conv(3, 4, HALVE),
      norm2: batchNorm(4),
      activation2: leakyRelu(0.2),
      conv3: conv(4, LATENT, { ...WHOLE, bias: true }),
    },
    IMAGE,
  ),
  generator: createNetwork(
    'generator',
    {
      conv1: convTranspose(LATENT, 4, WHOLE),
      norm1: batchNorm(4),
      activation1: relu(),
      conv2: convTranspose(4, 3, HALVE),
      norm2: batchNorm(3),
      activation2: relu(),
      conv3: convTranspose(3, 1, HALVE),
      output: tanh(),
    },
    [LATENT, 1, 1],
  ),
};

export const OBJECTIVE: Objective = {
  prior: 'sphere',
  divergence: 'qp',
  moment: 'std',
  reduction: 'mean',
  matchX: 'L1',
  matchZ: 'cos',
};

export type StateVectors = Record<StateName, Float32Array>;

/** Weights as after some training: larger than fresh ones, shifts and moments that are not 0. */
export function tinyState(seed = 1): StateVectors {
  const draws = (name: string, scale: number) =>
    randomStream(seed, name)
      .fillNormal(new Float32Array(stateSize(tinyPair, name as StateName)))
      .map((draw) => scale * draw);
  const vectorsOf = (network: NetworkName): [StateName, Float32Array][] => {
    const noise = draws(`${network}.parameters`, 0.3);
    return [
      [
        `${network}.parameters`,
        initialParameters(tinyPair[network], seed).map((value, index) => value + noise[index]!),
      ],
      [`${network}.statistics`, initialStatistics(tinyPair[network])],
      [`${network}.adam_m`, draws(`${network}.adam_m`, 0.01)],
      [`${network}.adam_v`, draws(`${network}.adam_v`, 0.01).map((draw) => draw * draw)],
    ];
  };
  return Object.fromEntries(NETWORK_NAMES.flatMap(vectorsOf)) as StateVectors;
}

/** The state as inputs of a graph, under the names of `STATE_NAMES`. */
export const symbolicState = (): TrainingState =>
  Object.fromEntries(STATE_NAMES.map((name) => [name, input(name, [stateSize(tinyPair, name)])])) as Record<
    StateName,
    InputValue
  >;

/** Images as bytes, one after another. */
export function tinyImages(count: number, seed = 1): Uint8Array {
  const stream = randomStream(seed, 'tiny images');
  return Uint8Array.from({ length: count * IMAGE_SIZE }, () => stream.below(256));
}

export const planOf = (weights: UpdatePlan['weights'], updates = 1): UpdatePlan => ({ updates, weights });
