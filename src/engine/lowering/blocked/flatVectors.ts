import { type Graph, valuesOf } from '../../graph.js';
import { isComputedBy } from '../../operator.js';
import { concat, reshape, slice, where } from '../../operators/index.js';
import { sameShape, sizeOf } from '../../shape.js';
import { type ComputedValue, constant, constantTensor, type Value } from '../../value.js';
import { nextName, type StateLayout } from '../state.js';
import {
  kernelFromRows,
  kernelRows,
  kernelRowsCount,
  type KernelType,
  plainShape,
  writeElementOrder,
} from './kernels.js';

/** Elements `start` to `start + length` are `storedLength` from `offset` on, a kernel's as rows. */
export interface Segment {
  start: number;
  length: number;
  offset: number;
  storedLength: number;
  kernel: KernelType | undefined;
}

/**
 * How a flat vector is stored: parameters, gradients, or Adam's moments. Kernels are the rows that convolutions read,
 * padded with zeros to whole blocks, so that an iteration transposes nothing. Vectors are converted when state is read
 * or set, and for operators other than elementwise ones, slices and concatenations.
 */
export interface VectorLayout {
  storedSize: number;
  segments: readonly Segment[];
}

export const isElementwiseVector = (value: Value): value is ComputedValue =>
  value.kind === 'computed' &&
  value.shape.length === 1 &&
  value.operator.elementwise === true &&
  value.inputs.every((operand) => sizeOf(operand.shape) === 1 || sameShape(operand.shape, value.shape));

const isPiece = (value: Value): value is ComputedValue =>
  isComputedBy(value, 'Slice') && value.shape.length === 1 && value.attributes.step === 1;
const isPacking = (value: Value): value is ComputedValue => isComputedBy(value, 'Concat') && value.shape.length === 1;

/**
 * Finds vectors that elementwise operators connect to state inputs with a next value, and that are inputs, made by such
 * an operator, or concatenated from pieces.
 * @param kernelOf the kernel that a slice is used as, and as nothing else
 */
export function assignVectorLayouts(
  graph: Graph,
  consumersOf: (value: Value) => readonly ComputedValue[],
  kernelOf: (piece: ComputedValue) => KernelType | undefined,
) {
  const layouts = new Map<Value, VectorLayout>();
  for (const region of vectorRegions(graph)) {
    const pieces = region.flatMap((value) => consumersOf(value).filter(isPiece));
    const layout = layoutOf(region, pieces, kernelOf);
    if (layout === undefined || !region.every((value) => value.type === 'float32' || isElementwiseVector(value)))
      continue;
    for (const value of region) if (isStored(value, layout, graph)) layouts.set(value, layout);
  }
  return layouts;
}

function isStored(value: Value, { segments }: VectorLayout, graph: Graph) {
  if (isState(value, graph) || isElementwiseVector(value)) return true;
  return isPacking(value) && sizesOf(value) === segments.map(({ length }) => length).join();
}

const sizesOf = (packing: ComputedValue) => packing.inputs.map((operand) => operand.shape[0]!).join();

const isState = (value: Value, { outputs }: Graph) =>
  value.kind === 'input' && value.type === 'float32' && value.shape.length === 1 && nextName(value.name) in outputs;

function vectorRegions(graph: Graph) {
  const regionOf = new Map<Value, Set<Value>>();
  for (const value of valuesOf(graph)) {
    if (!isElementwiseVector(value)) continue;
    const members = new Set<Value>([value, ...value.inputs.filter((operand) => sizeOf(operand.shape) > 1)]);
    for (const member of [...members]) for (const other of regionOf.get(member) ?? []) members.add(other);
    for (const member of members) regionOf.set(member, members);
  }
  const regions = [...new Set(regionOf.values())].map((region) => [...region]);
  return regions.filter((region) => region.some((value) => isState(value, graph)));
}

