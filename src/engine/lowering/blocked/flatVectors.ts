import { type Graph, topologicalOrder } from '../../graph.js';
import { concat, reshape, slice, where } from '../../operators/index.js';
import { sizeOf } from '../../shape.js';
import { type ComputedValue, constant, constantTensor, type InputValue, type Value } from '../../value.js';
import { nextName, type StateLayout } from '../state.js';
import { kernelFromRows, kernelRows, kernelRowsCount, type KernelType, writeElementOrder } from './kernels.js';

/**
 * Flat vectors in their own order. Parameters, their gradients and Adam's moments are flat vectors. Inside the graph each kernel is stored in
 * them as the rows that convolutions need, padded to whole blocks with zeros, so that an iteration transposes nothing. The order is converted
 * when the state is read or set, and for operators that are neither elementwise nor slices or concatenations.
 */

/** A piece of a vector: `length` elements from `start` on are `storedLength` from `offset` on, a kernel's as rows. */
export interface Segment {
  readonly start: number;
  readonly length: number;
  readonly offset: number;
  readonly storedLength: number;
  readonly kernel: KernelType | undefined;
}

/** The order of all vectors that elementwise operators connect. */
export interface VectorLayout {
  readonly storedSize: number;
  readonly segments: readonly Segment[];
}

/** Operators of which each element depends on the same element of vectors of one length. */
export function isElementwiseVector(value: Value): value is ComputedValue {
  return (
    value.kind === 'computed' &&
    value.shape.length === 1 &&
    value.operator.elementwise === true &&
    value.inputs.every((operand) => sizeOf(operand.shape) === 1 || operand.shape.join() === value.shape.join())
  );
}

const isPiece = (value: Value): value is ComputedValue =>
  value.kind === 'computed' &&
  value.operator.name === 'Slice' &&
  value.inputs[0]!.shape.length === 1 &&
  value.attributes.step === 1;
const isPacking = (value: Value): value is ComputedValue =>
  value.kind === 'computed' && value.operator.name === 'Concat' && value.shape.length === 1;

/** The sum of a vector's elements, which their order does not change. */
export const isTotal = (value: ComputedValue): boolean =>
  value.operator.name === 'ReduceSum' && value.inputs[0]!.shape.length === 1;

/**
 * The layout of each vector that has one of its own: elementwise operators connect it to state inputs (those with an output of the next value),
 * and it is a state input, made by such an operator, or concatenated from pieces. Vectors that are connected but made otherwise have none.
 * @param kernelOf the kernel that a slice is used as, and as nothing else
 */
export function assignVectorLayouts(
  graph: Graph,
  consumersOf: (value: Value) => readonly ComputedValue[],
  kernelOf: (piece: ComputedValue) => KernelType | undefined,
): ReadonlyMap<Value, VectorLayout> {
  const order = topologicalOrder(Object.values(graph.outputs));
  const layouts = new Map<Value, VectorLayout>();
  for (const region of vectorRegions(graph, order)) {
    const layout = layoutOf(region, consumersOf, kernelOf);
    if (layout === undefined || ![...region].every((value) => value.type === 'float32' || isElementwiseVector(value)))
      continue;
    for (const value of region) if (isStored(value, layout, graph)) layouts.set(value, layout);
  }
  return layouts;
}

function isStored(value: Value, { segments }: VectorLayout, graph: Graph): boolean {
  if (value.kind === 'input') return isState(value, graph);
  return (
    isElementwiseVector(value) || (isPacking(value) && sizesOf(value) === segments.map(({ length }) => length).join())
  );
}

const sizesOf = (packing: ComputedValue): string => packing.inputs.map((operand) => operand.shape[0]!).join();

const isState = (value: InputValue, graph: Graph): boolean =>
  value.type === 'float32' && value.shape.length === 1 && nextName(value.name) in graph.outputs;

/** Sets of vectors connected by elementwise operators, those that state inputs are in. */
function vectorRegions(graph: Graph, order: readonly Value[]): readonly ReadonlySet<Value>[] {
  const regionOf = new Map<Value, Set<Value>>();
  for (const value of order) {
    if (!isElementwiseVector(value)) continue;
    const members = new Set<Value>([value, ...value.inputs.filter((operand) => sizeOf(operand.shape) > 1)]);
    for (const member of [...members]) for (const other of regionOf.get(member) ?? []) members.add(other);
    for (const member of members) regionOf.set(member, members);
  }
  return [...new Set(regionOf.values())].filter((region) =>
    [...region].some((value) => value.kind === 'input' && isState(value, graph)),
  );
}

/** A region's partition, that of most of its concatenations, with the kernels that slices along it are used as; undefined without any. */
function layoutOf(
  region: ReadonlySet<Value>,
  consumersOf: (value: Value) => readonly ComputedValue[],
  kernelOf: (piece: ComputedValue) => KernelType | undefined,
): VectorLayout | undefined {
  const pieces = [...region].flatMap((value) => consumersOf(value).filter(isPiece));
  const partition = mostFrequent([...region].filter(isPacking).map(sizesOf))
    ?.split(',')
    .map(Number);
  if (partition === undefined) return undefined;

  const segments: Segment[] = [];
  let [start, offset] = [0, 0];
  for (const length of partition) {
    const uses = pieces.filter(({ attributes }) => attributes.start === start && attributes.end === start + length);
    const kernel = commonKernel(uses.map(kernelOf));
    const storedLength = kernel ? kernelRowsCount(kernel) * kernel.block ** 2 : length;
    segments.push({ start, length, offset, storedLength, kernel });
    start += length;
    offset += storedLength;
  }
  return { storedSize: offset, segments };
}

function mostFrequent(texts: readonly string[]): string | undefined {
  const count = (text: string) => texts.filter((other) => other === text).length;
  return texts.reduce<string | undefined>(
    (best, text) => (best === undefined || count(text) > count(best) ? text : best),
    undefined,
  );
}

export const sameKernel = (a: KernelType | undefined, b: KernelType | undefined): boolean =>
  JSON.stringify(a) === JSON.stringify(b);

function commonKernel(kernels: readonly (KernelType | undefined)[]): KernelType | undefined {
  const [first] = kernels;
  return first && kernels.every((kernel) => sameKernel(kernel, first)) ? first : undefined;
}

/** The elements of a vector. */
const plainSize = ({ segments }: VectorLayout): number => segments.reduce((sum, { length }) => sum + length, 0);

/** How the elements of a state vector of this layout are ordered outside the graph and inside. */
export const stateLayout = (layout: VectorLayout): StateLayout => ({
  size: plainSize(layout),
  order: () => orderOf(layout),
});

function orderOf({ storedSize, segments }: VectorLayout): Int32Array {
  const order = new Int32Array(storedSize).fill(-1);
  for (const { start, length, offset, storedLength, kernel } of segments) {
    const piece = order.subarray(offset, offset + storedLength);
    if (kernel) writeElementOrder(kernel, start, piece);
    else for (let index = 0; index < length; index++) piece[index] = start + index;
  }
  return order;
}

/** Conversions between vectors in the plain order and in one of their own. */

/** A piece in the plain order as it is stored in a vector. */
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
  return concat(
    layout.segments.map((segment) =>
      pieceOfStored(slice(vector, 0, segment.start, segment.start + segment.length), segment),
    ),
    0,
  );
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
  where(
    constantTensor({
      type: 'bool',
      shape: stored.shape,
      data: Uint8Array.from(order, (element) => Number(element >= 0)),
    }),
    stored,
    constant(0),
  );
