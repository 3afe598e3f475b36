import { normalizeAlongAxis1 } from '../age/prior.js';
import type { Network } from '../networks/network.js';
import { mul, reshape, type Value } from '../engine/index.js';

/** What a classifier is made of: an encoder network and a linear head on its output. */
export interface ClassifierSpec {
  /** Output [M, 1, 1]. */
  readonly network: Network;
  readonly classes: number;
  /** Whether the encoder's output is taken to the sphere of radius sqrt(M) first, as codes of the sphere prior are. */
  readonly onSphere: boolean;
}

/** Packed vectors: the encoder's parameters and running statistics, and the head's weights [M, K] and biases [K]. */
export interface ClassifierWeights {
  readonly parameters: Float32Array;
  readonly statistics: Float32Array;
  readonly head: Float32Array;
}

/** M, the width of a network's output. */
export const outputWidth = (network: Network): number => network.outputShape.reduce((product, size) => product * size, 1);

/** Bytes of one image. */
export const imageBytes = (network: Network): number => network.inputShape.reduce((product, size) => product * size, 1);

/** The rows [N, M] that the head sees, of the network's output. */
export function headInput({ network, onSphere }: ClassifierSpec, output: Value): Value {
  const width = outputWidth(network);
  const rows = reshape(output, [output.shape[0]!, width]);
  // Times sqrt(M), so that a coordinate has variance 1 where codes are uniform.
  return onSphere ? mul(normalizeAlongAxis1(rows), Math.sqrt(width)) : rows;
}
