import { apply, requireFloat } from '../operator.js';
import { type Shape, type Shape4, ShapeError, sizeOf } from '../shape.js';
import {
  constant,
  type Distribution,
  type Operands,
  type Operator,
  type Placement,
  splatValue,
  type Value,
} from '../value.js';
import { mul } from './arithmetic.js';
import { reshape } from './broadcasting.js';
import { cast, equal, where } from './comparison.js';
import { conv, convTranspose, type Pads, type Pair, pairOf, sidesOf } from './convolution.js';
import { reduceMax } from './reduction.js';
import { sumBlocks } from './resize.js';
import { pad } from './shaping.js';

export interface PoolOptions {
  /** Default: the kernel, so that windows neither overlap nor leave gaps. */
  strides?: Pair;
  pads?: Pads;
  dilations?: Pair;
  /** Whether a window may begin inside the data and end beyond its padding (default: false). */
  ceilMode?: boolean;
}

export interface AveragePoolOptions extends PoolOptions {
  /** Whether padding counts as zeros (default: false, it does not count). */
  countPadding?: boolean;
}

/** Names as in ONNX. Pads [top, left, bottom, right] contain every window whole. */
type Windows = Record<'kernel_shape' | 'strides' | 'dilations', readonly [number, number]> & { pads: Shape4 };

function windowsOf(x: Value, kernel: Pair, { strides = kernel, pads = 0, dilations = 1, ceilMode }: PoolOptions) {
  const windows = {
    kernel_shape: pairOf(kernel),
    strides: pairOf(strides),
    dilations: pairOf(dilations),
    pads: sidesOf(pads),
  };
  const [top, left] = windows.pads;
  if (!ceilMode) return windows;
  return { ...windows, pads: [top, left, wholeEnd(x, windows, 0), wholeEnd(x, windows, 1)] as const };
}

/** The padding at the end that the last window needs. One that begins in it is left out. */
function wholeEnd(x: Value, windows: Windows, i: 0 | 1) {
  const { size, span, stride } = spansOf(x, windows, i);
  const end = windows.pads[2 + i]!;
  const last = Math.min(Math.ceil((size - span) / stride), Math.ceil((size - end) / stride) - 1);
  return end + Math.max(0, last * stride + span - size);
}

/** The size of an axis with its padding, and the span of a window along it. */
const spansOf = ({ shape }: Value, { kernel_shape, strides, pads, dilations }: Windows, i: number) => ({
  size: shape[2 + i]! + pads[i]! + pads[2 + i]!,
  span: dilations[i]! * (kernel_shape[i]! - 1) + 1,
  stride: strides[i]!,
});

function inferPool([x]: Operands, windows: Windows) {
  requireFloat([x]);
  if (x.shape.length !== 4) throw new ShapeError('expected data of four axes');
  const { kernel_shape, strides, dilations } = windows;
  if ([...kernel_shape, ...strides, ...dilations].some((size) => !(size >= 1)))
    throw new ShapeError('kernel, strides and dilations must be at least 1');
  const sizes = [0, 1].map((i) => {
    const { size, span, stride } = spansOf(x, windows, i);
    return Math.floor((size - span) / stride) + 1;
  });
  if (sizes.some((size) => size < 1)) throw new ShapeError('no pixel is left: the kernel is too large');
  return { type: 'float32' as const, shape: [...x.shape.slice(0, 2), ...sizes] };
}

const pool = (name: string) => ({
  name,
  infer: inferPool,
  distribute: ([placement]: readonly Placement[]): Distribution | undefined =>
    placement === 0 || placement === 1 ? { operands: [placement], result: placement } : undefined,
  flops: (_: Operands, { kernel_shape }: Pick<Windows, 'kernel_shape'>, { shape }: { shape: Shape }) =>
    sizeOf(shape) * sizeOf(kernel_shape),
});

/** Each channel becomes an image. */
const asImages = (x: Value) => {
  const [batch, channels, height, width] = x.shape as Shape4;
  return reshape(x, [batch * channels, 1, height, width]);
};

/** Adds up, for each element of x, values [N C, taps, h, w] of the windows that contain it. */
function sumOverWindows(values: Value, kernel: Value, x: Value, windows: Windows) {
  const { strides, pads, dilations } = windows;
  const outputPadding = [0, 1].map((i) => {
    const { size, span, stride } = spansOf(x, windows, i);
    return (size - span) % stride;
  }) as [number, number];
  return reshape(convTranspose(values, kernel, { strides, pads, dilations, outputPadding }), x.shape);
}

