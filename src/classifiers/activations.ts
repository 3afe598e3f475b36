import { fromPixels } from '../age/iteration.js';
import { input, type InputValue, unpack, type Value } from '../engine/index.js';
import { BATCH } from '../model/trainedModel.js';
import { forwardEval } from '../networks/forward.js';
import type { Network } from '../networks/network.js';

/** Feature maps of a batch of images, and the inputs of their graph. */
export interface Activations {
  /** Outputs [N, C, H, W] of the activations, the deepest last. */
  readonly maps: readonly Value[];
  /** The inputs `parameters` and `statistics`. The images are the input `batch`, bytes [BATCH, C, H, W]. */
  readonly inputs: readonly InputValue[];
}

/** Returns the feature maps of a network in evaluation mode. */
export function activationsOf(network: Network): Activations {
  const parameters = input('parameters', [network.parameters.size]);
  const statistics = input('statistics', [network.statistics.size]);
  const images = fromPixels(input('batch', [BATCH, ...network.inputShape], 'uint8'));
  const tensors = [unpack(parameters, network.parameters), unpack(statistics, network.statistics)] as const;
  const layers = Object.entries(network.layers);
  const maps = layers.flatMap(([, { isActivation }], index) =>
    isActivation ? [forwardEval({ ...network, layers: Object.fromEntries(layers.slice(0, index + 1)) }, ...tensors, images)] : [],
  );
  return { maps, inputs: [parameters, statistics] };
}
