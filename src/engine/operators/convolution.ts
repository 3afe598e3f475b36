/** Two-dimensional convolution and its transpose; each is the other's gradient with respect to the data. */
import { apply, requireFloat, throwShapeError } from '../operator.js';
import { type Shape, sizeOf } from '../shape.js';
import type { Distribution, Operator, Placement, Value } from '../value.js';
import { reduceSum } from './broadcasting.js';
import { slice, transpose } from './shaping.js';

/** Attributes under ONNX's names: strides and dilations [y, x], pads [top, left, bottom, right]. */
export interface ConvAttributes extends Record<string, readonly number[]> {
  readonly strides: readonly number[];
  readonly pads: readonly number[];
  readonly dilations: readonly number[];
}

export interface ConvTransposeAttributes extends ConvAttributes {
  readonly output_padding: readonly number[];
}

/** A pair [y, x], or one value for both. */
type Pair = number | readonly [number, number];

export interface ConvOptions {
  readonly strides?: Pair;
  /** Zeros around the data: one size, or [top, left, bottom, right]. */
  readonly pads?: number | readonly [number, number, number, number];
  readonly dilations?: Pair;
  /** One value per channel of the result. */
  readonly bias?: Value;
}

export interface ConvTransposeOptions extends ConvOptions {
  /** Rows and columns added at the bottom and right of the result, to choose among sizes that a strided convolution maps to one. */
  readonly outputPadding?: Pair;
}

const pair = (value: Pair): readonly number[] => (typeof value === 'number' ? [value, value] : value);
const attributesOf = ({ strides = 1, pads = 0, dilations = 1 }: ConvOptions) => ({
  strides: pair(strides),
  pads: typeof pads === 'number' ? [pads, pads, pads, pads] : pads,
  dilations: pair(dilations),
});

/** Checks ranks, channels and the bias; `inward` and `outward` are the kernel's axes of input and output channels. */
function requireFit(name: string, inputs: readonly Value[], inward: number, outward: number): void {
  const [x, w, bias] = inputs;
  requireFloat(name, inputs);
  if (x!.shape.length !== 4 || w!.shape.length !== 4) throwShapeError(name, inputs, 'data and kernel need four axes');
  if (x!.shape[1] !== w!.shape[inward])
    throwShapeError(name, inputs, `data has ${x!.shape[1]} channels, the kernel takes ${w!.shape[inward]}`);
  if (bias !== undefined && (bias.shape.length !== 1 || bias.shape[0] !== w!.shape[outward]))
    throwShapeError(name, inputs, `the bias needs one value for each of ${w!.shape[outward]} channels`);
}

function requirePositive(name: string, inputs: readonly Value[], sizes: readonly number[]): void {
  if (sizes.some((size) => !(size >= 1))) throwShapeError(name, inputs, 'strides and dilations must be at least 1');
}

/** Data whose batch is divided; or, as in the gradient of a kernel, channels that are divided in data and kernel. */
function convolvedInParts([x, w, ...bias]: readonly Placement[], inward: number): Distribution | undefined {
  if (x === 0) return { operands: [0, 'whole', ...bias.map(() => 'whole' as const)], result: 0 };
  return bias.length === 0 && (x === 1 || w === inward) ? { operands: [1, inward], result: 'summand' } : undefined;
}

const Conv: Operator<ConvAttributes> = {
  name: 'Conv',
  infer(inputs, { strides, pads, dilations }) {
    requireFit('Conv', inputs, 1, 0);
    requirePositive('Conv', inputs, [...strides, ...dilations]);
    const [x, w] = inputs;
    const sizes = [0, 1].map(
      (i) =>
        Math.floor(
          (x!.shape[2 + i]! + pads[i]! + pads[2 + i]! - dilations[i]! * (w!.shape[2 + i]! - 1) - 1) / strides[i]!,
        ) + 1,
    );
    if (sizes.some((size) => size < 1)) throwShapeError('Conv', inputs, 'the kernel is larger than the padded data');
    return { type: 'float32', shape: [x!.shape[0]!, w!.shape[0]!, ...sizes] };
  },
  gradient: ({ inputs: [x, w, bias], attributes, gradient }) => [
    () => convDataGradient(gradient, w!, x!.shape, attributes),
    () => convKernelGradient(x!, gradient, w!.shape, attributes),
    ...(bias ? [() => reduceSum(gradient, [0, 2, 3], { keepAxes: false })] : []),
  ],
  distribute: (operands) => convolvedInParts(operands, 1),
  flops: ([, w], _, { shape }) => 2 * sizeOf(shape) * sizeOf(w!.shape.slice(1)),
};

