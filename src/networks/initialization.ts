import { flattenTensors, sizeOf } from '../engine/index.js';
import { type RandomStream, randomStream } from '../random.js';
import { type Layer, parameterShapes } from './layer.js';
import type { Network } from './network.js';

const WEIGHT_DEVIATION = 0.02;

/**
 * Fresh parameters, packed: kernels N(0, 0.02), batch-norm scales N(1, 0.02) and shifts 0, biases of convolutions uniform within
 * 1 / sqrt(fan-in) as in PyTorch. Each tensor has a random stream of its own, so that the seed alone determines it.
 */
export function initialParameters(network: Network, seed: number): Float32Array {
  const tensors = network.layers.flatMap((layer) =>
    Object.entries(parameterShapes(layer)).map(([name, shape]): [string, Float32Array] => {
      const stream = randomStream(seed, `initial ${network.name}.${name}`);
      return [`${network.name}.${name}`, initialTensor(layer, name, new Float32Array(sizeOf(shape)), stream)];
    }),
  );
  return flattenTensors(Object.fromEntries(tensors), network.parameters);
}

function initialTensor(layer: Layer, name: string, tensor: Float32Array, stream: RandomStream): Float32Array {
  const isBias = name.endsWith('.bias');
  if (layer.kind === 'batchNormalization') {
    return isBias ? tensor : stream.fillNormal(tensor).map((draw) => 1 + WEIGHT_DEVIATION * draw);
  }
  if (!isBias) return stream.fillNormal(tensor).map((draw) => WEIGHT_DEVIATION * draw);
  const limit = 1 / Math.sqrt(fanIn(layer));
  return tensor.map(() => (2 * stream.uniform() - 1) * limit);
}

/** PyTorch's count of inputs: the kernel's second axis times its area. */
function fanIn(layer: Layer): number {
  const [, channels, height, width] = Object.values(parameterShapes(layer))[0]!;
  return channels! * height! * width!;
}

/** Running statistics before any pass, packed: means 0 and variances 1. */
export function initialStatistics(network: Network): Float32Array {
  const tensors = [...network.statistics.entries].map(([name, { shape }]): [string, Float32Array] => [
    name,
    new Float32Array(sizeOf(shape)).fill(name.endsWith('.running_var') ? 1 : 0),
  ]);
  return flattenTensors(Object.fromEntries(tensors), network.statistics);
}

/**
 * Running statistics of such a network, packed, from those of one that keeps them otherwise: those of its own inputs stand for both kinds,
 * and they alone stay where there is one set.
 */
export function adaptRunningStats({ statistics: { size } }: Network, vector: Float32Array): Float32Array {
  if (vector.length >= size) return vector.subarray(0, size);
  const twice = new Float32Array(size);
  twice.set(vector);
  twice.set(vector, vector.length);
  return twice;
}
