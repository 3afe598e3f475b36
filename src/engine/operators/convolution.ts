import { apply, requireFloat } from '../operator.js';
import { type Shape, ShapeError, sizeOf } from '../shape.js';
import type { Distribution, Operands, Operator, Placement, TensorType, Value } from '../value.js';
import { reduceSum } from './broadcasting.js';
import { slice, transpose } from './shaping.js';

/** Names and order as in ONNX: [y, x], and pads [top, left, bottom, right]. */
type ConvAttributes = Record<'strides' | 'pads' | 'dilations', readonly number[]>;

/** A pair [y, x], or one value for both. */
type Pair = number | readonly [number, number];

export interface ConvOptions {
  strides?: Pair;
  /** Zeros around the data: one size, or [top, left, bottom, right]. */
  pads?: number | readonly [number, number, number, number];
  dilations?: Pair;
  /** One value per channel of the result. */
  bias?: Value;
}

export interface ConvTransposeOptions extends ConvOptions {
  /** Rows at the bottom and columns at the right: they choose among sizes that a strided convolution maps to one. */
  outputPadding?: Pair;
}

const pair = (value: Pair) => (typeof value === 'number' ? [value, value] : value);
const attributesOf = ({ strides = 1, pads = 0, dilations = 1 }: ConvOptions): ConvAttributes => ({
  strides: pair(strides),
  pads: typeof pads === 'number' ? [pads, pads, pads, pads] : pads,
  dilations: pair(dilations),
});
const inputsOf = (x: Value, w: Value, { bias }: ConvOptions) => (bias ? [x, w, bias] : [x, w]);

/**
 * @param inward the kernel's axis of input channels
 * @param sizes height and width of the result
 */
function inferConv(
  inputs: Operands,
  { strides, dilations }: ConvAttributes,
  inward: 0 | 1,
  sizes: readonly number[],
): TensorType {
  const [x, w, bias] = inputs;
  requireFloat(inputs);
  if (x.shape.length !== 4 || w!.shape.length !== 4) throw new ShapeError('data and kernel need four axes');
  if (x.shape[1] !== w!.shape[inward])
    throw new ShapeError(`data has ${x.shape[1]} channels, the kernel takes ${w!.shape[inward]}`);
  const channels = w!.shape[1 - inward]!;
  if (bias !== undefined && (bias.shape.length !== 1 || bias.shape[0] !== channels))
    throw new ShapeError(`the bias needs one value for each of ${channels} channels`);
  if ([...strides, ...dilations].some((size) => !(size >= 1)))
    throw new ShapeError('strides and dilations must be at least 1');
  if (sizes.some((size) => size < 1)) throw new ShapeError('no pixel is left: the kernel or the padding is too large');
  return { type: 'float32', shape: [x.shape[0]!, channels, ...sizes] };
}

/** Height and width. */
export const convSizes = ({ shape: x }: Value, { shape: w }: Value, { strides, pads, dilations }: ConvAttributes) =>
  [0, 1].map(
    (i) => Math.floor((x[2 + i]! + pads[i]! + pads[2 + i]! - dilations[i]! * (w[2 + i]! - 1) - 1) / strides[i]!) + 1,
  );

/** Height and width without output padding. */
const transposedSizes = ({ shape: x }: Value, { shape: w }: Value, { strides, pads, dilations }: ConvAttributes) =>
  [0, 1].map((i) => (x[2 + i]! - 1) * strides[i]! - pads[i]! - pads[2 + i]! + dilations[i]! * (w[2 + i]! - 1) + 1);

/** Along the batch, or the channels of data and kernel as in a kernel's gradient. */
function distributeConv([x, w, ...bias]: readonly Placement[], inward: number): Distribution | undefined {
  if (x === 0) return { operands: [0, 'whole', ...bias.map(() => 'whole' as const)], result: 0 };
  return bias.length === 0 && (x === 1 || w === inward) ? { operands: [1, inward], result: 'summand' } : undefined;
}

const biasGradient = (bias: Value | undefined, gradient: Value) =>
  bias ? [() => reduceSum(gradient, [0, 2, 3], { keepAxes: false })] : [];

