import type { NamedLayers } from './layer.js';
import { batchNorm, conv, convTranspose, leakyRelu, relu } from './layers/index.js';
import { createNetwork, type NetworkPair } from './network.js';

export interface NetworkOptions {
  /** Image channels: 1 (grayscale) or 3 (RGB). */
  readonly channels: number;
  /** M, the number of latent dimensions. */
  readonly latentSize: number;
  /** n, the base width, of which channels are multiples. */
  readonly width: number;
  /** Whether native and generated inputs have separate running statistics (default: false, as published). */
  readonly separateStatistics?: boolean;
}

/** Networks for images of one size. */
export interface Architecture {
  readonly imageSize: number;
  readonly build: (options: NetworkOptions) => NetworkPair;
}

/** Halves the sides of a feature map, or doubles them if transposed. */
export const BY_TWO = { kernel: 4, stride: 2, padding: 1 };
/** From 4x4 to 1x1, or back if transposed. */
export const BY_FOUR = { kernel: 4 };

/** Builds a block for each width, numbered from 1. */
const blocks = (
  first: number,
  widths: readonly number[],
  block: (before: number, width: number, number: number) => NamedLayers,
): NamedLayers =>
  Object.assign(
    {},
    ...widths.map((width, index) => block(widths[index - 1] ?? first, width, index + 1)),
  ) as NamedLayers;

/** Convolutions that halve the sides, batch normalization (not after the first), and LeakyReLU. */
export const downsampling = (channels: number, widths: readonly number[]): NamedLayers =>
  blocks(channels, widths, (before, width, number) => ({
    [`conv${number}`]: conv(before, width, BY_TWO),
    ...(number > 1 ? { [`norm${number}`]: batchNorm(width) } : {}),
    [`activation${number}`]: leakyRelu(0.2),
  }));

/** Transposed convolutions of a code to 4x4 and further, each with batch normalization and ReLU. */
export const upsampling = (latentSize: number, widths: readonly number[]): NamedLayers =>
  blocks(latentSize, widths, (before, width, number) => ({
    [`conv${number}`]: convTranspose(before, width, number === 1 ? BY_FOUR : BY_TWO),
    [`norm${number}`]: batchNorm(width),
    [`activation${number}`]: relu(),
  }));

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
