import { type Packing, packingOf, type Shape } from '../engine/index.js';
import { type Layer, parameterShapes, statisticsShapes } from './layer.js';

/** A network as data: its layers, and how its parameters and running statistics lie in their packed vectors. */
export interface Network {
  readonly name: NetworkName;
  readonly layers: readonly Layer[];
  /** Shape of one input and of one output, without the batch axis. */
  readonly inputShape: Shape;
  readonly outputShape: Shape;
  readonly parameters: Packing;
  readonly statistics: Packing;
}

export type NetworkName = 'encoder' | 'generator';
export const NETWORK_NAMES: readonly NetworkName[] = ['encoder', 'generator'];

/** The two networks of an AGE: an encoder of images [C, H, W] to [M, 1, 1], a generator the other way. */
export interface NetworkPair {
  readonly encoder: Network;
  readonly generator: Network;
}

/** Makes a network of layers; tensors are packed in the order of the layers, and named `encoder.conv1.weight` and so on. */
export function networkOf(name: NetworkName, layers: readonly Layer[], inputShape: Shape, outputShape: Shape): Network {
  const packing = (shapesOf: (layer: Layer) => Record<string, Shape>) =>
    packingOf(Object.fromEntries(layers.flatMap((layer) => Object.entries(shapesOf(layer)).map(([tensor, shape]) => [`${name}.${tensor}`, shape]))));
  return { name, layers, inputShape, outputShape, parameters: packing(parameterShapes), statistics: packing(statisticsShapes) };
}