const Conv: Operator<ConvAttributes> = {
  name: 'Conv',
  infer: (inputs, attributes) => inferConv(inputs, attributes, 1, convSizes(inputs[0], inputs[1]!, attributes)),
  gradient: ({ inputs: [x, w, bias], attributes, gradient }) => [
    () => dataGradient(gradient, w!, x, attributes),
    () => apply(KernelGradient, [x, gradient], { ...attributes, kernel: w!.shape }),
    ...biasGradient(bias, gradient),
  ],
  distribute: (operands) => distributeConv(operands, 1),
  flops: ([, w], _, { shape }) => 2 * sizeOf(shape) * sizeOf(w!.shape.slice(1)),
};

function dataGradient(result: Value, kernel: Value, { shape }: Value, attributes: ConvAttributes) {
  const sizes = transposedSizes(result, kernel, attributes);
  const output_padding = sizes.map((size, i) => shape[2 + i]! - size);
  return apply(ConvTranspose, [result, kernel], { ...attributes, output_padding });
}

/**
 * Cross-correlates data [N, C, H, W] with a kernel [O, C, kh, kw] to [N, O, H', W'] with H' = floor((H + pads -
 * dilation (kh - 1) - 1) / stride) + 1.
 */
export const conv = (x: Value, w: Value, options: ConvOptions = {}): Value =>
  apply(Conv, inputsOf(x, w, options), attributesOf(options));

const ConvTranspose: Operator<ConvAttributes & { output_padding: readonly number[] }> = {
  name: 'ConvTranspose',
  infer(inputs, attributes) {
    const { strides, output_padding } = attributes;
    const sizes = transposedSizes(inputs[0], inputs[1]!, attributes).map((size, i) => size + output_padding[i]!);
    const result = inferConv(inputs, attributes, 0, sizes);
    if (output_padding.some((size, i) => size >= strides[i]!))
      throw new ShapeError('output padding must be below the stride');
    return result;
  },
  gradient: ({ inputs: [x, w, bias], attributes: { output_padding: _, ...attributes }, gradient }) => [
    () => apply(Conv, [gradient, w!], attributes),
    // Data and result exchange roles; the axes of the kernel [C, O, kh, kw] are in that order already.
    () => apply(KernelGradient, [gradient, x], { ...attributes, kernel: w!.shape }),
    ...biasGradient(bias, gradient),
  ],
  distribute: (operands) => distributeConv(operands, 0),
  flops: ([x, w]) => 2 * sizeOf(x.shape) * sizeOf(w!.shape.slice(1)),
};

/**
 * Convolves data [N, C, H, W] transposed with a kernel [C, O, kh, kw] to [N, O, H', W'] with H' = (H - 1) stride -
 * pads + dilation (kh - 1) + 1 + outputPadding.
 */
export const convTranspose = (x: Value, w: Value, options: ConvTransposeOptions = {}): Value =>
  apply(ConvTranspose, inputsOf(x, w, options), {
    ...attributesOf(options),
    output_padding: pair(options.outputPadding ?? 0),
  });

const BY_CHANNEL = [1, 0, 2, 3];

/**
 * The gradient of a kernel [O, C, kh, kw] from Conv's data [N, C, H, W] and the gradient of its result [N, O, h, w].
 * Not an ONNX operator: one of 170-380 GFLOP/s in blocked layouts is a Conv of 50-120 GFLOP/s and three copies in plain
 * ones.
 */
const KernelGradient: Operator<ConvAttributes & { kernel: Shape }> = {
  name: 'KernelGradient',
  infer(inputs, { kernel }) {
    const [x, result] = inputs;
    if (x.shape[1] !== kernel[1] || result!.shape[1] !== kernel[0] || x.shape[0] !== result!.shape[0])
      throw new ShapeError(`do not fit a kernel [${kernel.join(', ')}]`);
    return { type: 'float32', shape: kernel };
  },
  // Batch and channels, and strides and dilations, exchange roles.
  decomposition([x, result], { strides, pads, dilations, kernel: [, , kh, kw] }) {
    const exchanged = { strides: dilations, pads, dilations: strides };
    const swapped = apply(Conv, [transpose(x, BY_CHANNEL), transpose(result!, BY_CHANNEL)], exchanged);
    // Data that the stride left over would enlarge the kernel.
    return transpose(slice(slice(swapped, 2, 0, kh!), 3, 0, kw!), BY_CHANNEL);
  },
  gradient: ({ inputs: [x, result], attributes: { kernel: _, ...attributes }, gradient }) => [
    () => dataGradient(result!, gradient, x, attributes),
    () => apply(Conv, [x, gradient], attributes),
  ],
  distribute: (operands) => (operands.includes(0) ? { operands: [0, 0], result: 'summand' } : undefined),
};
