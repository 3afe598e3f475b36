import { apply, requireFloat } from '../operator.js';
import { type Shape, type Shape4, ShapeError, sizeOf } from '../shape.js';
import type { Distribution, Operands, Operator, Placement, TensorType, Value } from '../value.js';
import { reduceSum, reshape } from './broadcasting.js';
import { slice, transpose } from './shaping.js';

/** Names and order as in ONNX: [y, x], and pads [top, left, bottom, right]. */
type Geometry = Record<'strides' | 'pads' | 'dilations', readonly number[]>;
type ConvAttributes = Geometry & { group: number };

/** A pair [y, x], or one value for both. */
export type Pair = number | readonly [number, number];

/** The same size on every side, or [top, left, bottom, right]. */
export type Pads = number | readonly [number, number, number, number];

export interface ConvOptions {
  strides?: Pair;
  /** Zeros around the data. */
  pads?: Pads;
  dilations?: Pair;
  /** Into how many groups channels are divided, which are convolved separately (default: 1). */
  groups?: number;
  /** One value per channel of the result. */
  bias?: Value;
}

export interface ConvTransposeOptions extends ConvOptions {
  /** Rows at the bottom and columns at the right: they choose among sizes that a strided convolution maps to one. */
  outputPadding?: Pair;
}

export const pairOf = (value: Pair): readonly [number, number] => (typeof value === 'number' ? [value, value] : value);
export const sidesOf = (pads: Pads) => (typeof pads === 'number' ? ([pads, pads, pads, pads] as const) : pads);
const attributesOf = ({ strides = 1, pads = 0, dilations = 1, groups = 1 }: ConvOptions): ConvAttributes => ({
  strides: pairOf(strides),
  pads: sidesOf(pads),
  dilations: pairOf(dilations),
  group: groups,
});
const inputsOf = (x: Value, w: Value, { bias }: ConvOptions) => (bias ? [x, w, bias] : [x, w]);

/**
 * @param inward the kernel's axis of input channels
 * @param sizes height and width of the result
 */
function inferConv(
  inputs: Operands,
  { strides, dilations, group }: ConvAttributes,
  inward: 0 | 1,
  sizes: readonly number[],
): TensorType {
  const [x, w, bias] = inputs;
  requireFloat(inputs);
  if (x.shape.length !== 4 || w!.shape.length !== 4) throw new ShapeError('data and kernel need four axes');
  // The first axis of a kernel has the channels of all groups, the second the channels of one.
  const [first, second] = [w!.shape[0]!, w!.shape[1]! * group];
  const [taken, channels] = inward === 0 ? [first, second] : [second, first];
  if (x.shape[1] !== taken) throw new ShapeError(`data has ${x.shape[1]} channels, the kernel takes ${taken}`);
  if (!(group >= 1) || first % group !== 0)
    throw new ShapeError(`${first} channels do not divide into ${group} groups`);
  if (bias !== undefined && (bias.shape.length !== 1 || bias.shape[0] !== channels))
    throw new ShapeError(`the bias needs one value for each of ${channels} channels`);
  if ([...strides, ...dilations].some((size) => !(size >= 1)))
    throw new ShapeError('strides and dilations must be at least 1');
  if (sizes.some((size) => size < 1)) throw new ShapeError('no pixel is left: the kernel or the padding is too large');
  return { type: 'float32', shape: [x.shape[0]!, channels, ...sizes] };
}

/** Height and width. */
export const convSizes = ({ shape: x }: Value, { shape: w }: Value, { strides, pads, dilations }: Geometry) =>
  [0, 1].map(
    (i) => Math.floor((x[2 + i]! + pads[i]! + pads[2 + i]! - dilations[i]! * (w[2 + i]! - 1) - 1) / strides[i]!) + 1,
  );

/** Height and width without output padding. */
const transposedSizes = ({ shape: x }: Value, { shape: w }: Value, { strides, pads, dilations }: Geometry) =>
  [0, 1].map((i) => (x[2 + i]! - 1) * strides[i]! - pads[i]! - pads[2 + i]! + dilations[i]! * (w[2 + i]! - 1) + 1);

