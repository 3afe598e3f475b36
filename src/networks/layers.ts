/** Every export is a layer of the public `layers`. */
import * as engine from '../engine/index.js';
import {
  add,
  batchStatistics,
  div,
  mul,
  reduceMean,
  reshape,
  type Shape,
  ShapeError,
  showShape,
  sizeOf,
  sqrt,
  square,
  sub,
  type Value,
} from '../engine/index.js';
import { filled, type Layer, MOMENTUM, type NamedLayers, normal, pointwise, sequential, uniform } from './layer.js';

/** max(x, 0). */
export const relu = (): Layer => ({ ...pointwise(engine.relu, 1), hasFeatures: true });

/** x if x > 0, otherwise slope x. */
export const leakyRelu = (slope: number): Layer => ({
  ...pointwise((x) => engine.leakyRelu(x, slope), 1),
  hasFeatures: true,
});

export const tanh = (): Layer => ({ ...pointwise(engine.tanh, 1), hasFeatures: true });

/** x times a constant. */
export const scale = (factor: number): Layer => pointwise((x) => mul(x, factor), 1);

export interface ConvLayerOptions {
  kernel: number;
  stride?: number;
  padding?: number;
  bias?: boolean;
  /** Of the initial weights, with biases 0 (default: 0.02 as in DCGAN, with PyTorch's biases). */
  std?: number;
}

/** `weight` is `[out, in, k, k]`: a side of H becomes floor((H + 2 padding - k) / stride) + 1. */
export const conv = (inputs: number, outputs: number, options: ConvLayerOptions): Layer =>
  convolution(engine.conv, [outputs, inputs], outputs, options);

/** `weight` is `[in, out, k, k]`: a side of H becomes (H - 1) stride - 2 padding + k. */
export const convTranspose = (inputs: number, outputs: number, options: ConvLayerOptions): Layer =>
  convolution(engine.convTranspose, [inputs, outputs], outputs, options);

function convolution(
  operator: typeof engine.conv,
  channels: Shape,
  outputs: number,
  { kernel, stride: strides = 1, padding: pads = 0, bias = false, std }: ConvLayerOptions,
): Layer {
  const weight = [...channels, kernel, kernel];
  const isForward = operator === engine.conv;
  const sideOf = (side: number) =>
    isForward ? Math.floor((side + 2 * pads - kernel) / strides) + 1 : (side - 1) * strides - 2 * pads + kernel;
  const limit = 1 / Math.sqrt(sizeOf(weight.slice(1)));
  const outputShape = ([, ...sides]: Shape) => [outputs, ...sides.map(sideOf)];
  // A kernel moves over its results, a transposed one over its data.
  const positions = isForward ? outputShape : (input: Shape) => input;
  return {
    parameters: {
      weight: { shape: weight, initialize: normal(0, std ?? 0.02) },
      ...(bias && { bias: { shape: [outputs], initialize: std === undefined ? uniform(limit) : filled(0) } }),
    },
    outputShape,
    forward: (x, { parameter }) =>
      operator(x, parameter('weight'), { strides, pads, ...(bias && { bias: parameter('bias') }) }),
    flops: (input) => 2 * sizeOf(weight) * sizeOf(positions(input).slice(1)) + (bias ? sizeOf(outputShape(input)) : 0),
  };
}

export type ResampleOptions = Required<Pick<ConvLayerOptions, 'std'>>;

/**
 * `upsample` and a 3x3 convolution with `weight` `[out, in, 3, 3]` and `bias`, computed as a transposed convolution: each
 * pixel of the result reads 4 pixels of the data instead of 9 of an enlarged map.
 */
export const upsampleConv = (inputs: number, outputs: number, { std }: ResampleOptions): Layer =>
  resample('up', [outputs, inputs, 3, 3], std, NEAREST);

/**
 * A 1x1 convolution with `weight` `[out, in, 1, 1]` and bilinear upsampling by 2 (with zeros around the data), and then
 * `bias`.
 */
export const bilinearConv = (inputs: number, outputs: number, { std }: ResampleOptions): Layer =>
  resample('up', [outputs, inputs, 1, 1], std, BILINEAR);

