/** Weights in fewer bits: smaller files that every runtime reads, because networks still compute in float32. */
import { InputError } from '../errors.js';
import { shown } from '../validation.js';
import { constant, constantTensor, dequantizeLinear, fromFloat16 } from '../engine/index.js';
import { type Shape, sizeOf, type Value } from '../engine/index.js';

/** Formats of kernels and other tensors of two or more axes. Smaller tensors are always float32. */
export const PRECISIONS = ['float32', 'float16', 'int8'] as const;
export type Precision = (typeof PRECISIONS)[number];

/** A tensor as networks compute with it, and its elements. */
interface StoredTensor {
  readonly value: Value;
  readonly data: Float32Array;
}

/** @throws {InputError} if there is no such precision */
export async function storeTensor(
  name: string,
  data: Float32Array,
  shape: Shape,
  precision: Precision,
): Promise<StoredTensor> {
  if (!PRECISIONS.includes(precision))
    throw new InputError('precision', `must be one of ${PRECISIONS.join(', ')}, not ${shown(precision)}`);
  if (precision === 'float32' || shape.length < 2)
    return { value: constantTensor({ type: 'float32', shape, data }, name), data };
  return precision === 'float16' ? storeFloat16(name, data, shape) : storeInt8(name, data, shape);
}

async function storeFloat16(name: string, data: Float32Array, shape: Shape): Promise<StoredTensor> {
  // Pages that store nothing do not load it.
  const { Float16Array } = await import('@petamoriken/float16');
  const halves = new Float16Array(data);
  const tensor = constantTensor({ type: 'float16', shape, data: new Uint16Array(halves.buffer) }, name);
  return { value: fromFloat16(tensor), data: Float32Array.from(halves) };
}

/** Quantizes symmetrically with a scale per channel, along the one of the first two axes that loses less: output channels are one of them. */
function storeInt8(name: string, data: Float32Array, shape: Shape): StoredTensor {
  const [first, second] = [0, 1].map((axis) => quantize(data, shape, axis)) as [Quantized, Quantized];
  const [{ elements, scales, restored }, axis] =
    squaredError(first.restored, data) <= squaredError(second.restored, data) ? [first, 0] : [second, 1];
  const stored = constantTensor({ type: 'int8', shape, data: elements }, name);
  return { value: dequantizeLinear(stored, constant(scales), axis), data: restored };
}

/** The largest element of int8 whose negative is one as well. */
const MAX_INT8 = 127;

interface Quantized {
  readonly elements: Int8Array;
  /** One per index of the axis. */
  readonly scales: Float32Array;
  readonly restored: Float32Array;
}

function quantize(data: Float32Array, shape: Shape, axis: number): Quantized {
  const stride = sizeOf(shape.slice(axis + 1));
  const channelOf = (index: number) => Math.floor(index / stride) % shape[axis]!;
  const largest = new Float32Array(shape[axis]!);
  for (const [index, element] of data.entries())
    largest[channelOf(index)] = Math.max(largest[channelOf(index)]!, Math.abs(element));
  // The scale of a channel of zeros does not matter, but must not be 0.
  const scales = largest.map((magnitude) => magnitude / MAX_INT8 || 1);
  const elements = Int8Array.from(data, (element, index) => Math.round(element / scales[channelOf(index)]!));
  const restored = Float32Array.from(elements, (element, index) => element * scales[channelOf(index)]!);
  return { elements, scales, restored };
}

const squaredError = (a: Float32Array, b: Float32Array): number =>
  a.reduce((sum, element, index) => sum + (element - b[index]!) ** 2, 0);
