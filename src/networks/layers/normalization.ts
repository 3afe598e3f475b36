import {
  add,
  batchNormalization,
  batchNormInference,
  batchStatistics,
  div,
  mul,
  reduceMean,
  reshape,
  ShapeError,
  sizeOf,
  sqrt,
  square,
  sub,
} from '../../engine/index.js';
import { filled, type Layer, MOMENTUM, normal, pointwise } from '../layer.js';

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
    if (!observe)
      return batchNormInference(
        x,
        parameter('weight'),
        parameter('bias'),
        buffer('running_mean'),
        buffer('running_var'),
        EPSILON,
      );
    const { mean, variance } = batchStatistics(x);
    const count = sizeOf(x.shape) / channels;
    observe('running_mean', mean, MOMENTUM);
    observe('running_var', variance, (MOMENTUM * count) / (count - 1));
    return batchNormalization(x, parameter('weight'), parameter('bias'), EPSILON);
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

/** Pixel normalization (Karras et al., arXiv 1710.10196): x / sqrt(mean over channels of x^2 + 1e-8) at each pixel. */
export const pixelNorm = (): Layer => pointwise((x) => div(x, sqrt(add(reduceMean(square(x), [1]), 1e-8))), 3);