/** Along the batch, or the channels of data and kernel as in a kernel's gradient. */
function distributeConv(
  [x, w, ...bias]: readonly Placement[],
  inward: number,
  { group }: ConvAttributes,
): Distribution | undefined {
  if (x === 0) return { operands: [0, 'whole', ...bias.map(() => 'whole' as const)], result: 0 };
  return group === 1 && bias.length === 0 && (x === 1 || w === inward)
    ? { operands: [1, inward], result: 'summand' }
    : undefined;
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
  distribute: (operands, { attributes }) => distributeConv(operands, 1, attributes),
  flops: ([, w], _, { shape }) => 2 * sizeOf(shape) * sizeOf(w!.shape.slice(1)),
};

function dataGradient(result: Value, kernel: Value, { shape }: Value, attributes: ConvAttributes) {
  const sizes = transposedSizes(result, kernel, attributes);
  const output_padding = sizes.map((size, i) => shape[2 + i]! - size);
  return apply(ConvTranspose, [result, kernel], { ...attributes, output_padding });
}

/**
 * Cross-correlates data [N, C, H, W] with a kernel [O, C / groups, kh, kw] to [N, O, H', W'] with H' = floor((H + pads -
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
  distribute: (operands, { attributes }) => distributeConv(operands, 0, attributes),
  flops: ([x, w]) => 2 * sizeOf(x.shape) * sizeOf(w!.shape.slice(1)),
};

/**
 * Convolves data [N, C, H, W] transposed with a kernel [C, O / groups, kh, kw] to [N, O, H', W'] with H' = (H - 1) stride -
 * pads + dilation (kh - 1) + 1 + outputPadding.
 */
export const convTranspose = (x: Value, w: Value, options: ConvTransposeOptions = {}): Value =>
  apply(ConvTranspose, inputsOf(x, w, options), {
    ...attributesOf(options),
    output_padding: pairOf(options.outputPadding ?? 0),
  });

/**
 * [N, G C, H, W] as [C, G N, H, W]: batch and channels of each group exchange roles. With one group it is a
 * transposition.
 */
function exchangeRoles(x: Value, group: number) {
  const [batch, channels, height, width] = x.shape as Shape4;
  if (group === 1) return transpose(x, [1, 0, 2, 3]);
  const grouped = transpose(reshape(x, [batch, group, channels / group, height, width]), [2, 1, 0, 3, 4]);
  return reshape(grouped, [channels / group, group * batch, height, width]);
}

/** [N, G O, h, w] as a kernel [G O, N, h, w]. */
const asKernel = (result: Value) => transpose(result, [1, 0, 2, 3]);

/**
 * The gradient of a kernel [O, C / group, kh, kw] from Conv's data [N, C, H, W] and the gradient of its result [N, O,
 * h, w]. Not an ONNX operator: one of 170-380 GFLOP/s in blocked layouts is a Conv of 50-120 GFLOP/s and three copies
 * in plain ones.
 */
const KernelGradient: Operator<ConvAttributes & { kernel: Shape }> = {
  name: 'KernelGradient',
  infer(inputs, { kernel, group }) {
    const [x, result] = inputs;
    if (x.shape[1] !== kernel[1]! * group || result!.shape[1] !== kernel[0] || x.shape[0] !== result!.shape[0])
      throw new ShapeError(`do not fit a kernel [${kernel.join(', ')}]`);
    return { type: 'float32', shape: kernel };
  },
  // Batch and channels, and strides and dilations, exchange roles.
  decomposition([x, result], { strides, pads, dilations, group, kernel: [, , kh, kw] }) {
    const exchanged = { strides: dilations, pads, dilations: strides, group };
    const swapped = apply(Conv, [exchangeRoles(x, group), asKernel(result!)], exchanged);
    // Data that the stride left over would enlarge the kernel.
    return transpose(slice(slice(swapped, 2, 0, kh!), 3, 0, kw!), [1, 0, 2, 3]);
  },
  gradient: ({ inputs: [x, result], attributes: { kernel: _, ...attributes }, gradient }) => [
    () => dataGradient(result!, gradient, x, attributes),
    () => apply(Conv, [x, gradient], attributes),
  ],
  distribute: (operands) => (operands.includes(0) ? { operands: [0, 0], result: 'summand' } : undefined),
};
