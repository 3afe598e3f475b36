import { type NetworkFunctions, networkFunctions } from '../age/networkFunctions.js';
import { normalizeAlongAxis1, type Prior } from '../age/prior.js';
import {
  add,
  clip,
  constant,
  div,
  encode,
  forAnyBatch,
  graphOf,
  input,
  matMul,
  mul,
  reduceSum,
  sqrt,
  square,
  sub,
  tensorViews,
  type Value,
} from '../engine/index.js';
import type { TrainedModel } from '../model/trainedModel.js';
import type { NamedValues } from '../networks/forward.js';
import { type Network, type NetworkName, statisticName } from '../networks/network.js';
import { type Precision, storeTensor } from './precision.js';
import { samplerGraph } from './samplerFile.js';

/** The files of a model, by name without extension. */
export const NETWORK_FILES = ['generator', 'encoder', 'decoder', 'sampler'] as const;
export type NetworkFile = (typeof NETWORK_FILES)[number];

/** Networks as ONNX files, and the model that they compute. */
export interface NetworkFiles {
  /**
   * `generator`: samples of the prior, `codes` [N, M], to `images` [N, C, H, W] in 0..1. `encoder`: such images to
   * codes. `decoder`: codes of images to images. Its second input `distance` [1], in 0..1, is `distanceFromCodes`: 0
   * for codes of images, 0.5 halfway between two at a right angle. A generator with one set of running statistics
   * decodes as well, without a `decoder`. Networks of a conditional model have one more input, `condition` [N, K], with 1 at
   * the class and else 0, or all 0 for any class. `sampler`, of a model with a density of codes: `uniform` [N, 3] in [0, 1) and
   * `noise` [N, M], standard normal, to codes of samples, which the decoder at distance 0 (or the generator) turns into images.
   */
  files: Partial<Record<NetworkFile, Uint8Array>>;
  /** The model with the weights of the files. */
  model: TrainedModel;
}

/**
 * Encodes the networks of a model.
 * @param precision how the files store weights (default: float32)
 * @param metadata properties that each file states, beside its precision
 * @throws {InputError} if there is no such precision
 */
export async function encodeNetworks(
  model: TrainedModel,
  precision: Precision = 'float32',
  metadata: Record<string, string> = {},
): Promise<NetworkFiles> {
  const encoder = await storeNetwork(model, 'encoder', precision);
  const generator = await storeNetwork(model, 'generator', precision);
  const { density, prior, latentSize, condition } = model;
  const graphs = {
    ...graphsOf(model, { encoder: encoder.values, generator: generator.values }),
    ...(density && {
      sampler: (batch: number) => samplerGraph({ density, prior, latentSize, condition: condition?.shape }, batch),
    }),
  };
  const files: Partial<Record<NetworkFile, Uint8Array>> = {};
  for (const [file, graphOfBatch] of Object.entries(graphs)) {
    const { graph, batchAxes } = forAnyBatch(graphOfBatch);
    files[file as NetworkFile] = await encode(graph, { batchAxes, metadata: { precision, ...metadata } });
  }
  const stored = { 'encoder.parameters': encoder.parameters, 'generator.parameters': generator.parameters };
  return { files, model: model.withWeights({ ...model.weights, ...stored }).withDensity(model.density) };
}

/** Returns the tensors of a network as a file stores them, and their values as flat parameters. */
async function storeNetwork({ pair, weights }: TrainedModel, name: NetworkName, precision: Precision) {
  const values: Record<string, Value> = {};
  const parameters = weights[`${name}.parameters`].slice();
  for (const part of ['parameters', 'statistics'] as const) {
    const layout = pair[name][part];
    const views = tensorViews(weights[`${name}.${part}`], layout);
    for (const [tensor, { shape, offset }] of layout.entries) {
      const { value, data } = await storeTensor(tensor, views[tensor]!, shape, precision);
      values[tensor] = value;
      if (part === 'parameters') parameters.set(data, offset);
    }
  }
  return { values, parameters };
}

function graphsOf(model: TrainedModel, tensors: Record<NetworkName, NamedValues>) {
  const { pair, prior, latentSize } = model;
  const { encode: encodeImages, generate } = recentering(
    model,
    networkFunctions(pair, (name) => tensors[name], prior),
  );
  const codes = (batch: number) => input('codes', [batch, latentSize]);
  const { condition: given } = pair.encoder;
  const condition = (batch: number) => given && input('condition', [batch, ...given.shape]);
  const generator = (batch: number) =>
    graphOf({ images: toUnit(generate({ z: codes(batch), y: condition(batch) }, { kind: 'native' })) });
  const encoder = (batch: number) => {
    const images = input('images', [batch, ...pair.encoder.inputShape]);
    return graphOf({ codes: encodeImages({ x: sub(mul(images, 2), 1), y: condition(batch) }, { kind: 'native' }) });
  };
  if (!pair.generator.separateStatistics) return { generator, encoder };
  const decoder = (batch: number) => {
    const distance = input('distance', [1]);
    const blended = { ...tensors.generator, ...blendStatistics(pair.generator, tensors.generator, distance) };
    const { generate: decode } = recentering(
      model,
      networkFunctions(pair, () => blended, prior),
    );
    const [z, y] = [codes(batch), condition(batch)];
    return graphOf({ images: toUnit(decode({ z, y }, { kind: 'generated' })) }, [z, distance, ...(y ? [y] : [])]);
  };
  return { generator, encoder, decoder };
}

/** Recenters codes as `TrainedModel` does. */
function recentering({ prior, centers, latentSize }: TrainedModel, networks: NetworkFunctions): NetworkFunctions {
  if (centers.length === 0) return networks;
  const tableOf = (sign: 1 | -1) =>
    constant(
      Array.from(centers, (value) => sign * value),
      [centers.length / latentSize, latentSize],
    );
  const moved = (codes: Value, y: Value | undefined, sign: 1 | -1) =>
    y ? recentered(prior, codes, matMul(y, tableOf(sign))) : codes;
  return {
    encode: (inputs, options) => moved(networks.encode(inputs, options), inputs.y, 1),
    generate: ({ z, y }, options) => networks.generate({ z: moved(z, y, -1), y }, options),
  };
}

/** `recenter` in a graph. @param centers [N, M] */
function recentered(prior: Prior, codes: Value, centers: Value): Value {
  const moved = sub(codes, centers);
  if (prior === 'normal') return moved;
  const length = sqrt(add(reduceSum(square(centers), [1]), 1));
  const share = div(reduceSum(mul(codes, centers), [1]), add(length, 1));
  return normalizeAlongAxis1(add(moved, mul(share, centers)));
}

/** Moves the running statistics of codes towards the statistics of samples. */
function blendStatistics({ name, statistics }: Network, tensors: NamedValues, distance: Value): NamedValues {
  const buffers = Array.from(statistics.entries.keys(), (tensor) => tensor.slice(name.length + 1));
  return Object.fromEntries(
    buffers
      .filter((buffer) => !buffer.includes('.generated.'))
      .map((buffer) => {
        const nameOf = (kind: 'native' | 'generated') => `${name}.${statisticName(buffer, kind)}`;
        const [native, generated] = [tensors[nameOf('native')]!, tensors[nameOf('generated')]!];
        return [nameOf('generated'), add(generated, mul(sub(native, generated), distance))];
      }),
  );
}

/** From [-1, 1] to 0..1. */
const toUnit = (images: Value) => clip(add(mul(images, 0.5), 0.5), 0, 1);
