/** How networks take a condition. */
import { concat, matMul, reshape, type Value } from '../engine/index.js';
import { type Layer, type NamedLayers, normal } from './layer.js';
import type { NetworkOptions, NetworkPair } from './network.js';

export type LayersOf = (options: NetworkOptions) => Record<keyof NetworkPair, NamedLayers>;

/** The encoder sees a learned picture of the condition beside the image, and the generator the condition in its code. */
export function conditional(size: number, options: NetworkOptions, layersOf: LayersOf) {
  const { channels, latentSize, conditionSize = 0 } = options;
  if (conditionSize === 0) return layersOf(options);
  return {
    encoder: {
      condition: conditionPlane(conditionSize, size),
      ...layersOf({ ...options, channels: channels + 1 }).encoder,
    },
    generator: {
      condition: conditionChannels(conditionSize),
      ...layersOf({ ...options, latentSize: latentSize + conditionSize }).generator,
    },
  };
}

/** Appends the condition `[N, K]` to `[N, C, 1, 1]`, as further channels. */
export const conditionChannels = (conditionSize: number): Layer => ({
  outputShape: ([channels, ...sides]) => [channels! + conditionSize, ...sides],
  forward: (x, { condition }) => concat([x, reshape(required(condition), [x.shape[0]!, conditionSize, 1, 1])], 1),
  flops: () => 0,
});

/** Appends a channel to `[N, C, H, W]`: the sum of the pictures `weight` `[K, H, W]`, weighted by the condition. */
export const conditionPlane = (conditionSize: number, size: number): Layer => ({
  parameters: { weight: { shape: [conditionSize, size, size], initialize: normal(0, 1) } },
  outputShape: ([channels, ...sides]) => [channels! + 1, ...sides],
  forward: (x, { parameter, condition }) => {
    const plane = matMul(required(condition), reshape(parameter('weight'), [conditionSize, size * size]));
    return concat([x, reshape(plane, [x.shape[0]!, 1, size, size])], 1);
  },
  flops: () => 2 * conditionSize * size * size,
});

function required(condition: Value | undefined) {
  if (condition === undefined) throw new Error('a conditional network was called without a condition');
  return condition;
}
