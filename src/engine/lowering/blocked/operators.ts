/**
 * ONNX Runtime's operators on blocked channels, which its own optimizer inserts only if kernels are constants. Declared
 * shapes are plain. The memory of data is [N, C/P, H, W, P], and of kernels [O/P, I/P, kh, kw, P in, P out]. None has a
 * gradient: they exist after lowering only.
 */
import { apply } from '../../operator.js';
import { convSizes } from '../../operators/convolution.js';
import { constant, type Operator, type Value } from '../../value.js';

const DOMAIN = 'com.microsoft.nchwc';

export interface Activation {
  name: string;
  parameters: readonly number[];
}

export interface BlockedConvOptions {
  /** One value per channel. */
  bias?: Value | undefined;
  sum?: Value | undefined;
  strides?: readonly [number, number] | undefined;
  dilations?: readonly [number, number];
  /** Top, left, bottom, right. */
  pads?: readonly [number, number, number, number];
  group?: number;
  activation?: Activation | undefined;
}

const Conv: Operator = {
  name: 'Conv',
  domain: DOMAIN,
  floatAttributes: ['activation_params'],
  infer([x, w], attributes) {
    const sizes = convSizes(x, w!, attributes as Parameters<typeof convSizes>[2]);
    return { type: 'float32', shape: [x.shape[0]!, w!.shape[0]!, ...sizes] };
  },
};

/** Data of fewer channels than a block is plain [N, C, H, W]. */
export function blockedConv(x: Value, w: Value, options: BlockedConvOptions = {}) {
  const { bias, sum, strides = [1, 1], dilations = [1, 1], pads = [0, 0, 0, 0], group = 1, activation } = options;
  // The fourth input needs a third before it.
  const third = bias ?? (sum && constant(new Float32Array(w.shape[0]!)));
  const operands = [x, w, third, sum].filter((operand) => operand !== undefined);
  const epilogue = activation && { activation: activation.name, activation_params: activation.parameters };
  return apply(Conv, operands, { strides, dilations, pads, group, kernel_shape: w.shape.slice(2), ...epilogue });
}

/** Adds up convolutions, each into the result of the one before. The last has the epilogue. */
export const addConvs = (
  convolutions: readonly (BlockedConvOptions & { x: Value; w: Value })[],
  epilogue: Pick<BlockedConvOptions, 'bias' | 'activation'> = {},
) =>
  convolutions.reduce<Value | undefined>((sum, { x, w, ...options }, index) => {
    const isLast = index === convolutions.length - 1;
    return blockedConv(x, w, { ...options, sum, ...(isLast ? epilogue : {}) });
  }, undefined)!;

const ReorderInput: Operator = { name: 'ReorderInput', domain: DOMAIN, infer: ([x]) => x };
/** Plain memory [N, C, H, W] to blocked; C a multiple of P. */
export const reorderInput = (x: Value) => apply(ReorderInput, [x], {});

const GlobalAveragePool: Operator = {
  name: 'GlobalAveragePool',
  domain: DOMAIN,
  infer: ([x]) => ({ type: 'float32', shape: [x.shape[0]!, x.shape[1]!, 1, 1] }),
};
/** Over rows and columns: [N, C, 1, 1]. */
export const blockedMean = (x: Value) => apply(GlobalAveragePool, [x], {});

const ReorderOutput: Operator<{ channels: number }> = {
  name: 'ReorderOutput',
  domain: DOMAIN,
  infer: ([x], { channels }) => ({ type: 'float32', shape: x.shape.with(1, channels) }),
};
/** Blocked memory to plain [N, C, H, W], of the first channels. */
export const reorderOutput = (x: Value, channels = x.shape[1]!) => apply(ReorderOutput, [x], { channels });
