import { apply, throwShapeError, type Operator } from '../operator.js';
import { conv, slice, transpose } from '../operators/index.js';
import type { Shape } from '../shape.js';
import type { ComputedValue, Value } from '../value.js';
import type { Rule } from './rule.js';

/** Geometry of the convolution whose kernel gradient this is, and the kernel's shape. */
export interface KernelGradientAttributes extends Record<string, readonly number[]> {
  readonly strides: readonly number[];
  readonly pads: readonly number[];
  readonly dilations: readonly number[];
  readonly kernel: Shape;
}

const BY_CHANNEL = [1, 0, 2, 3] as const;

/**
 * The gradient of a convolution's kernel [S, B, kh, kw] from its data [N, B, H, W] and the gradient of its result [N, S, h, w]. An
 * operator of this project's own, so that lowering sees in one piece what ONNX can only say in several.
 */
export const KernelGradient: Operator<KernelGradientAttributes> = {
  name: 'KernelGradient',
  infer(inputs, { kernel }) {
    const [big, small] = inputs;
    if (big!.shape[1] !== kernel[1] || small!.shape[1] !== kernel[0] || big!.shape[0] !== small!.shape[0])
      throwShapeError('KernelGradient', inputs, `do not fit a kernel [${kernel.join(', ')}]`);
    return { type: 'float32', shape: kernel };
  },
  decomposition([big, small], { strides, pads, dilations, kernel }) {
    const swapped = conv(transpose(big!, BY_CHANNEL), transpose(small!, BY_CHANNEL), {
      strides: dilations as [number, number],
      pads: pads as [number, number, number, number],
      dilations: strides as [number, number],
    });
    return transpose(slice(slice(swapped, 2, 0, kernel[2]!), 3, 0, kernel[3]!), BY_CHANNEL);
  },
};

const isTransposed = (value: Value | undefined): value is ComputedValue =>
  value?.kind === 'computed' && value.operator.name === 'Transpose' && (value.attributes.perm as readonly number[]).join() === BY_CHANNEL.join();

/** The convolution below at most two Slices that keep the front of the spatial axes. */
function convolutionBelow(value: Value): ComputedValue | undefined {
  let inner = value;
  while (
    inner.kind === 'computed' &&
    inner.operator.name === 'Slice' &&
    inner.attributes.start === 0 &&
    inner.attributes.step === 1 &&
    Number(inner.attributes.axis) >= 2
  )
    inner = inner.inputs[0]!;
  return inner.kind === 'computed' && inner.operator.name === 'Conv' && inner.inputs.length === 2 ? inner : undefined;
}

/** Finds kernel gradients: a convolution of transposed data by a transposed gradient, its result transposed back. */
export const recognizeKernelGradients: Rule = {
  name: 'recognize-kernel-gradients',
  reason: 'what is one operation of 170-380 GFLOP/s in blocked layouts is a convolution of 50-120 GFLOP/s and three copies in plain ones',
  apply(value) {
    if (!isTransposed(value)) return undefined;
    const convolution = convolutionBelow(value.inputs[0]!);
    const [big, small] = convolution?.inputs ?? [];
    if (convolution === undefined || !isTransposed(big) || !isTransposed(small)) return undefined;
    const { strides, pads, dilations } = convolution.attributes as Record<string, readonly number[]>;
    return apply(KernelGradient, [big.inputs[0]!, small.inputs[0]!], { strides: dilations!, pads: pads!, dilations: strides!, kernel: value.shape });
  },
};
