import { type FlatLayout, flatLayout, flattenTensors, type Shape, sizeOf, type Value } from '../engine/index.js';
import { type RandomStream, randomStream } from '../random.js';
import { type NamedLayers, sequential, type TensorSpecs } from './layer.js';

/** Layers, with parameters and running statistics in one flat vector each. */
export interface Network {
  name: NetworkName;
  layers: NamedLayers;
  /** Without the batch axis. */
  inputShape: Shape;
  outputShape: Shape;
  parameters: FlatLayout;
  statistics: FlatLayout;
  /** Whether each kind of input has its own. */
  separateStatistics: boolean;
  condition: Condition | undefined;
}

export type NetworkName = 'encoder' | 'generator';
export const NETWORK_NAMES: readonly NetworkName[] = ['encoder', 'generator'];

const WEIGHT_PARTS = ['parameters', 'statistics'] as const;
export type WeightPart = (typeof WEIGHT_PARTS)[number];
export type WeightName = `${NetworkName}.${WeightPart}`;
export type ModelWeights = Record<WeightName, Float32Array>;

export const mapWeights = <T>(vectorOf: (network: NetworkName, part: WeightPart) => T): Record<WeightName, T> =>
  Object.fromEntries(
    NETWORK_NAMES.flatMap((network) =>
      WEIGHT_PARTS.map((part) => [`${network}.${part}`, vectorOf(network, part)] as const),
    ),
  ) as Record<WeightName, T>;

/** An encoder of images `[C, H, W]` to `[M, 1, 1]`, and a generator from `[M, 1, 1]` to images. */
export interface NetworkPair {
  encoder: Network;
  generator: Network;
}

/**
 * Numbers of a condition that are known together: one per class, of which one is 1, or two for a value, 1 and the value
 * in [-1, 1]. Of an unknown part, all are 0.
 */
export type ConditionPart = { classes: number } | 'value';

/** What both networks are conditioned on. */
export interface Condition {
  /** `[K]`: numbers, such as one per class. `[C, H, W]`: a picture. */
  shape: Shape;
  /** What the numbers mean, in their order. */
  parts?: readonly ConditionPart[];
  /** Whether zeros stand for an unknown condition, so that it need not be given. */
  isOptional: boolean;
  /** Returns conditions [N, ...shape]. With a stream, as in training, some are unknown. */
  of: (images: ConditionedImages, stream?: RandomStream) => Float32Array;
  /** Puts the part that a picture shows of an image into generated images `[N, C, H, W]` in [-1, 1]. */
  complete?: (generated: Value, condition: Value) => Value;
}

export interface ConditionedImages {
  /** Bytes [N, C, H, W]. */
  x: Uint8Array;
  /** Class indices; null for any. */
  labels: ArrayLike<number | null> | null;
  /** Values of attributes by name, per image. */
  descriptions?: readonly Readonly<Record<string, string>>[];
}

export interface NetworkOptions {
  /** 1 (grayscale) or 3 (RGB). */
  channels: number;
  /** M. */
  latentSize: number;
  /** n, of which channels are multiples. */
  width: number;
  /** For native and generated inputs (default: false, as published). */
  separateStatistics?: boolean;
  /** What both networks are conditioned on (default: nothing). */
  condition?: Condition | undefined;
}

/** Images or codes of the prior, or results of the other network. */
export type InputKind = 'native' | 'generated';

/** `norm2.running_mean` as in PyTorch, or `norm2.generated.running_mean`. */
export function statisticName(buffer: string, kind: InputKind): string {
  const layer = buffer.lastIndexOf('.') + 1;
  return kind === 'native' ? buffer : `${buffer.slice(0, layer)}generated.${buffer.slice(layer)}`;
}

/** Names tensors `encoder.conv1.weight`, and separate statistics `encoder.norm2.generated.running_mean`. */
export function createNetwork(
  name: NetworkName,
  layers: NamedLayers,
  inputShape: Shape,
  { separateStatistics = false, condition }: Pick<NetworkOptions, 'separateStatistics' | 'condition'> = {},
): Network {
  const { parameters = {}, buffers = {}, outputShape } = sequential(layers);
  const kinds: readonly InputKind[] = separateStatistics ? ['native', 'generated'] : ['native'];
  const shapesOf = (specs: TensorSpecs, nameOf = (tensor: string) => tensor) =>
    Object.entries(specs).map(([tensor, { shape }]): [string, Shape] => [`${name}.${nameOf(tensor)}`, shape]);
  return {
    name,
    layers,
    inputShape,
    outputShape: outputShape(inputShape),
    parameters: flatLayout(Object.fromEntries(shapesOf(parameters))),
    statistics: flatLayout(
      Object.fromEntries(kinds.flatMap((kind) => shapesOf(buffers, (buffer) => statisticName(buffer, kind)))),
    ),
    separateStatistics: separateStatistics && Object.keys(buffers).length > 0,
    condition,
  };
}

/** Each tensor has its own random stream. */
export const initialParameters = (network: Network, seed: number): Float32Array =>
  flattenTensors(initialTensors(network, sequential(network.layers).parameters, seed), network.parameters);

export function initialStatistics(network: Network): Float32Array {
  const native = Object.values(initialTensors(network, sequential(network.layers).buffers, 0));
  return adaptRunningStats(network, Float32Array.from(native.flatMap((tensor) => [...tensor])));
}

const initialTensors = ({ name }: Network, specs: TensorSpecs = {}, seed: number) =>
  Object.fromEntries(
    Object.entries(specs).map(([tensor, { shape, initialize }]) => [
      `${name}.${tensor}`,
      initialize(sizeOf(shape), randomStream(seed, `initial ${name}.${tensor}`)),
    ]),
  );

/** From shared to separate running statistics, generated inputs get a copy; the other way, they lose theirs. */
export function adaptRunningStats({ statistics: { size } }: Network, vector: Float32Array): Float32Array {
  if (vector.length >= size) return vector.subarray(0, size);
  const both = new Float32Array(size);
  both.set(vector);
  both.set(vector, vector.length);
  return both;
}

/** Moves statistics of generated inputs towards native ones, by a share of 0 to 1. */
export function blendRunningStats(
  { separateStatistics, statistics: { size } }: Network,
  vector: Float32Array,
  share: number,
): Float32Array {
  if (!separateStatistics || share === 0) return vector;
  return vector.map((value, index) => (index < size / 2 ? value : value + share * (vector[index - size / 2]! - value)));
}
