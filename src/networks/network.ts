import { type FlatLayout, flatLayout, type Shape } from '../engine/index.js';
import { type InputKind, type Layer, parameterShapes, statisticsShapes } from './layer.js';

/** A network as data: its layers, and how its parameters and running statistics lie in their packed vectors. */
export interface Network {
  readonly name: NetworkName;
  readonly layers: readonly Layer[];
  /** Shape of one input and of one output, without the batch axis. */
  readonly inputShape: Shape;
  readonly outputShape: Shape;
  readonly parameters: FlatLayout;
  readonly statistics: FlatLayout;
  /** Whether there are running statistics for each kind of input, or one set that all batches move. */
  readonly separateStatistics: boolean;
}

export type NetworkName = 'encoder' | 'generator';
export const NETWORK_NAMES: readonly NetworkName[] = ['encoder', 'generator'];

/** The two networks of an AGE: an encoder of images [C, H, W] to [M, 1, 1], a generator the other way. */
export interface NetworkPair {
  readonly encoder: Network;
  readonly generator: Network;
}

/**
 * Makes a network of layers; tensors are packed in the order of the layers, and named `encoder.conv1.weight` and so on. Where running
 * statistics are kept apart, those of what the other network made follow the others as a whole, as `encoder.norm2.made.running_mean`.
 */
export function createNetwork(name: NetworkName, layers: readonly Layer[], inputShape: Shape, outputShape: Shape, separateStatistics = false): Network {
  const named = (shapesOf: (layer: Layer) => Record<string, Shape>) =>
    Object.fromEntries(layers.flatMap((layer) => Object.entries(shapesOf(layer)).map(([tensor, shape]) => [`${name}.${tensor}`, shape])));
  const kinds: readonly InputKind[] = separateStatistics ? ['own', 'made'] : ['own'];
  const statistics = Object.assign({}, ...kinds.map((kind) => named((layer) => statisticsShapes(layer, kind)))) as Record<string, Shape>;
  return { name, layers, inputShape, outputShape, parameters: flatLayout(named(parameterShapes)), statistics: flatLayout(statistics), separateStatistics };
}