/** A 3x3 convolution with `weight` `[out, in, 3, 3]` and `bias`, and `averagePool`, computed as a strided convolution. */
export const convDownsample = (inputs: number, outputs: number, { std }: ResampleOptions): Layer =>
  resample('down', [outputs, inputs, 3, 3], std, AVERAGE);

/**
 * A convolution of 4x4 with stride 2, or its transpose.
 * @param filters a matrix from kernels of `weight` to kernels of 4x4
 */
function resample(direction: 'up' | 'down', weight: Shape, std: number, filters: Value): Layer {
  const [outputs, inputs] = weight as [number, number];
  const outputShape = ([, ...sides]: Shape) => [
    outputs,
    ...sides.map((side) => (direction === 'up' ? 2 * side : side / 2)),
  ];
  return {
    parameters: {
      weight: { shape: weight, initialize: normal(0, std) },
      bias: { shape: [outputs], initialize: filled(0) },
    },
    outputShape,
    forward: (x, { parameter }) => {
      const rows = reshape(parameter('weight'), [outputs * inputs, filters.shape[0]!]);
      const kernel = reshape(engine.matMul(rows, filters), [outputs, inputs, 4, 4]);
      const options = { strides: 2, pads: 1, bias: parameter('bias') };
      return direction === 'up'
        ? engine.convTranspose(x, engine.transpose(kernel, [1, 0, 2, 3]), options)
        : engine.conv(x, kernel, options);
    },
    flops: (input) => {
      const smallPixels = sizeOf(direction === 'up' ? input.slice(1) : outputShape(input).slice(1));
      return 2 * 16 * inputs * outputs * smallPixels + sizeOf(outputShape(input));
    },
  };
}

const filterMatrix = (kernels: readonly (readonly number[])[]) =>
  engine.constantTensor({ type: 'float32', shape: [kernels.length, 16], data: Float32Array.from(kernels.flat()) });

/** The 4x4 kernel with this factor in a block of 2x2 at (row, column). */
const block = (row: number, column: number, factor: number) =>
  Array.from({ length: 16 }, (_, index) => {
    const [i, j] = [Math.floor(index / 4) - row, (index % 4) - column];
    return i >= 0 && i < 2 && j >= 0 && j < 2 ? factor : 0;
  });

const NINE = [0, 1, 2].flatMap((row) => [0, 1, 2].map((column) => [row, column] as const));
const AVERAGE = filterMatrix(NINE.map(([row, column]) => block(row, column, 1 / 4)));
/** A transposed convolution reads its kernel backwards. */
const NEAREST = filterMatrix(NINE.map(([row, column]) => block(2 - row, 2 - column, 1)));
const TAPS = [1 / 4, 3 / 4, 3 / 4, 1 / 4];
const BILINEAR = filterMatrix([TAPS.flatMap((a) => TAPS.map((b) => a * b))]);

/** W x + b with `weight` `[out, in]` and PyTorch's initial weights; flattens each input to `[in]`. */
export function linear(inputs: number, outputs: number): Layer {
  const initialize = uniform(1 / Math.sqrt(inputs));
  return {
    parameters: { weight: { shape: [outputs, inputs], initialize }, bias: { shape: [outputs], initialize } },
    outputShape: () => [outputs],
    forward: (x, { parameter }) => {
      const rows = reshape(x, [x.shape[0]!, sizeOf(x.shape.slice(1))]);
      return add(engine.matMul(rows, engine.transposeMatrix(parameter('weight'))), parameter('bias'));
    },
    flops: () => 2 * inputs * outputs + outputs,
  };
}

/** As in PyTorch's BatchNorm2d and GroupNorm. */
const EPSILON = 1e-5;

/**
 * Normalizes by the batch's mean and biased variance per channel in training, and updates `running_mean` and
 * (unbiased) `running_var`. These normalize after training.
 */
