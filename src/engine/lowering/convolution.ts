import { apply, isComputedBy, throwShapeError } from '../operator.js';
import { conv, slice, transpose } from '../operators/index.js';
import type { Shape } from '../shape.js';
import type { ComputedValue, Operator, Value } from '../value.js';
import type { Rule } from './rewrites.js';

type KernelGradientAttributes = Readonly<Record<'strides' | 'pads' | 'dilations' | 'kernel', readonly number[]>>;

const BY_CHANNEL = [1, 0, 2, 3] as const;

/**
 * The gradient of a kernel [S, B, kh, kw] from data [N, B, H, W] and the gradient of the result [N, S, h, w]. Not an
 * ONNX operator: lowering sees as one what ONNX expresses with several.
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
  isComputedBy(value, 'Transpose') && String(value.attributes.perm) === String(BY_CHANNEL);

function convolutionBelow(value: Value): ComputedValue | undefined {
  if (value.kind !== 'computed') return undefined;
  const { operator, inputs, attributes } = value;
  const { start, step, axis } = attributes;
  if (operator.name === 'Slice' && start === 0 && step === 1 && Number(axis) >= 2) return convolutionBelow(inputs[0]!);
  return operator.name === 'Conv' && inputs.length === 2 ? value : undefined;
}

/** A kernel gradient is a convolution of transposed data by a transposed gradient, its result transposed back. */
export const recognizeKernelGradients: Rule = {
  name: 'recognize-kernel-gradients',
  reason:
    'what is one operation of 170-380 GFLOP/s in blocked layouts is a convolution of 50-120 GFLOP/s and three copies in plain ones',
  apply(value) {
    const convolution = isTransposed(value) ? convolutionBelow(value.inputs[0]!) : undefined;
    const [big, small] = convolution?.inputs ?? [];
    if (convolution === undefined || !isTransposed(big) || !isTransposed(small)) return undefined;
    const { strides, pads, dilations } = convolution.attributes as KernelGradientAttributes;
    const exchanged = { strides: dilations, pads, dilations: strides, kernel: value.shape };
    return apply(KernelGradient, [big.inputs[0]!, small.inputs[0]!], exchanged);
  },
};

/** Conv takes big to small, ConvTranspose small to big, the kernel's gradient takes both. */
export interface Convolution {
  readonly result: 'small' | 'big' | 'kernel';
  readonly small: Value;
  readonly big: Value;
  /** [S, B, kh, kw], absent if it is the result. */
  readonly kernel?: Value;
  readonly kernelShape: Shape;
  readonly bias?: Value | undefined;
  readonly strides: readonly number[];
  /** Top, left. */
  readonly padding: readonly number[];
}

/** False for one value per channel. */
export const isFeatureMap = (shape: Shape) => shape.length === 4 && (shape[0]! > 1 || shape[2]! * shape[3]! > 1);

/** Returns undefined unless a value is a convolution without dilation. */
export function convolutionRoles(value: Value): Convolution | undefined {
  if (value.kind !== 'computed' || value.operator.domain !== undefined) return undefined;
  const { strides, pads, dilations } = value.attributes as KernelGradientAttributes;
  const roles = matchRoles(value);
  if (roles === undefined || dilations.some((step) => step !== 1)) return undefined;
  const areMaps = isFeatureMap(roles.small.shape) && isFeatureMap(roles.big.shape);
  return areMaps ? { ...roles, strides, padding: pads.slice(0, 2) } : undefined;
}

function matchRoles(value: ComputedValue): Omit<Convolution, 'strides' | 'padding'> | undefined {
  const [first, second, bias] = value.inputs as [Value, Value, Value?];
  switch (value.operator.name) {
    case 'Conv':
      return { result: 'small', small: value, big: first, kernel: second, kernelShape: second.shape, bias };
    case 'ConvTranspose':
      return { result: 'big', small: first, big: value, kernel: second, kernelShape: second.shape, bias };
    case 'KernelGradient':
      return { result: 'kernel', small: second, big: first, kernelShape: value.shape };
    default:
      return undefined;
  }
}
