import { type Layer, type NamedLayers, sequential } from './layer.js';
import {
  averagePool,
  bilinearConv,
  conv,
  convDownsample,
  convTranspose,
  leakyRelu,
  residualBlock,
  scale,
  tanh,
  upsampleConv,
} from './layers.js';
import type { NetworkOptions, NetworkPair } from './network.js';

/** Channels double with each halving of the sides, up to 8 times the width. */
const WIDEST = 8;

/**
 * Residual blocks between 4x4 and half the image's sides (He et al., arXiv 1603.05027), without normalization. The
 * encoder sees images at half their size: of finer details, the generator would make textures that only encoders see.
 */
export function resnetLayers(
  size: number,
  { channels, latentSize, width }: NetworkOptions,
): Record<keyof NetworkPair, NamedLayers> {
  const widths = Array.from({ length: Math.log2(size) - 2 }, (_, halvings) => width * Math.min(2 ** halvings, WIDEST));
  const deepest = widths.at(-1)!;
  const steps = widths.slice(1).map((deep, index) => ({ shallow: widths[index]!, deep }));
  return {
    encoder: {
      pool: averagePool(),
      stem: conv3(channels, width),
      ...numbered(steps.map(({ shallow, deep }) => downBlock(shallow, deep))),
      middle: block(deepest),
      activation: leakyRelu(SLOPE),
      head: conv(deepest, latentSize, { kernel: 4, bias: true }),
    },
    generator: {
      scale: scale(Math.sqrt(latentSize)),
      stem: convTranspose(latentSize, deepest, { kernel: 4, bias: true, std: 1 / Math.sqrt(latentSize) }),
      middle: block(deepest),
      ...numbered(steps.toReversed().map(({ shallow, deep }) => upBlock(deep, shallow))),
      activation: leakyRelu(SLOPE),
      head: upsampleConv(width, channels, { std: heStd(9 * width, BRANCH_GAIN) }),
      output: tanh(),
    },
  };
}

const SLOPE = 0.2;
/** Blocks begin close to their shortcuts. */
const BRANCH_GAIN = 0.3;

/** Keeps the variance of maps behind an activation (He et al., arXiv 1502.01852). */
const heStd = (fanIn: number, gain = 1) => gain * Math.sqrt(2 / fanIn);

const conv3 = (inputs: number, outputs: number, gain = 1) =>
  conv(inputs, outputs, { kernel: 3, padding: 1, bias: true, std: heStd(9 * inputs, gain) });
/** Without an activation before it. */
const linearStd = (inputs: number) => heStd(inputs, Math.SQRT1_2);

const block = (channels: number) =>
  residualBlock(branch(conv3(channels, channels), conv3(channels, channels, BRANCH_GAIN)));

const downBlock = (inputs: number, outputs: number) =>
  residualBlock(
    branch(conv3(inputs, inputs), convDownsample(inputs, outputs, { std: heStd(9 * inputs, BRANCH_GAIN) })),
    sequential({ pool: averagePool(), conv: conv(inputs, outputs, { kernel: 1, bias: true, std: linearStd(inputs) }) }),
  );

const upBlock = (inputs: number, outputs: number) =>
  residualBlock(
    branch(upsampleConv(inputs, outputs, { std: heStd(9 * inputs) }), conv3(outputs, outputs, BRANCH_GAIN)),
    bilinearConv(inputs, outputs, { std: linearStd(inputs) }),
  );

const branch = (conv1: Layer, conv2: Layer): NamedLayers => ({
  activation1: leakyRelu(SLOPE),
  conv1,
  activation2: leakyRelu(SLOPE),
  conv2,
});

const numbered = (layers: readonly Layer[]): NamedLayers =>
  Object.fromEntries(layers.map((layer, index) => [`block${index + 1}`, layer]));
