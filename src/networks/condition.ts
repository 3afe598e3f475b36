/** How networks take a condition. */
import { add, concat, matMul, reshape, type Shape, sizeOf, type Value } from '../engine/index.js';
import { meanOfBlocks } from './blocks.js';
import { type Layer, type NamedLayers, normal, sequential } from './layer.js';
import { conv, relu } from './layers.js';
import type { Condition, NetworkOptions, NetworkPair } from './network.js';

export type LayersOf = (options: NetworkOptions) => Record<keyof NetworkPair, NamedLayers>;

export function conditional(size: number, options: NetworkOptions, layersOf: LayersOf) {
  const { condition } = options;
  if (condition === undefined) return layersOf(options);
  return condition.shape.length === 1
    ? byNumbers(size, condition, options, layersOf)
    : byPicture(condition, options, layersOf);
}

/**
 * The encoder sees a learned picture of the condition beside the image, and the generator the condition in its code.
 * Both add it to their features at every size. The encoder can so remove from its code what the condition says.
 */
function byNumbers(size: number, { shape: [count = 0] }: Condition, options: NetworkOptions, layersOf: LayersOf) {
  const { channels, latentSize } = options;
  const { encoder } = layersOf({ ...options, channels: channels + 1 });
  const { generator } = layersOf({ ...options, latentSize: latentSize + count });
  const layerFor = (features: number) => addNumbers(count, features);
  return {
    encoder: { condition: conditionPlane(count, size), ...atEverySize(encoder, [channels + 1, size, size], layerFor) },
    generator: {
      condition: conditionChannels(count),
      ...atEverySize(generator, [latentSize + count, 1, 1], layerFor, size),
    },
  };
}

/** The encoder sees the picture beside the image, and the generator at every size of its features below the image's. */
function byPicture({ shape, complete }: Condition, options: NetworkOptions, layersOf: LayersOf) {
  const [planes, size] = shape as [number, number, number];
  const { channels, latentSize, width } = options;
  const { encoder } = layersOf({ ...options, channels: channels + planes });
  const { generator } = layersOf(options);
  const layerFor = (features: number) => addPicture(shape, features, width);
  return {
    encoder: { condition: picturePlanes(planes), ...encoder },
    generator: {
      ...atEverySize(generator, [latentSize, 1, 1], layerFor, size),
      ...(complete && { complete: completion(complete) }),
    },
  };
}

/** Inserts a layer after each one that changes the size of features, unless it is `last`. */
function atEverySize(layers: NamedLayers, input: Shape, layerFor: (channels: number) => Layer, last?: number) {
  const result: NamedLayers = {};
  let shape = input;
  for (const [name, layer] of Object.entries(layers)) {
    const next = layer.outputShape(shape);
    result[name] = layer;
    if (next[1] !== shape[1] && next[1] !== last) result[`${name}_condition`] = layerFor(next[0]!);
    shape = next;
  }
  return result;
}

/** Adds `weight` `[K, C]`, weighted by the condition, to each pixel of `[N, C, H, W]`. */
export const addNumbers = (count: number, channels: number): Layer => ({
  parameters: { weight: { shape: [count, channels], initialize: normal(0, 0.02) } },
  outputShape: (input) => input,
  forward: (x, { parameter, condition }) => {
    const shift = matMul(required(condition), parameter('weight'));
    return add(x, reshape(shift, [x.shape[0]!, channels, 1, 1]));
  },
  flops: (input) => 2 * count * channels + sizeOf(input),
});

/** Appends the condition `[N, K]` to `[N, C, 1, 1]`, as further channels. */
export const conditionChannels = (count: number): Layer => ({
  outputShape: ([channels, ...sides]) => [channels! + count, ...sides],
  forward: (x, { condition }) => concat([x, reshape(required(condition), [x.shape[0]!, count, 1, 1])], 1),
  flops: () => 0,
});

/** Appends a channel to `[N, C, H, W]`: the sum of the pictures `weight` `[K, H, W]`, weighted by the condition. */
export const conditionPlane = (count: number, size: number): Layer => ({
  parameters: { weight: { shape: [count, size, size], initialize: normal(0, 1) } },
  outputShape: ([channels, ...sides]) => [channels! + 1, ...sides],
  forward: (x, { parameter, condition }) => {
    const plane = matMul(required(condition), reshape(parameter('weight'), [count, size * size]));
    return concat([x, reshape(plane, [x.shape[0]!, 1, size, size])], 1);
  },
  flops: () => 2 * count * size * size,
});

/** Appends the picture `[N, planes, H, W]` to the image. */
export const picturePlanes = (planes: number): Layer => ({
  outputShape: ([channels, ...sides]) => [channels! + planes, ...sides],
  forward: (x, { condition }) => concat([x, required(condition)], 1),
  flops: () => 0,
});

/** Adds two 3x3 convolutions of the picture, averaged to the size of the features, to `[N, channels, h, w]`. */
export function addPicture([planes, side]: Shape, channels: number, width: number): Layer {
  const features = sequential({
    conv1: conv(planes!, width, { kernel: 3, padding: 1, bias: true, std: Math.sqrt(2 / (9 * planes!)) }),
    activation1: relu(),
    // Without a bias: normalization would remove it.
    conv2: conv(width, channels, { kernel: 3, padding: 1, std: Math.sqrt(2 / (9 * width)) }),
  });
  return {
    parameters: features.parameters!,
    outputShape: (input) => input,
    forward: (x, context) => {
      return add(x, features.forward(meanOfBlocks(required(context.condition), side! / x.shape[2]!), context));
    },
    flops: ([, ...sides]) => features.flops([planes!, ...sides]) + sizeOf([channels, ...sides]),
  };
}

const completion = (complete: NonNullable<Condition['complete']>): Layer => ({
  outputShape: (input) => input,
  forward: (x, { condition }) => complete(x, required(condition)),
  flops: sizeOf,
});

function required(condition: Value | undefined) {
  if (condition === undefined) throw new Error('a conditional network was called without a condition');
  return condition;
}
