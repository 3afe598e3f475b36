import { type FlatLayout, flatLayout, flattenTensors, type Shape, sizeOf } from '../engine/index.js';
import { randomStream } from '../random.js';
import { type NamedLayers, sequential, type TensorSpecs } from './layer.js';

/** A network: its layers, and how its parameters and running statistics are stored in one flat vector each. */
export interface Network {
  readonly name: NetworkName;
  readonly layers: NamedLayers;
  /** Shapes of one input and of one output, without the batch axis. */
  readonly inputShape: Shape;
  readonly outputShape: Shape;
  readonly parameters: FlatLayout;
  readonly statistics: FlatLayout;
  /** Whether each kind of input has separate running statistics; by default all batches update one set. */
  readonly separateStatistics: boolean;
}

export type NetworkName = 'encoder' | 'generator';
export const NETWORK_NAMES: readonly NetworkName[] = ['encoder', 'generator'];

/** The flat vectors of a trained pair. */
export type WeightName = `${NetworkName}.${'parameters' | 'statistics'}`;
export type ModelWeights = Readonly<Record<WeightName, Float32Array>>;

/** The two networks of an AGE: an encoder of images `[C, H, W]` to `[M, 1, 1]`, and a generator from `[M, 1, 1]` to images. */
export interface NetworkPair {
  readonly encoder: Network;
  readonly generator: Network;
}

/** The input of a network: `native` (images for the encoder, codes from the prior for the generator), or `generated` by the other network. */
export type InputKind = 'native' | 'generated';

/** The name of a running statistic for a kind of input: `norm2.running_mean` as in PyTorch, or `norm2.generated.running_mean`. */
export function statisticName(buffer: string, kind: InputKind): string {
  const layer = buffer.lastIndexOf('.') + 1;
  return kind === 'native' ? buffer : `${buffer.slice(0, layer)}generated.${buffer.slice(layer)}`;
}

/**
 * Creates a network from layers. Tensors are stored in the order of the layers and named `encoder.conv1.weight`. Separate running
 * statistics of generated inputs follow those of native inputs, as `encoder.norm2.generated.running_mean`.
 */
export function createNetwork(
  name: NetworkName,
  layers: NamedLayers,
  inputShape: Shape,
  separateStatistics = false,
): Network {
  const { parameters = {}, buffers = {}, outputShape } = sequential(layers);
  const kinds: readonly InputKind[] = separateStatistics ? ['native', 'generated'] : ['native'];
  const layout = (shapes: [tensor: string, shape: Shape][]) =>
    flatLayout(Object.fromEntries(shapes.map(([tensor, shape]) => [`${name}.${tensor}`, shape])));
  return {
    name,
    layers,
    inputShape,
    outputShape: outputShape(inputShape),
    parameters: layout(Object.entries(parameters).map(([tensor, { shape }]) => [tensor, shape])),
    statistics: layout(
      kinds.flatMap((kind) =>
        Object.entries(buffers).map(([buffer, { shape }]): [string, Shape] => [statisticName(buffer, kind), shape]),
      ),
    ),
    separateStatistics,
  };
}

/** Returns initial parameters as a flat vector. Each tensor has its own random stream, so the seed alone determines it. */
export const initialParameters = (network: Network, seed: number): Float32Array =>
  flattenTensors(initialTensors(network, sequential(network.layers).parameters, seed), network.parameters);

/** Returns the running statistics before any pass as a flat vector: means 0 and variances 1. */
export function initialStatistics(network: Network): Float32Array {
  const native = Object.values(initialTensors(network, sequential(network.layers).buffers, 0)).flatMap((tensor) =>
    Array.from(tensor),
  );
  return adaptRunningStats(network, Float32Array.from(native));
}

const initialTensors = ({ name }: Network, specs: TensorSpecs = {}, seed: number): Record<string, Float32Array> =>
  Object.fromEntries(
    Object.entries(specs).map(([tensor, { shape, initialize }]) => [
      `${name}.${tensor}`,
      initialize(sizeOf(shape), randomStream(seed, `initial ${name}.${tensor}`)),
    ]),
  );

/**
 * Converts a flat vector of running statistics between a network with shared and one with separate statistics. Statistics of native inputs
 * are copied to generated inputs; a network with shared statistics keeps those of native inputs.
 */
export function adaptRunningStats({ statistics: { size } }: Network, vector: Float32Array): Float32Array {
  if (vector.length >= size) return vector.subarray(0, size);
  const both = new Float32Array(size);
  both.set(vector);
  both.set(vector, vector.length);
  return both;
}

/**
 * Moves the running statistics of generated inputs towards those of native inputs.
 * @param share 0 to 1; at 1 they are those of native inputs
 */
export function blendRunningStats(
  { separateStatistics, statistics: { size } }: Network,
  vector: Float32Array,
  share: number,
): Float32Array {
  if (!separateStatistics || share === 0) return vector;
  return vector.map((value, index) => (index < size / 2 ? value : value + share * (vector[index - size / 2]! - value)));
}
