/** The published networks, written out layer by layer. */
import {
  type ChannelStatistics,
  convolve,
  convolveTransposed,
  type Kernel,
  leakyRelu,
  mapElements,
  type Maps,
  normalize,
  relu,
  spatialMean,
  statisticsOf,
} from './plainLayers.js';

/** Parameters and running statistics by name: `encoder.conv1.weight` and so on. */
export type NamedTensors = Record<string, ArrayLike<number>>;

/**
 * One pass. With `batches`, each batch normalization uses its own batch's statistics and records them there, as in
 * training.
 */
export interface Pass {
  tensors: NamedTensors;
  width: number;
  latentSize: number;
  channels: number;
  batches?: Record<string, ChannelStatistics>;
}

const HALVE = { side: 4, stride: 2, padding: 1 };
const WHOLE = { side: 4, stride: 1, padding: 0 };

function layersOf({ tensors, batches }: Pass, network: 'encoder' | 'generator') {
  const tensor = (name: string): ArrayLike<number> => {
    const found = tensors[`${network}.${name}`];
    if (found === undefined) throw new Error(`there is no ${network}.${name}`);
    return found;
  };
  const kernel = (
    name: string,
    outputs: number,
    form: Pick<Kernel, 'side' | 'stride' | 'padding'>,
    withBias = false,
  ): Kernel => ({
    ...form,
    weight: tensor(`${name}.weight`),
    outputs,
    ...(withBias ? { bias: tensor(`${name}.bias`) } : {}),
  });
  const running = (name: string) => ({
    mean: Array.from(tensor(`${name}.running_mean`)),
    variance: Array.from(tensor(`${name}.running_var`)),
  });
  const norm = (name: string, x: Maps): Maps => {
    const own = statisticsOf(x);
    if (batches !== undefined) batches[`${network}.${name}`] = own;
    return normalize(x, batches === undefined ? running(name) : own, tensor(`${name}.weight`), tensor(`${name}.bias`));
  };
  return { kernel, norm };
}

export function encode32(pass: Pass, images: Maps): Maps {
  const { kernel, norm } = layersOf(pass, 'encoder');
  const { width: n, latentSize } = pass;
  let x = mapElements(convolve(images, kernel('conv1', n, HALVE)), leakyRelu);
  x = mapElements(norm('norm2', convolve(x, kernel('conv2', 2 * n, HALVE))), leakyRelu);
  x = mapElements(norm('norm3', convolve(x, kernel('conv3', 4 * n, HALVE))), leakyRelu);
  return spatialMean(convolve(x, kernel('conv4', latentSize, HALVE, true)));
}

export function generate32(pass: Pass, codes: Maps): Maps {
  const { kernel, norm } = layersOf(pass, 'generator');
  const { width: n, channels } = pass;
  let x = mapElements(norm('norm1', convolveTransposed(codes, kernel('conv1', 8 * n, WHOLE))), relu);
  x = mapElements(norm('norm2', convolveTransposed(x, kernel('conv2', 4 * n, HALVE))), relu);
  x = mapElements(norm('norm3', convolveTransposed(x, kernel('conv3', 2 * n, HALVE))), relu);
  x = mapElements(norm('norm4', convolveTransposed(x, kernel('conv4', 2 * n, HALVE))), relu);
  return mapElements(convolve(x, kernel('conv5', channels, { side: 1, stride: 1, padding: 0 }, true)), Math.tanh);
}

export function encode64(pass: Pass, images: Maps): Maps {
  const { kernel, norm } = layersOf(pass, 'encoder');
  const { width: n, latentSize } = pass;
  let x = mapElements(convolve(images, kernel('conv1', n, HALVE)), leakyRelu);
  x = mapElements(norm('norm2', convolve(x, kernel('conv2', 2 * n, HALVE))), leakyRelu);
  x = mapElements(norm('norm3', convolve(x, kernel('conv3', 4 * n, HALVE))), leakyRelu);
  x = mapElements(norm('norm4', convolve(x, kernel('conv4', 8 * n, HALVE))), leakyRelu);
  return convolve(x, kernel('conv5', latentSize, WHOLE, true));
}

export function generate64(pass: Pass, codes: Maps): Maps {
  const { kernel, norm } = layersOf(pass, 'generator');
  const { width: n, channels } = pass;
  let x = mapElements(norm('norm1', convolveTransposed(codes, kernel('conv1', 8 * n, WHOLE))), relu);
  x = mapElements(norm('norm2', convolveTransposed(x, kernel('conv2', 4 * n, HALVE))), relu);
  x = mapElements(norm('norm3', convolveTransposed(x, kernel('conv3', 2 * n, HALVE))), relu);
  x = mapElements(norm('norm4', convolveTransposed(x, kernel('conv4', n, HALVE))), relu);
  return mapElements(convolveTransposed(x, kernel('conv5', channels, HALVE)), Math.tanh);
}
