/** Features of networks that stay constant, as graphs of images, so that gradients flow to the images. */
import type { ImageShape } from '../age/distortion.js';
import type { FeatureMaps } from '../age/imageDistance.js';
import {
  add,
  concat,
  constant,
  constantTensor,
  dimensionsFor,
  div,
  importOnnx,
  interpolate,
  mul,
  onnxSignature,
  reduceMean,
  replaceLeaves,
  showShape,
  sub,
  transpose,
  unpack,
  type Value,
} from '../engine/index.js';
import { InputError } from '../errors.js';
import type { Network } from '../networks/network.js';
import { activationMaps, type ClassifierWeights } from './classifierGraph.js';
import { type ImageInput, imageInputOf, type ModelInputOptions, requireNormalization } from './modelInput.js';

/** Returns the outputs of all activations of an encoder, with its running statistics. */
export function encoderFeatures(network: Network, weights: Omit<ClassifierWeights, 'head'>): FeatureMaps {
  const vector = (data: Float32Array) => constantTensor({ type: 'float32', shape: [data.length], data });
  const parameters = unpack(vector(weights.parameters), network.parameters);
  const statistics = unpack(vector(weights.statistics), network.statistics);
  return (x) => activationMaps(network, { parameters, statistics, x });
}

export interface FeatureModelOptions extends ModelInputOptions {
  /** Tensors or nodes of the model (default: its outputs). */
  outputs?: readonly string[] | undefined;
}

/**
 * Imports an ONNX model.
 * @param shape of an image of the data
 * @throws {InputError} if it cannot be imported, or is no model of such images with features
 */
export async function importFeatures(
  bytes: Uint8Array,
  [imageChannels, side]: ImageShape,
  batch: number,
  options: FeatureModelOptions,
): Promise<FeatureMaps> {
  const { name } = options;
  const { inputs } = await onnxSignature(bytes, name);
  const declared = imageInputOf(inputs, options);
  const { channels = imageChannels, size = side } = declared;
  requireNormalization(options, channels);
  if (declared.batch !== undefined && declared.batch !== batch)
    throw new InputError(
      name,
      `takes batches of ${declared.batch} images, not ${batch}`,
      'export it with a symbolic batch',
    );
  const target = { ...declared, channels, size };
  const { outputs } = options;
  const model = await importOnnx(bytes, {
    name,
    dimensions: dimensionsFor(inputs[0]!, shapeFor(target, batch)),
    convertFloats: true,
    ...(outputs && { outputs }),
  });
  for (const [output, value] of Object.entries(model.outputs)) requireMap(name, output, value, batch);
  const image = model.inputs[declared.name]!;
  return (x) => {
    const prepared = prepare(x, target, options);
    return Object.values(replaceLeaves(model.outputs, new Map<Value, Value>([[image, prepared]]))).map(
      withChannelsSecond,
    );
  };
}

type KnownInput = ImageInput & { channels: number; size: number };

const shapeFor = ({ channelsLast, channels, size }: KnownInput, batch: number) =>
  channelsLast ? [batch, size, size, channels] : [batch, channels, size, size];

function requireMap(model: string, output: string, { type, shape }: Value, batch: number) {
  if (type !== 'float32' || shape.length < 2 || shape.length > 4 || shape[0] !== batch)
    throw new InputError(
      model,
      `expected features ${output} of shape [${batch}, C, H, W], [${batch}, T, C] or [${batch}, C], ` +
        `but got ${type} ${showShape(shape)}`,
    );
}

/** From `[N, H, W, C]`, which square images show, or `[N, T, C]` of tokens. */
function withChannelsSecond(map: Value) {
  const [, first, second, third] = map.shape;
  if (map.shape.length === 3) return transpose(map, [0, 2, 1]);
  return first === second && second !== third ? transpose(map, [0, 3, 1, 2]) : map;
}

/** As the preparation of bytes in `modelExtractor`, of images `[N, C, H, W]` in [-1, 1]. */
function prepare(x: Value, target: KnownInput, { mean = [0], std = [1] }: ModelInputOptions) {
  const [batch, own] = x.shape as readonly [number, number, number, number];
  const { channels, size } = target;
  const colored = own === channels ? x : own === 1 ? concat([x, x, x], 1) : reduceMean(x, [1]);
  const resized = interpolate(colored, { sizes: [batch, channels, size, size], mode: 'linear' });
  const perChannel = (values: readonly number[]) => constant(values, [1, values.length, 1, 1]);
  const normalized = div(sub(add(mul(resized, 0.5), 0.5), perChannel(mean)), perChannel(std));
  return target.channelsLast ? transpose(normalized, [0, 2, 3, 1]) : normalized;
}
