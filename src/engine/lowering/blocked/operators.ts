import { apply } from '../../operator.js';
import { type Attributes, constant, type Operator, type Value } from '../../value.js';

/**
 * ONNX Runtime's operators on blocked channels, which its own optimizer inserts only if kernels are constants. Declared
 * shapes are plain. With P the block size, the memory of data is [N, C/P, H, W, P], and of kernels [O/P, I/P, kh, kw, P
 * in, P out]. None of them needs a gradient: they exist after lowering only.
 */
const DOMAIN = 'com.microsoft.nchwc';

export interface Activation {
  readonly name: string;
  readonly parameters: readonly number[];
}

export interface BlockedConvOptions {
  /** One value per channel of the result. */
  readonly bias?: Value | undefined;
  /** Added to the result before the activation; of its shape. */
  readonly sum?: Value | undefined;
  readonly strides?: readonly [number, number] | undefined;
  readonly dilations?: readonly [number, number];
  /** Top, left, bottom, right. */
  readonly pads?: readonly [number, number, number, number];
  readonly group?: number;
  /** Applied in the same pass over memory. */
  readonly activation?: Activation | undefined;
}

const Conv: Operator = {
  name: 'Conv',
  domain: DOMAIN,
  floatAttributes: ['activation_params'],
  infer([x, w], attributes) {
    const { strides, dilations, pads } = attributes as Record<string, readonly number[]>;
    const sizes = [0, 1].map((i) => {
      const last = x!.shape[2 + i]! + pads![i]! + pads![2 + i]! - dilations![i]! * (w!.shape[2 + i]! - 1) - 1;
      return Math.floor(last / strides![i]!) + 1;
    });
    return { type: 'float32', shape: [x!.shape[0]!, w!.shape[0]!, ...sizes] };
  },
};

export function blockedConv(
  x: Value,
  w: Value,
  {
    bias,
    sum,
    strides = [1, 1],
    dilations = [1, 1],
    pads = [0, 0, 0, 0],
    group = 1,
    activation,
  }: BlockedConvOptions = {},
): Value {
  const attributes: Attributes = {
    strides,
    dilations,
    pads,
    group,
    kernel_shape: w.shape.slice(2),
    ...(activation ? { activation: activation.name, activation_params: activation.parameters } : {}),
  };
  // The fourth input needs a third before it.
  const third = bias ?? (sum ? constant(new Float32Array(w.shape[0]!)) : undefined);
  return apply(Conv, [x, w, ...(third ? [third] : []), ...(sum ? [sum] : [])], attributes);
}

const ReorderInput: Operator = { name: 'ReorderInput', domain: DOMAIN, infer: ([x]) => x! };
/** Plain memory [N, C, H, W] to blocked; C a multiple of P. */
export const reorderInput = (x: Value): Value => apply(ReorderInput, [x], {});

const ReorderOutput: Operator<{ channels: number }> = { name: 'ReorderOutput', domain: DOMAIN, infer: ([x]) => x! };
/** Blocked memory to plain [N, C, H, W]. */
export const reorderOutput = (x: Value): Value => apply(ReorderOutput, [x], { channels: x.shape[1]! });

const GlobalAveragePool: Operator = {
  name: 'GlobalAveragePool',
  domain: DOMAIN,
  infer: ([x]) => ({ type: 'float32', shape: [x!.shape[0]!, x!.shape[1]!, 1, 1] }),
};
/** The mean over rows and columns: [N, C, 1, 1]. */
export const blockedMean = (x: Value): Value => apply(GlobalAveragePool, [x], {});
