import { InputError } from '../errors.js';
import type { ConvolutionLayer, Layer } from './layer.js';
import { createNetwork, type NetworkPair } from './network.js';

/** What a pair of networks is built from. */
export interface NetworkOptions {
  /** Channels of an image: 1 (grey) or 3 (RGB). */
  readonly channels: number;
  /** M, the number of coordinates of a latent code. */
  readonly latentSize: number;
  /** n, the base width, of which the inner layers' channels are multiples. */
  readonly width: number;
  /** Whether running statistics are kept for each kind of input (default: false, as published). */
  readonly separateStatistics?: boolean;
}

/** A named architecture: the image size it is made for, and its networks. */
export interface Architecture {
  readonly imageSize: number;
  readonly build: (dimensions: NetworkOptions) => NetworkPair;
}

const SLOPE = 0.2;
type Spec = { stride: number; padding: number; kernel?: number; bias?: boolean };

const convolutional =
  (kind: ConvolutionLayer['kind']) =>
  (name: string, inputChannels: number, outputChannels: number, { stride, padding, kernel = 4, bias = false }: Spec): Layer => ({
    kind,
    name,
    inputChannels,
    outputChannels,
    kernel,
    stride,
    padding,
    bias,
  });
const convolution = convolutional('convolution');
const transposed = convolutional('transposedConvolution');
const normalization = (name: string, channels: number): Layer => ({ kind: 'batchNormalization', name, channels });
const leakyRelu: Layer = { kind: 'leakyRelu', slope: SLOPE };
const relu: Layer = { kind: 'relu' };

/** Halves a map, or doubles it. */
const BY_TWO: Spec = { stride: 2, padding: 1 };
/** A 1x1 map to 4x4, or 4x4 to 1x1. */
const WHOLE: Spec = { stride: 1, padding: 0 };

/** Halving convolutions from `channels` through `widths`: LeakyReLU after each, batch normalisation before it except the first. */
const downsampling = (channels: number, widths: readonly number[]): Layer[] =>
  widths.flatMap((width, index) => {
    const number = index + 1;
    const first = convolution(`conv${number}`, widths[index - 1] ?? channels, width, BY_TWO);
    return index === 0 ? [first, leakyRelu] : [first, normalization(`norm${number}`, width), leakyRelu];
  });

/** A code to a 4x4 map of `widths[0]` channels, doubled through the other widths: batch normalisation and ReLU after each. */
const upsampling = (latentSize: number, widths: readonly number[]): Layer[] =>
  widths.flatMap((width, index) => {
    const number = index + 1;
    const spec = index === 0 ? WHOLE : BY_TWO;
    return [transposed(`conv${number}`, widths[index - 1] ?? latentSize, width, spec), normalization(`norm${number}`, width), relu];
  });

/** The networks for 32x32 images of the published AGE code (method.md: "dcgan32"). */
function dcgan32({ channels, latentSize, width: n, separateStatistics }: NetworkOptions): NetworkPair {
  const image = [channels, 32, 32];
  const code = [latentSize, 1, 1];
  const encoder = [
    ...downsampling(channels, [n, 2 * n, 4 * n]),
    convolution('conv4', 4 * n, latentSize, { ...BY_TWO, bias: true }),
    { kind: 'spatialMean' } as const,
  ];
  const generator = [
    ...upsampling(latentSize, [8 * n, 4 * n, 2 * n, 2 * n]),
    convolution('conv5', 2 * n, channels, { kernel: 1, stride: 1, padding: 0, bias: true }),
    { kind: 'tanh' } as const,
  ];
  return {
    encoder: createNetwork('encoder', encoder, image, code, separateStatistics),
    generator: createNetwork('generator', generator, code, image, separateStatistics),
  };
}

/** The networks for 64x64 images of the published AGE code ("dcgan64"). */
function dcgan64({ channels, latentSize, width: n, separateStatistics }: NetworkOptions): NetworkPair {
  const image = [channels, 64, 64];
  const code = [latentSize, 1, 1];
  const encoder = [...downsampling(channels, [n, 2 * n, 4 * n, 8 * n]), convolution('conv5', 8 * n, latentSize, { ...WHOLE, bias: true })];
  const generator = [...upsampling(latentSize, [8 * n, 4 * n, 2 * n, n]), transposed('conv5', n, channels, BY_TWO), { kind: 'tanh' } as const];
  return {
    encoder: createNetwork('encoder', encoder, image, code, separateStatistics),
    generator: createNetwork('generator', generator, code, image, separateStatistics),
  };
}

/** Every architecture by its name. */
export const ARCHITECTURES = {
  dcgan32: { imageSize: 32, build: dcgan32 },
  dcgan64: { imageSize: 64, build: dcgan64 },
} as const satisfies Record<string, Architecture>;

export type ArchitectureName = keyof typeof ARCHITECTURES;
export const ARCHITECTURE_NAMES = Object.keys(ARCHITECTURES) as readonly ArchitectureName[];

/** The architecture made for images of this size. Throws InputError where there is none. */
export function architectureFor(imageSize: number): ArchitectureName {
  const name = ARCHITECTURE_NAMES.find((candidate) => ARCHITECTURES[candidate].imageSize === imageSize);
  if (name !== undefined) return name;
  const known = ARCHITECTURE_NAMES.map((candidate) => `${ARCHITECTURES[candidate].imageSize} (${candidate})`);
  throw new InputError(`size ${imageSize}: no network is made for it; choose ${known.join(' or ')}`);
}
