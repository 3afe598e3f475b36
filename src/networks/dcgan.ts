import type { NamedLayers } from './layer.js';
import { batchNorm, conv, convTranspose, leakyRelu, relu } from './layers/index.js';
import { createNetwork, type NetworkPair } from './network.js';

/** Options of an architecture. */
export interface NetworkOptions {
  /** Image channels: 1 (grayscale) or 3 (RGB). */
  readonly channels: number;
  /** M, the number of latent dimensions. */
  readonly latentSize: number;
  /** n, the base width; the channels of inner layers are multiples of it. */
  readonly width: number;
  /** Whether running statistics are separate for native and generated inputs (default: false, as published). */
  readonly separateStatistics?: boolean;
}

/** An architecture: the side of its images, and its networks. */
export interface Architecture {
  readonly imageSize: number;
  readonly build: (options: NetworkOptions) => NetworkPair;
}

/** A convolution that halves, or a transposed convolution that doubles, the sides of a feature map. */
export const BY_TWO = { kernel: 4, stride: 2, padding: 1 };
/** A convolution of a 4x4 feature map to 1x1, or a transposed convolution of 1x1 to 4x4. */
export const BY_FOUR = { kernel: 4 };

/** Builds a block of layers for each width, numbered from 1, from the width before it. */
const blocks = (
  first: number,
  widths: readonly number[],
  block: (before: number, width: number, number: number) => NamedLayers,
): NamedLayers =>
  Object.assign(
    {},
    ...widths.map((width, index) => block(widths[index - 1] ?? first, width, index + 1)),
  ) as NamedLayers;

/** Convolutions that halve the sides, LeakyReLU after each, and batch normalization before it except after the first convolution. */
export const downsampling = (channels: number, widths: readonly number[]): NamedLayers =>
  blocks(channels, widths, (before, width, number) => ({
    [`conv${number}`]: conv(before, width, BY_TWO),
    ...(number > 1 ? { [`norm${number}`]: batchNorm(width) } : {}),
    [`activation${number}`]: leakyRelu(0.2),
  }));

/** A transposed convolution of a code to 4x4, others that double the sides, and batch normalization and ReLU after each. */
export const upsampling = (latentSize: number, widths: readonly number[]): NamedLayers =>
  blocks(latentSize, widths, (before, width, number) => ({
    [`conv${number}`]: convTranspose(before, width, number === 1 ? BY_FOUR : BY_TWO),
    [`norm${number}`]: batchNorm(width),
    [`activation${number}`]: relu(),
  }));

/** Creates the pair of an encoder of images of a size and a generator of such images. */
export function createPair(
  imageSize: number,
  { channels, latentSize, separateStatistics }: NetworkOptions,
  layers: { readonly encoder: NamedLayers; readonly generator: NamedLayers },
): NetworkPair {
  return {
    encoder: createNetwork('encoder', layers.encoder, [channels, imageSize, imageSize], separateStatistics),
    generator: createNetwork('generator', layers.generator, [latentSize, 1, 1], separateStatistics),
  };
}
