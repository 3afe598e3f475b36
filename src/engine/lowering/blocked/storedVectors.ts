/** Conversions between vectors in the plain order and in one of their own. */
import { concat, reshape, slice, where } from '../../operators/index.js';
import { sizeOf } from '../../shape.js';
import { constant, constantTensor, type Value } from '../../value.js';
import { kernelFromRows, kernelRows, kernelRowsCount, type KernelType, writeElementOrder } from './kernels.js';
import { orderOf, plainSize, type Segment, type VectorLayout } from './vectors.js';

export const storePieces = (pieces: readonly Value[]): Value => concat(pieces, 0);

/** A piece in the plain order as it lies in a vector. */
export function pieceOfStored(flat: Value, { kernel, storedLength }: Segment): Value {
  if (kernel === undefined) return flat;
  const { small, big, height, width } = kernel;
  return reshape(kernelRows(reshape(flat, [small, big, height, width]), kernel), [storedLength]);
}

/** A piece of a stored vector: a kernel's rows, or elements in the plain order. */
export function kernelOfStored(stored: Value, { offset, storedLength, kernel }: Segment): Value {
  const piece = slice(stored, 0, offset, offset + storedLength);
  return kernel ? reshape(piece, [kernelRowsCount(kernel), kernel.block ** 2]) : piece;
}

/** A vector in the plain order in that of a layout, zeros in the padding. */
export function storeVector(vector: Value, layout: VectorLayout): Value {
  if (vector.kind === 'constant' && vector.type === 'float32') {
    const order = orderOf(layout);
    return constant(Float32Array.from(order, (element) => (element < 0 ? 0 : Number(vector.data[element]))));
  }
  return storePieces(layout.segments.map((segment) => pieceOfStored(slice(vector, 0, segment.start, segment.start + segment.length), segment)));
}

/** A stored vector in the plain order. */
export function fromStored(stored: Value, { segments }: VectorLayout): Value {
  const pieces = segments.map((segment) => {
    const piece = kernelOfStored(stored, segment);
    return segment.kernel ? reshape(kernelFromRows(piece, segment.kernel), [segment.length]) : piece;
  });
  return concat(pieces, 0);
}

/** A stored vector with zeros where blocks are only filled. */
export const fillWithZeros = (stored: Value, layout: VectorLayout): Value =>
  plainSize(layout) === layout.storedSize ? stored : keepElements(stored, orderOf(layout));

/** A kernel's rows with zeros where blocks are only filled. */
export function fillRowsWithZeros(rows: Value, kernel: KernelType): Value {
  const { small, big, height, width } = kernel;
  if (sizeOf(rows.shape) === small * big * height * width) return rows;
  const order = new Int32Array(sizeOf(rows.shape)).fill(-1);
  writeElementOrder(kernel, 0, order);
  return keepElements(rows, order);
}

const keepElements = (stored: Value, order: Int32Array): Value =>
  where(constantTensor({ type: 'bool', shape: stored.shape, data: Uint8Array.from(order, (element) => Number(element >= 0)) }), stored, constant(0));