export const batchNorm = (channels: number): Layer => ({
  ...pointwise((x) => x, 2),
  parameters: {
    weight: { shape: [channels], initialize: normal(1, 0.02) },
    bias: { shape: [channels], initialize: filled(0) },
  },
  buffers: {
    running_mean: { shape: [channels], initialize: filled(0) },
    running_var: { shape: [channels], initialize: filled(1) },
  },
  forward: (x, { parameter, buffer, observe }) => {
    const [weight, bias] = [parameter('weight'), parameter('bias')];
    if (!observe)
      return engine.batchNormInference(x, weight, bias, buffer('running_mean'), buffer('running_var'), EPSILON);
    const { mean, variance } = batchStatistics(x);
    const count = sizeOf(x.shape) / channels;
    observe('running_mean', mean, MOMENTUM);
    observe('running_var', variance, (MOMENTUM * count) / (count - 1));
    return engine.batchNormalization(x, weight, bias, EPSILON);
  },
});

/**
 * Normalizes each image by the mean and biased variance of each group of channels (Wu and He, arXiv 1803.08494).
 * @throws {ShapeError} if the groups do not divide the channels
 */
export function groupNorm(groups: number, channels: number): Layer {
  if (channels % groups !== 0) throw new ShapeError(`groupNorm: ${groups} groups do not divide ${channels} channels`);
  return {
    // Mean, centering, variance (2), division, scale and shift.
    ...pointwise((x) => x, 7),
    parameters: {
      weight: { shape: [channels], initialize: filled(1) },
      bias: { shape: [channels], initialize: filled(0) },
    },
    forward: (x, { parameter }) => {
      const grouped = reshape(x, [x.shape[0]!, groups, sizeOf(x.shape) / (x.shape[0]! * groups)]);
      const centered = sub(grouped, reduceMean(grouped, [2]));
      const normalized = reshape(div(centered, sqrt(add(reduceMean(square(centered), [2]), EPSILON))), x.shape);
      const perChannel = (name: string) => reshape(parameter(name), [1, channels, 1, 1]);
      return add(mul(normalized, perChannel('weight')), perChannel('bias'));
    },
  };
}

/** x / sqrt(mean over channels of x^2 + 1e-8) at each pixel (Karras et al., arXiv 1710.10196). */
export const pixelNorm = (): Layer => pointwise((x) => div(x, sqrt(add(reduceMean(square(x), [1]), 1e-8))), 3);

/** The mean over rows and columns: `[C, H, W]` becomes `[C, 1, 1]`. */
export const globalAveragePool = (): Layer => ({
  outputShape: ([channels]) => [channels!, 1, 1],
  forward: (x) => reduceMean(x, [2, 3]),
  flops: sizeOf,
});

/** The mean of each block of factor x factor pixels. */
export const averagePool = (factor = 2): Layer => ({
  outputShape: ([channels, ...sides]) => [channels!, ...sides.map((side) => side / factor)],
  forward: (x) => engine.averagePool(x, factor),
  flops: sizeOf,
});

/** Nearest-neighbor upsampling: each pixel becomes a block of factor x factor pixels. */
export const upsample = (factor = 2): Layer => ({
  outputShape: ([channels, ...sides]) => [channels!, ...sides.map((side) => factor * side)],
  forward: (x) => engine.resize(x, factor),
  flops: () => 0,
});

/**
 * body(x) + shortcut(x) (He et al., arXiv 1512.03385), with tensors such as `conv1.weight` and `shortcut.weight`.
 * @param shortcut default: the identity; a 1x1 convolution if the body changes the number of channels
 */
export function residualBlock(body: NamedLayers, shortcut?: Layer): Layer {
  const main = sequential(body);
  const side = sequential(shortcut ? { shortcut } : {});
  const outputShape = (input: Shape) => {
    const [own, added] = [main.outputShape(input), side.outputShape(input)];
    if (own.join() !== added.join())
      throw new ShapeError(`residualBlock: the body returns ${showShape(own)} but the shortcut ${showShape(added)}`);
    return own;
  };
  return {
    hasFeatures: true,
    parameters: { ...main.parameters, ...side.parameters },
    buffers: { ...main.buffers, ...side.buffers },
    outputShape,
    forward: (x, context) => add(main.forward(x, context), side.forward(x, context)),
    flops: (input) => main.flops(input) + side.flops(input) + sizeOf(outputShape(input)),
  };
}
