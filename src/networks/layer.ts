import type { Shape } from '../engine/index.js';

/**
 * A layer as data. Learnt layers have a name, under which their tensors are known everywhere (`conv1`: `conv1.weight`,
 * `conv1.bias`); kernels and paddings are square.
 */
export type Layer =
  | ConvolutionLayer
  | { readonly kind: 'batchNormalization'; readonly name: string; readonly channels: number }
  | { readonly kind: 'relu' }
  | { readonly kind: 'leakyRelu'; readonly slope: number }
  | { readonly kind: 'tanh' }
  /** The mean over rows and columns: [N, C, H, W] becomes [N, C, 1, 1]. */
  | { readonly kind: 'spatialMean' };

export interface ConvolutionLayer {
  /** `transposed`: the layer enlarges instead of reduces. */
  readonly kind: 'convolution' | 'transposedConvolution';
  readonly name: string;
  readonly inputChannels: number;
  readonly outputChannels: number;
  readonly kernel: number;
  readonly stride: number;
  readonly padding: number;
  readonly bias: boolean;
}

/** Names and shapes of a layer's learnt tensors; kernels in PyTorch's layouts: [out, in, kh, kw], transposed [in, out, kh, kw]. */
export function parameterShapes(layer: Layer): Record<string, Shape> {
  switch (layer.kind) {
    case 'convolution':
    case 'transposedConvolution': {
      const { name, inputChannels, outputChannels, kernel, bias } = layer;
      const channels = layer.kind === 'convolution' ? [outputChannels, inputChannels] : [inputChannels, outputChannels];
      return { [`${name}.weight`]: [...channels, kernel, kernel], ...(bias ? { [`${name}.bias`]: [outputChannels] } : {}) };
    }
    case 'batchNormalization':
      return { [`${layer.name}.weight`]: [layer.channels], [`${layer.name}.bias`]: [layer.channels] };
    default:
      return {};
  }
}

/** What a network is given: its own kind of input (images, or draws from the prior), or what the other network made of its own. */
export type InputKind = 'own' | 'made';

/** Names and shapes of a layer's running statistics for a kind of input. */
export function statisticsShapes(layer: Layer, kind: InputKind): Record<string, Shape> {
  if (layer.kind !== 'batchNormalization') return {};
  return { [statisticName(layer.name, kind, 'running_mean')]: [layer.channels], [statisticName(layer.name, kind, 'running_var')]: [layer.channels] };
}

/** `norm2.running_mean`, as in PyTorch; of what the other network made `norm2.made.running_mean`. */
export const statisticName = (layer: string, kind: InputKind, part: 'running_mean' | 'running_var'): string =>
  kind === 'own' ? `${layer}.${part}` : `${layer}.made.${part}`;