/** Padding below all data, and finite, so that 0 times it is 0. */
const LOWEST = -3e38;

const MaxPool: Operator<Windows> = {
  ...pool('MaxPool'),
  gradient: ({ inputs: [x], output, attributes, gradient }) => [() => maxPoolGradient(x, output, attributes, gradient)],
};

/** Compares the elements of windows, each moved to a channel of its own, with the maxima. */
function maxPoolGradient(x: Value, output: Value, windows: Windows, gradient: Value) {
  const { kernel_shape, strides, dilations, pads } = windows;
  const taps = sizeOf(kernel_shape);
  const pick = constant(
    Array.from({ length: taps * taps }, (_, index) => Number(index % (taps + 1) === 0)),
    [taps, 1, ...kernel_shape],
  );
  const padded = pad(asImages(x), [0, 0, pads[0], pads[1]], [0, 0, pads[2], pads[3]], LOWEST);
  const isMaximum = equal(conv(padded, pick, { strides, dilations }), asImages(output));
  const order = constant(
    Array.from({ length: taps }, (_, tap) => taps - tap),
    [1, taps, 1, 1],
  );
  const ordered = mul(cast(isMaximum, 'float32'), order);
  const isFirst = equal(ordered, reduceMax(ordered, [1]));
  return sumOverWindows(where(isFirst, asImages(gradient), constant(0)), pick, x, windows);
}

/** The maximum of windows. The gradient flows to the first of equal elements. */
export const maxPool = (x: Value, kernel: Pair, options: PoolOptions = {}): Value =>
  apply(MaxPool, [x], windowsOf(x, kernel, options));

/** A kernel of the mean of all elements, padding included. */
const meanKernel = ({ kernel_shape }: Windows) => {
  const taps = sizeOf(kernel_shape);
  return constant(Array<number>(taps).fill(1 / taps), [1, 1, ...kernel_shape]);
};

/** Counts padding. ONNX's operator has no dilations before operator set 19. */
const AveragePool: Operator<Omit<Windows, 'dilations'> & { count_include_pad: number }> = {
  ...pool('AveragePool'),
  infer: (inputs, attributes) => inferPool(inputs, { ...attributes, dilations: [1, 1] }),
  gradient: ({ inputs: [x], attributes, gradient }) => {
    const windows = { ...attributes, dilations: [1, 1] } as const;
    return [() => sumOverWindows(asImages(gradient), meanKernel(windows), x, windows)];
  },
};

function meanOfWindows(x: Value, windows: Windows) {
  const { dilations, ...others } = windows;
  if (dilations.every((step) => step === 1)) return apply(AveragePool, [x], { ...others, count_include_pad: 1 });
  const { shape } = inferPool([x], windows);
  return reshape(conv(asImages(x), meanKernel(windows), windows), shape);
}

/** By window [h, w], the number of elements over the number of those that count. */
function overCounted(x: Value, windows: Windows, counted: Shape4) {
  const [rows, columns] = [0, 1].map((i) => {
    const { size, span, stride } = spansOf(x, windows, i);
    const [first, end] = [windows.pads[i]! - counted[i]!, size - windows.pads[2 + i]! + counted[2 + i]!];
    return Array.from({ length: Math.floor((size - span) / stride) + 1 }, (_, window) => {
      const taps = Array.from(
        { length: windows.kernel_shape[i]! },
        (__, tap) => window * stride + tap * windows.dilations[i]!,
      );
      const counting = taps.filter((position) => position >= first && position < end);
      return taps.length / Math.max(1, counting.length);
    });
  }) as [number[], number[]];
  return constant(
    rows.flatMap((row) => columns.map((column) => row * column)),
    [rows.length, columns.length],
  );
}

/** The mean of windows. Without strides, windows are blocks, which must divide the sides. */
export function averagePool(x: Value, kernel: Pair, options: AveragePoolOptions = {}): Value {
  const windows = windowsOf(x, kernel, options);
  const [factor] = windows.kernel_shape;
  const areBlocks = String(Object.values(windows)) === String([factor, factor, factor, factor, 1, 1, 0, 0, 0, 0]);
  if (areBlocks && (options.strides === undefined || x.shape.slice(2).every((side) => side % factor === 0)))
    return mul(sumBlocks(x, factor), 1 / factor ** 2);
  const mean = meanOfWindows(x, windows);
  const factors = overCounted(x, windows, options.countPadding ? sidesOf(options.pads ?? 0) : [0, 0, 0, 0]);
  return splatValue(factors) === 1 ? mean : mul(mean, factors);
}
