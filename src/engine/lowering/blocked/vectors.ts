/**
 * State vectors in an order of their own. Parameters, their gradients and Adam's moments are packed vectors on which only elementwise
 * operators, slices and concatenations act: inside the graph each kernel can lie in them as the rows that convolutions want, padded to
 * whole blocks with zeros that stay zero. Nothing is transposed in an iteration then; whoever reads or writes the state does it once.
 */
import { type Graph, topologicalOrder } from '../../graph.js';
import { sizeOf } from '../../shape.js';
import type { ComputedValue, InputValue, Value } from '../../value.js';
import { nextName, type StateLayout } from '../stateLayout.js';
import { type KernelType, kernelRowsCount, writeElementOrder } from './kernels.js';

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

const ELEMENTWISE: ReadonlySet<string> = new Set(['Add', 'Sub', 'Mul', 'Div', 'Sqrt', 'Neg', 'Abs', 'Clip']);

/** Operands that are elements of one vector, and operators of which each element depends on that element only. */
function isElementwiseVector(value: Value): value is ComputedValue {
  return (
    value.kind === 'computed' &&
    value.shape.length === 1 &&
    ELEMENTWISE.has(value.operator.name) &&
    value.inputs.every((operand) => sizeOf(operand.shape) === 1 || operand.shape.join() === value.shape.join())
  );
}

const isPiece = (value: Value): value is ComputedValue =>
  value.kind === 'computed' && value.operator.name === 'Slice' && value.inputs[0]!.shape.length === 1 && value.attributes.step === 1;
const isPacking = (value: Value): value is ComputedValue => value.kind === 'computed' && value.operator.name === 'Concat' && value.shape.length === 1;

/** The sum of a vector's elements, which their order does not change, nor padding of zeros. */
export const isTotal = (value: ComputedValue): boolean =>
  value.operator.name === 'ReduceSum' && value.inputs[0]!.shape.length === 1 && isZeroPadded(value.inputs[0]!);

/** Whether padding is 0 in a vector: it is in state and in what is packed, and in products of these. */
const isZeroPadded = (value: Value): boolean =>
  value.kind === 'input' ||
  (value.kind === 'computed' && value.operator.name === 'Concat') ||
  (isElementwiseVector(value) && value.operator.name === 'Mul' && value.inputs.every((operand) => sizeOf(operand.shape) === 1 || isZeroPadded(operand)));

/**
 * The layout of each vector that may have one of its own: it is connected to state inputs (those with an output of the next value), and
 * nothing but elementwise operators, sums, and slices and concatenations along one partition touches it.
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
    const layout = isClosed(region, graph, consumersOf) ? layoutOf(region, consumersOf, kernelOf) : undefined;
    if (layout) for (const value of region) layouts.set(value, layout);
  }
  return layouts;
}

const isState = (value: InputValue, graph: Graph): boolean => value.type === 'float32' && value.shape.length === 1 && nextName(value.name) in graph.outputs;

/** Sets of vectors connected by elementwise operators, those that state inputs are in. */
function vectorRegions(graph: Graph, order: readonly Value[]): readonly ReadonlySet<Value>[] {
  const regionOf = new Map<Value, Set<Value>>();
  for (const value of order) {
    if (!isElementwiseVector(value)) continue;
    const members = new Set<Value>([value, ...value.inputs.filter((operand) => sizeOf(operand.shape) > 1)]);
    for (const member of [...members]) for (const other of regionOf.get(member) ?? []) members.add(other);
    for (const member of members) regionOf.set(member, members);
  }
  return [...new Set(regionOf.values())].filter((region) => [...region].some((value) => value.kind === 'input' && isState(value, graph)));
}

function isClosed(region: ReadonlySet<Value>, graph: Graph, consumersOf: (value: Value) => readonly ComputedValue[]): boolean {
  const stateOutputs = new Set([...region].flatMap((value) => (value.kind === 'input' && isState(value, graph) ? [nextName(value.name)] : [])));
  const outputs = new Map(Object.entries(graph.outputs).map(([name, value]) => [value, name]));
  return [...region].every((value) => {
    const made = value.kind === 'input' ? isState(value, graph) : isElementwiseVector(value) || isPacking(value);
    const output = outputs.get(value);
    return (
      made &&
      (output === undefined || stateOutputs.has(output)) &&
      consumersOf(value).every((consumer) => region.has(consumer) || isPiece(consumer) || isTotal(consumer))
    );
  });
}

/** The common partition of a region's slices and concatenations, or undefined where there is none. */
function layoutOf(
  region: ReadonlySet<Value>,
  consumersOf: (value: Value) => readonly ComputedValue[],
  kernelOf: (piece: ComputedValue) => KernelType | undefined,
): VectorLayout | undefined {
  const pieces = [...region].flatMap((value) => consumersOf(value).filter(isPiece));
  const packings = [...region].filter(isPacking).map(({ inputs }) => inputs.map((operand) => operand.shape[0]!));
  const [partition] = packings;
  if (partition === undefined || packings.some((sizes) => sizes.join() !== partition.join())) return undefined;

  const segments: Segment[] = [];
  let [start, offset] = [0, 0];
  for (const length of partition) {
    const uses = pieces.filter(({ attributes }) => Number(attributes.start) < start + length && Number(attributes.end) > start);
    if (uses.some(({ attributes }) => attributes.start !== start || attributes.end !== start + length)) return undefined;
    const kernel = commonKernel(uses.map(kernelOf));
    const storedLength = kernel ? kernelRowsCount(kernel) * kernel.block ** 2 : length;
    segments.push({ start, length, offset, storedLength, kernel });
    start += length;
    offset += storedLength;
  }
  return { storedSize: offset, segments };
}

function commonKernel(kernels: readonly (KernelType | undefined)[]): KernelType | undefined {
  const [first] = kernels;
  return first && kernels.every((kernel) => JSON.stringify(kernel) === JSON.stringify(first)) ? first : undefined;
}

/** How the elements of a state vector of this layout are ordered outside the graph and inside. */
export const stateLayout = (layout: VectorLayout): StateLayout => ({
  size: layout.segments.reduce((sum, { length }) => sum + length, 0),
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
