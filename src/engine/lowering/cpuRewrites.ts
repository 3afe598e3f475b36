/** Rates are of ONNX Runtime 1.30's CPU provider on two cores with AVX-512. */
import { clip, concat, matMul, mul, pad, reshape, slice, transpose, transposeMatrix } from '../operators/index.js';
import type { Shape4 } from '../shape.js';
import type { Value } from '../value.js';
import { hardStep, matchMask, type Rule, STEEP } from './rewrites.js';

/** On the CPU Where runs at 6 GB/s and Greater is a pass more; Clip and HardSigmoid run at 35-40 GB/s. */
export const maskToClip: Rule = (value) => {
  const mask = matchMask(value);
  if (mask === undefined) return undefined;
  const { x, high, low } = mask;
  if (high === 1 && low === 0) return hardStep(x);
  // Where x is 0 the ramp is 0 as well: right only if 0 is clipped to `low`.
  return low >= 0 ? clip(mul(x, STEEP), low, high) : undefined;
};

/** So few positions per image are too narrow a matrix for the runtime's convolution. */
const NARROW = 64;

/**
 * Multiplies all windows at once, if the kernel is as large as a map and the result as small as a kernel, as in a
 * kernel gradient. Not with dilation: gathering every second pixel costs more than it saves. The runtime multiplies
 * a narrow matrix per image: 76 ms for the kernel gradient of a 1x1 layer of 128 channels, 4 ms as one product.
 */
export const convToMatMul: Rule = (value) => {
  if (value.operator.name !== 'Conv' || value.operator.domain !== undefined || value.inputs.length !== 2)
    return undefined;
  const { strides, pads, dilations } = value.attributes as Record<string, readonly number[]>;
  const [images, channels, height, width] = value.shape as Shape4;
  const [x, kernel] = value.inputs as [Value, Value];
  const [, inner, kh, kw] = kernel.shape as Shape4;
  const positions = height * width;
  if (
    value.attributes.group !== 1 ||
    dilations!.some((step) => step !== 1) ||
    positions > NARROW ||
    kh * kw < positions
  )
    return undefined;

  const padded = pad(x, [0, 0, pads![0]!, pads![1]!], [0, 0, pads![2]!, pads![3]!]);
  const window = (data: Value, axis: 2 | 3, index: number, size: number) =>
    slice(data, axis, index * strides![axis - 2]!, index * strides![axis - 2]! + size);
  const terms = inner * kh * kw;
  const rows = Array.from({ length: positions }, (_, position) => {
    const data = window(padded, 2, Math.floor(position / width), kh);
    return reshape(window(data, 3, position % width, kw), [images, terms]);
  });
  const product = matMul(concat(rows, 0), transposeMatrix(reshape(kernel, [channels, terms])));
  return transpose(reshape(product, [height, width, images, channels]), [2, 3, 0, 1]);
};
