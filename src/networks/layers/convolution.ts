import { conv as convolve, convTranspose as convolveTransposed, type Shape, sizeOf } from '../../engine/index.js';
import { type Layer, normal, uniform } from '../layer.js';

export interface ConvLayerOptions {
  readonly kernel: number;
  readonly stride?: number;
  readonly padding?: number;
  readonly bias?: boolean;
}

/** `weight` is `[out, in, k, k]`: a side of H becomes floor((H + 2 padding - k) / stride) + 1. */
export function conv(inputs: number, outputs: number, options: ConvLayerOptions): Layer {
  const { kernel, stride = 1, padding = 0 } = options;
  const sideOf = (side: number) => Math.floor((side + 2 * padding - kernel) / stride) + 1;
  return convolution(convolve, [outputs, inputs, kernel, kernel], outputs, options, sideOf);
}

/** `weight` is `[in, out, k, k]`: a side of H becomes (H - 1) stride - 2 padding + k. */
export function convTranspose(inputs: number, outputs: number, options: ConvLayerOptions): Layer {
  const { kernel, stride = 1, padding = 0 } = options;
  const sideOf = (side: number) => (side - 1) * stride - 2 * padding + kernel;
  return convolution(convolveTransposed, [inputs, outputs, kernel, kernel], outputs, options, sideOf);
}

/** Weights are initialized as in DCGAN, biases as by PyTorch. */
function convolution(
  operator: typeof convolve,
  weight: Shape,
  outputs: number,
  { stride: strides = 1, padding: pads = 0, bias = false }: ConvLayerOptions,
  sideOf: (side: number) => number,
): Layer {
  const limit = 1 / Math.sqrt(sizeOf(weight.slice(1)));
  const outputShape = ([, ...sides]: Shape) => [outputs, ...sides.map(sideOf)];
  // A kernel moves over its results, a transposed one over its data.
  const positions = operator === convolve ? outputShape : (input: Shape) => input;
  return {
    parameters: {
      weight: { shape: weight, initialize: normal(0, 0.02) },
      ...(bias ? { bias: { shape: [outputs], initialize: uniform(limit) } } : {}),
    },
    outputShape,
    forward: (x, { parameter }) =>
      operator(x, parameter('weight'), { strides, pads, ...(bias ? { bias: parameter('bias') } : {}) }),
    flops: (input) => 2 * sizeOf(weight) * sizeOf(positions(input).slice(1)) + (bias ? sizeOf(outputShape(input)) : 0),
  };
}
