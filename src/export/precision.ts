import { constant, constantTensor, dequantizeLinear, fromFloat16, type Shape, sizeOf } from '../engine/index.js';
import { InputError } from '../errors.js';
import { shown } from '../validation.js';

/** Formats of kernels and other tensors of two or more axes. Smaller tensors are always float32. */
export const PRECISIONS = ['float32', 'float16', 'int8'] as const;
export type Precision = (typeof PRECISIONS)[number];

/**
 * Returns a tensor as networks compute with it, and its elements.
 * @throws {InputError} if there is no such precision
 */
export async function storeTensor(name: string, data: Float32Array, shape: Shape, precision: Precision) {
  if (!PRECISIONS.includes(precision))
    throw new InputError('precision', `must be one of ${PRECISIONS.join(', ')}, not ${shown(precision)}`);
  if (precision === 'float32' || shape.length < 2)
    return { value: constantTensor({ type: 'float32', shape, data }, name), data };
  return precision === 'float16' ? storeFloat16(name, data, shape) : storeInt8(name, data, shape);
}

async function storeFloat16(name: string, data: Float32Array, shape: Shape) {
  // Loaded only for float16.
  const { Float16Array } = await import('@petamoriken/float16');
  const halves = new Float16Array(data);
  const tensor = constantTensor({ type: 'float16', shape, data: new Uint16Array(halves.buffer) }, name);
  return { value: fromFloat16(tensor), data: Float32Array.from(halves) };
}

/** Scales are per channel of the first or second axis, whichever loses less; one of them has the output channels. */
function storeInt8(name: string, data: Float32Array, shape: Shape) {
  const [first, second] = [quantize(data, shape, 0), quantize(data, shape, 1)];
  const isFirst = squaredError(first.restored, data) <= squaredError(second.restored, data);
  const { elements, scales, restored } = isFirst ? first : second;
  const stored = constantTensor({ type: 'int8', shape, data: elements }, name);
  return { value: dequantizeLinear(stored, constant(scales), isFirst ? 0 : 1), data: restored };
}

/** -128 has no positive counterpart. */
const MAX_INT8 = 127;

function quantize(data: Float32Array, shape: Shape, axis: number) {
  const stride = sizeOf(shape.slice(axis + 1));
  const channelOf = (index: number) => Math.floor(index / stride) % shape[axis]!;
  const largest = new Float32Array(shape[axis]!);
  for (const [index, element] of data.entries())
    largest[channelOf(index)] = Math.max(largest[channelOf(index)]!, Math.abs(element));
  // The scale of a channel of zeros must not be 0.
  const scales = largest.map((magnitude) => magnitude / MAX_INT8 || 1);
  const elements = Int8Array.from(data, (element, index) => Math.round(element / scales[channelOf(index)]!));
  const restored = Float32Array.from(elements, (element, index) => element * scales[channelOf(index)]!);
  return { elements, scales, restored };
}

const squaredError = (a: Float32Array, b: Float32Array) =>
  a.reduce((sum, element, index) => sum + (element - b[index]!) ** 2, 0);