/** The partition of most concatenations, with the kernels that its slices are used as. */
function layoutOf(
  region: readonly Value[],
  pieces: readonly ComputedValue[],
  kernelOf: (piece: ComputedValue) => KernelType | undefined,
) {
  const partition = mostFrequent(region.filter(isPacking).map(sizesOf));
  if (partition === undefined) return undefined;
  const segments: Segment[] = [];
  let [start, offset] = [0, 0];
  for (const length of partition.split(',').map(Number)) {
    const uses = pieces.filter(({ attributes }) => attributes.start === start && attributes.end === start + length);
    const kernel = commonKernel(uses.map(kernelOf));
    const storedLength = kernel ? kernelRowsCount(kernel) * kernel.block ** 2 : length;
    segments.push({ start, length, offset, storedLength, kernel });
    start += length;
    offset += storedLength;
  }
  return { storedSize: offset, segments };
}

function mostFrequent(texts: readonly string[]) {
  const count = (text: string) => texts.filter((other) => other === text).length;
  return texts.toSorted((a, b) => count(b) - count(a))[0];
}

export const sameKernel = (a: KernelType | undefined, b: KernelType | undefined) =>
  JSON.stringify(a) === JSON.stringify(b);

export const commonKernel = (kernels: readonly (KernelType | undefined)[]) =>
  kernels.every((kernel) => sameKernel(kernel, kernels[0])) ? kernels[0] : undefined;

const plainSize = ({ segments }: VectorLayout) => segments.reduce((sum, { length }) => sum + length, 0);

export const stateLayout = (layout: VectorLayout): StateLayout => ({
  size: plainSize(layout),
  order: () => orderOf(layout),
});

function orderOf({ storedSize, segments }: VectorLayout) {
  const order = new Int32Array(storedSize).fill(-1);
  for (const { start, length, offset, storedLength, kernel } of segments) {
    const piece = order.subarray(offset, offset + storedLength);
    if (kernel) writeElementOrder(kernel, start, piece);
    else for (let index = 0; index < length; index++) piece[index] = start + index;
  }
  return order;
}

export const pieceOfStored = (flat: Value, { kernel, storedLength }: Segment) =>
  kernel ? reshape(kernelRows(reshape(flat, plainShape(kernel)), kernel), [storedLength]) : flat;

export function kernelOfStored(stored: Value, { offset, storedLength, kernel }: Segment) {
  const piece = slice(stored, 0, offset, offset + storedLength);
  return kernel ? reshape(piece, [kernelRowsCount(kernel), kernel.block ** 2]) : piece;
}

export function storeVector(vector: Value, layout: VectorLayout) {
  if (vector.kind === 'constant' && vector.type === 'float32') {
    const order = orderOf(layout);
    return constant(Float32Array.from(order, (element) => (element < 0 ? 0 : Number(vector.data[element]))));
  }
  const pieces = layout.segments.map((segment) =>
    pieceOfStored(slice(vector, 0, segment.start, segment.start + segment.length), segment),
  );
  return concat(pieces, 0);
}

export function fromStored(stored: Value, { segments }: VectorLayout) {
  const pieces = segments.map((segment) => {
    const piece = kernelOfStored(stored, segment);
    return segment.kernel ? reshape(kernelFromRows(piece, segment.kernel), [segment.length]) : piece;
  });
  return concat(pieces, 0);
}

export const fillWithZeros = (stored: Value, layout: VectorLayout) =>
  plainSize(layout) === layout.storedSize ? stored : keepElements(stored, orderOf(layout));

export function fillRowsWithZeros(rows: Value, kernel: KernelType) {
  if (sizeOf(rows.shape) === sizeOf(plainShape(kernel))) return rows;
  const order = new Int32Array(sizeOf(rows.shape)).fill(-1);
  writeElementOrder(kernel, 0, order);
  return keepElements(rows, order);
}

function keepElements(stored: Value, order: Int32Array) {
  const data = Uint8Array.from(order, (element) => Number(element >= 0));
  return where(constantTensor({ type: 'bool', shape: stored.shape, data }), stored, constant(0));
}
