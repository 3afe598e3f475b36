import { InputError, setting } from '../errors.js';
import { IMAGE_SIZES } from '../imageSizes.js';
import type { NamedLayers } from './layer.js';
import { conditional, type LayersOf } from './condition.js';
import { batchNorm, conv, convTranspose, globalAveragePool, leakyRelu, relu, tanh } from './layers.js';
import { createNetwork, type NetworkOptions, type NetworkPair } from './network.js';
import { resnetLayers } from './resnet.js';

/** Networks for images of one size. */
export interface Architecture {
  imageSize: number;
  build: (options: NetworkOptions) => NetworkPair;
}

/** Halves the sides, or doubles them if transposed. */
const BY_TWO = { kernel: 4, stride: 2, padding: 1 };
/** From 4x4 to 1x1, or back if transposed. */
const BY_FOUR = { kernel: 4 };

const dcgan32 = architecture(32, ({ channels, latentSize, width: n }) => ({
  encoder: {
    ...downsampling(channels, [n, 2 * n, 4 * n]),
    conv4: conv(4 * n, latentSize, { ...BY_TWO, bias: true }),
    pool: globalAveragePool(),
  },
  generator: {
    ...upsampling(latentSize, [8 * n, 4 * n, 2 * n, 2 * n]),
    conv5: conv(2 * n, channels, { kernel: 1, bias: true }),
    output: tanh(),
  },
}));

/** Published for 64 pixels; 128 pixels have one more convolution, of twice the width. */
const dcgan = (size: number) =>
  architecture(size, ({ channels, latentSize, width }) => {
    const widths = Array.from({ length: Math.log2(size) - 2 }, (_, index) => width * 2 ** index);
    const last = `conv${widths.length + 1}`;
    return {
      encoder: {
        ...downsampling(channels, widths),
        [last]: conv(widths.at(-1)!, latentSize, { ...BY_FOUR, bias: true }),
      },
      generator: {
        ...upsampling(latentSize, widths.toReversed()),
        [last]: convTranspose(width, channels, BY_TWO),
        output: tanh(),
      },
    };
  });

const resnet = (size: number) => architecture(size, (options) => resnetLayers(size, options));

/** The networks of the published code, and residual networks. */
export const ARCHITECTURES = {
  dcgan32,
  dcgan64: dcgan(64),
  dcgan128: dcgan(128),
  resnet32: resnet(32),
  resnet64: resnet(64),
  resnet128: resnet(128),
};

export type ArchitectureName = keyof typeof ARCHITECTURES;
export const ARCHITECTURE_NAMES = Object.keys(ARCHITECTURES).sort() as readonly ArchitectureName[];

/** @throws {InputError} if no architecture has this image size */
export function architectureFor(imageSize: number): ArchitectureName {
  const found = IMAGE_SIZES.find(({ size }) => size === imageSize);
  if (found) return found.architecture;
  const known = IMAGE_SIZES.map(({ size, architecture }) => `${size} (${architecture})`);
  throw new InputError(setting('size'), `no architecture supports ${imageSize}`, `choose ${known.join(' or ')}`);
}

function architecture(size: number, layersOf: LayersOf): Architecture {
  return {
    imageSize: size,
    build: (options) => {
      const { channels, latentSize } = options;
      const { encoder, generator } = conditional(size, options, layersOf);
      return {
        encoder: createNetwork('encoder', encoder, [channels, size, size], options),
        generator: createNetwork('generator', generator, [latentSize, 1, 1], options),
      };
    },
  };
}

/** The first convolution has no batch normalization. */
const downsampling = (channels: number, widths: readonly number[]) =>
  blocks(channels, widths, (before, width, number) => ({
    [`conv${number}`]: conv(before, width, BY_TWO),
    ...(number > 1 && { [`norm${number}`]: batchNorm(width) }),
    [`activation${number}`]: leakyRelu(0.2),
  }));

/** From a code to 4x4 and further. */
const upsampling = (latentSize: number, widths: readonly number[]) =>
  blocks(latentSize, widths, (before, width, number) => ({
    [`conv${number}`]: convTranspose(before, width, number === 1 ? BY_FOUR : BY_TWO),
    [`norm${number}`]: batchNorm(width),
    [`activation${number}`]: relu(),
  }));

/** Numbered from 1. */
const blocks = (
  first: number,
  widths: readonly number[],
  block: (before: number, width: number, number: number) => NamedLayers,
) =>
  Object.assign(
    {},
    ...widths.map((width, index) => block(widths[index - 1] ?? first, width, index + 1)),
  ) as NamedLayers;
