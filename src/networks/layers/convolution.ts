import { conv as convolve, convTranspose as convolveTransposed, type Shape, sizeOf } from '../../engine/index.js';
import { type Layer, normal, uniform } from '../layer.js';

export interface ConvLayerOptions {
  readonly kernel: number;
  readonly stride?: number;
  readonly padding?: number;
  readonly bias?: boolean;
}

/** `weight` is `[out, in, k, k]`: a side of H becomes floor((H + 2 padding - k) / stride) + 1. */
export function conv(inputChannels: number, outputChannels: number, options: ConvLayerOptions): Layer {
  const { kernel, stride = 1, padding = 0 } = options;
  const outputShape = ([, ...sides]: Shape) => [
    outputChannels,
    ...sides.map((side) => Math.floor((side + 2 * padding - kernel) / stride) + 1),
  ];
  return convolution(
    convolve,
    [outputChannels, inputChannels, kernel, kernel],
    outputChannels,
    options,
    outputShape,
    outputShape,
  );
}

/** `weight` is `[in, out, k, k]`: a side of H becomes (H - 1) stride - 2 padding + k. */
export function convTranspose(inputChannels: number, outputChannels: number, options: ConvLayerOptions): Layer {
  const { kernel, stride = 1, padding = 0 } = options;
  const outputShape = ([, ...sides]: Shape) => [
    outputChannels,
    ...sides.map((side) => (side - 1) * stride - 2 * padding + kernel),
  ];
  return convolution(
    convolveTransposed,
    [inputChannels, outputChannels, kernel, kernel],
    outputChannels,
    options,
    outputShape,
    (input) => input,
  );
}

/**
 * Weights are initialized as in DCGAN, biases as by PyTorch.
 * @param kernelPositions the shape over which the kernel moves
 */
function convolution(
  operator: typeof convolve,
  weight: Shape,
  outputChannels: number,
  { stride = 1, padding = 0, bias = false }: ConvLayerOptions,
  outputShape: Layer['outputShape'],
  kernelPositions: (input: Shape) => Shape,
): Layer {
  const fanIn = sizeOf(weight.slice(1));
  return {
    parameters: {
      weight: { shape: weight, initialize: normal(0, 0.02) },
      ...(bias ? { bias: { shape: [outputChannels], initialize: uniform(1 / Math.sqrt(fanIn)) } } : {}),
    },
    outputShape,
    forward: (x, { parameter }) =>
      operator(x, parameter('weight'), {
        strides: stride,
        pads: padding,
        ...(bias ? { bias: parameter('bias') } : {}),
      }),
    flops: (input) =>
      2 * sizeOf(weight) * sizeOf(kernelPositions(input).slice(1)) + (bias ? sizeOf(outputShape(input)) : 0),
  };
}
