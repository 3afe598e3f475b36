import {
  add,
  batchNormalization,
  batchStatistics,
  concat,
  constant,
  conv,
  convTranspose,
  leakyRelu,
  mul,
  batchNormInference,
  reduceMean,
  relu,
  reshape,
  sizeOf,
  slice,
  tanh,
  type Value,
} from '../engine/index.js';
import { type InputKind, type Layer, statisticName } from './layer.js';
import type { Network } from './network.js';

/** Named symbolic tensors: `encoder.conv1.weight` and so on. */
export type NamedValues = Readonly<Record<string, Value>>;

/** As in PyTorch's BatchNorm2d. */
const EPSILON = 1e-5;
const MOMENTUM = 0.1;

type Normalize = (layer: Extract<Layer, { kind: 'batchNormalization' }>, x: Value) => Value;

/**
 * A forward pass in training: each batch is normalised by its own statistics, which move the running ones.
 * @param x [N, ...inputShape]
 * @param statistics the packed running statistics before the pass
 * @param kind what x is: which statistics move, where they are kept apart
 * @returns output [N, ...outputShape] and the packed running statistics after it
 */
export function forwardTrain(
  network: Network,
  parameters: NamedValues,
  statistics: Value,
  x: Value,
  kind: InputKind = 'own',
): { readonly output: Value; readonly statistics: Value } {
  const batches: BatchOfLayer[] = [];
  const output = forward(network, parameters, x, ({ name }, data) => {
    batches.push({ data, ...batchStatistics(data) });
    return batchNormalization(data, parameters[`${network.name}.${name}.weight`]!, parameters[`${network.name}.${name}.bias`]!, EPSILON);
  });
  if (batches.length === 0) return { output, statistics };
  if (!network.separateStatistics) return { output, statistics: updateRunningStats(statistics, batches) };
  const { size } = network.statistics;
  const [own, made] = [slice(statistics, 0, 0, size / 2), slice(statistics, 0, size / 2, size)];
  return { output, statistics: concat(kind === 'own' ? [updateRunningStats(own, batches), made] : [own, updateRunningStats(made, batches)], 0) };
}

/**
 * A forward pass after training: running statistics [C] normalise.
 * @param x [N, ...inputShape]
 * @param kind what x is: which statistics these are, where they are kept apart
 */
export function forwardEval(network: Network, parameters: NamedValues, statistics: NamedValues, x: Value, kind: InputKind = 'own'): Value {
  const set = network.separateStatistics ? kind : 'own';
  return forward(network, parameters, x, ({ name }, data) => {
    const learnt = (part: string) => parameters[`${network.name}.${name}.${part}`]!;
    const running = (part: 'running_mean' | 'running_var') => statistics[`${network.name}.${statisticName(name, set, part)}`]!;
    return batchNormInference(data, learnt('weight'), learnt('bias'), running('running_mean'), running('running_var'), EPSILON);
  });
}

function forward(network: Network, parameters: NamedValues, x: Value, normalize: Normalize): Value {
  return network.layers.reduce((data, layer) => applyLayer(layer, network.name, parameters, data, normalize), x);
}

function applyLayer(layer: Layer, prefix: string, parameters: NamedValues, x: Value, normalize: Normalize): Value {
  switch (layer.kind) {
    case 'convolution':
    case 'transposedConvolution': {
      const bias = parameters[`${prefix}.${layer.name}.bias`];
      const operation = layer.kind === 'convolution' ? conv : convTranspose;
      return operation(x, parameters[`${prefix}.${layer.name}.weight`]!, {
        strides: layer.stride,
        pads: layer.padding,
        ...(layer.bias && bias ? { bias } : {}),
      });
    }
    case 'batchNormalization':
      return normalize(layer, x);
    case 'relu':
      return relu(x);
    case 'leakyRelu':
      return leakyRelu(x, layer.slope);
    case 'tanh':
      return tanh(x);
    case 'spatialMean':
      return reduceMean(x, [2, 3]);
  }
}

interface BatchOfLayer {
  readonly data: Value;
  readonly mean: Value;
  readonly variance: Value;
}

/**
 * Running statistics after one pass: they move towards the batch's by the momentum, the variance in its unbiased form. All layers
 * at once: the packed vector holds running_mean and running_var of each in turn.
 */
function updateRunningStats(statistics: Value, batches: readonly BatchOfLayer[]): Value {
  const observed = concat(
    batches.flatMap(({ data, mean, variance }) => [mean, variance].map((value) => reshape(value, [data.shape[1]!]))),
    0,
  );
  const weights = batches.flatMap(({ data }) => {
    const channels = data.shape[1]!;
    const count = sizeOf(data.shape) / channels;
    return [...new Array<number>(channels).fill(MOMENTUM), ...new Array<number>(channels).fill((MOMENTUM * count) / (count - 1))];
  });
  return add(mul(statistics, 1 - MOMENTUM), mul(observed, constant(weights)));
}