/**
 * Cross-correlation of data [N, C, H, W] with a kernel [O, C, kh, kw]: [N, O, H', W'] with
 * H' = floor((H + pads - dilation (kh - 1) - 1) / stride) + 1.
 */
export const conv = (x: Value, w: Value, options: ConvOptions = {}): Value =>
  apply(Conv, options.bias ? [x, w, options.bias] : [x, w], attributesOf(options));

const ConvTranspose: Operator<ConvTransposeAttributes> = {
  name: 'ConvTranspose',
  infer(inputs, { strides, pads, dilations, output_padding }) {
    requireFit('ConvTranspose', inputs, 0, 1);
    requirePositive('ConvTranspose', inputs, [...strides, ...dilations]);
    const [x, w] = inputs;
    const sizes = [0, 1].map(
      (i) =>
        (x!.shape[2 + i]! - 1) * strides[i]! -
        pads[i]! -
        pads[2 + i]! +
        dilations[i]! * (w!.shape[2 + i]! - 1) +
        1 +
        output_padding[i]!,
    );
    if (sizes.some((size) => size < 1)) throwShapeError('ConvTranspose', inputs, 'padding removes the whole result');
    if (output_padding.some((size, i) => size >= strides[i]!))
      throwShapeError('ConvTranspose', inputs, 'output padding must be below the stride');
    return { type: 'float32', shape: [x!.shape[0]!, w!.shape[1]!, ...sizes] };
  },
  gradient: ({ inputs: [x, w, bias], attributes: { output_padding: _, ...attributes }, gradient }) => [
    () => apply(Conv, [gradient, w!], attributes),
    // Data and result have exchanged roles compared with Conv; the kernel [C, O, kh, kw] already has its axes in that order.
    () => convKernelGradient(gradient, x!, w!.shape, attributes),
    ...(bias ? [() => reduceSum(gradient, [0, 2, 3], { keepAxes: false })] : []),
  ],
  distribute: (operands) => convolvedInParts(operands, 0),
  flops: ([x, w]) => 2 * sizeOf(x!.shape) * sizeOf(w!.shape.slice(1)),
};

/**
 * Transposed convolution of data [N, C, H, W] with a kernel [C, O, kh, kw]: [N, O, H', W'] with
 * H' = (H - 1) stride - pads + dilation (kh - 1) + 1 + outputPadding.
 */
export const convTranspose = (x: Value, w: Value, options: ConvTransposeOptions = {}): Value =>
  apply(ConvTranspose, options.bias ? [x, w, options.bias] : [x, w], {
    ...attributesOf(options),
    output_padding: pair(options.outputPadding ?? 0),
  });

/** The gradient of a convolution's data: the transposed convolution, its output padded to the data's own size. */
function convDataGradient(gradient: Value, w: Value, [, , height, width]: Shape, attributes: ConvAttributes): Value {
  const { strides, pads, dilations } = attributes;
  const output_padding = [height!, width!].map(
    (size, i) =>
      size -
      ((gradient.shape[2 + i]! - 1) * strides[i]! -
        pads[i]! -
        pads[2 + i]! +
        dilations[i]! * (w.shape[2 + i]! - 1) +
        1),
  );
  return apply(ConvTranspose, [gradient, w], { ...attributes, output_padding });
}

/**
 * The gradient of a convolution's kernel [O, C, kh, kw]: a convolution of the data by the gradient in which batch and channels, and
 * strides and dilations, exchange roles.
 */
function convKernelGradient(
  x: Value,
  gradient: Value,
  [, , kh, kw]: Shape,
  { strides, pads, dilations }: ConvAttributes,
): Value {
  const byChannel = [1, 0, 2, 3];
  const swapped = apply(Conv, [transpose(x, byChannel), transpose(gradient, byChannel)], {
    strides: dilations,
    pads,
    dilations: strides,
  });
  // Data that the stride left over at the edge would make the kernel too large.
  return transpose(slice(slice(swapped, 2, 0, kh!), 3, 0, kw!), byChannel);
}
