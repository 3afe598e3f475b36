/** The memory that a process needs to train by a graph on the CPU. */
import { topologicalOrder } from './graph.js';
import type { LoweredGraph } from './lowering/state.js';
import { sizeOf } from './shape.js';
import { ARRAY_OF, type ComputedValue, type TensorType, type Value } from './value.js';

/**
 * Coefficients of the estimate, fitted to the peak resident memory of `agenet bench` at 19 combinations of width (8 to 128), image size (32, 64),
 * batch (16 to 256) and number of updates. `bench/memory-estimate.mjs` measures them again.
 */
const COEFFICIENTS = {
  /** Node.js, ONNX Runtime and this package, in bytes. */
  process: 121 * 2 ** 20,
  /** An operator as an object in JavaScript, as part of the encoded model, and in ONNX Runtime, in bytes. */
  operator: 8900,
  /** Bytes per byte of state: the vectors in the graph's order, in the order of files, and as results of the random generator. */
  state: 2.38,
  /** Bytes per byte of values that are alive at the same time: ONNX Runtime's arena keeps freed chunks, of which not all fit later values. */
  values: 1.62,
  /** Bytes per byte of the largest value, which fits no freed chunk. */
  largestValue: 0.67,
} as const;

/**
 * Estimates the peak resident memory, in bytes, of a process that trains by a graph: the state, and the values that are alive at the same time when
 * ONNX Runtime executes the operators in its order. Images of the data set are not included. The lifetimes are derived from the graph; `COEFFICIENTS`
 * are measured. The estimate differs from the measurements by at most 7%.
 */
export function estimatePeakMemory(graph: LoweredGraph): number {
  const order = executionOrder(graph);
  const state = graph.inputs.reduce((sum, value) => sum + bytesOf(value), 0);
  const largest = order.reduce((most, value) => Math.max(most, bytesOf(value)), 0);
  return (
    COEFFICIENTS.process +
    COEFFICIENTS.operator * order.length +
    COEFFICIENTS.state * state +
    COEFFICIENTS.values * peakOfValues(order, new Set(Object.values(graph.outputs))) +
    COEFFICIENTS.largestValue * largest
  );
}

const bytesOf = ({ type, shape }: TensorType): number => sizeOf(shape) * new ARRAY_OF[type](0).BYTES_PER_ELEMENT;

const operandsOf = (value: ComputedValue): ComputedValue[] =>
  [...new Set(value.inputs)].filter((operand): operand is ComputedValue => operand.kind === 'computed');

/**
 * The order in which ONNX Runtime executes operators: depth first from the last result that no operator reads, and at each operator first the operand
 * that is last in the file (`Graph::ReverseDFSFrom`).
 */
function executionOrder(graph: LoweredGraph): readonly ComputedValue[] {
  const file = topologicalOrder(Object.values(graph.outputs)).filter((value) => value.kind === 'computed');
  const position = new Map(file.map((value, index) => [value, index]));
  const read = new Set<Value>(file.flatMap(operandsOf));
  const order: ComputedValue[] = [];
  const seen = new Set<Value>();
  const stack = file.filter((value) => !read.has(value)).map((value) => ({ value, isDone: false }));
  for (let top = stack.pop(); top; top = stack.pop()) {
    if (top.isDone) order.push(top.value);
    else if (!seen.has(top.value)) {
      seen.add(top.value);
      stack.push({ ...top, isDone: true });
      const operands = operandsOf(top.value).sort((a, b) => position.get(a)! - position.get(b)!);
      stack.push(...operands.map((value) => ({ value, isDone: false })));
    }
  }
  return order;
}

/** The bytes of computed values that are alive at the same time, at most. Outputs are part of the state. */
function peakOfValues(order: readonly ComputedValue[], outputs: ReadonlySet<Value>): number {
  const owners = new Map<Value, Value>();
  const ownerOf = (value: Value) => owners.get(value) ?? value;
  // A Reshape shares the memory of its operand.
  for (const value of order) if (value.operator.name === 'Reshape') owners.set(value, ownerOf(value.inputs[0]!));
  const kept = new Set([...outputs].map(ownerOf));
  const isFreed = (value: Value) => value.kind === 'computed' && !kept.has(value);
  const lastReader = new Map<Value, Value>();
  for (const value of order) for (const operand of value.inputs) lastReader.set(ownerOf(operand), value);

  let [bytes, peak] = [0, 0];
  for (const value of order) {
    const dying = [...new Set(value.inputs.map(ownerOf))].filter(
      (operand) => isFreed(operand) && lastReader.get(operand) === value,
    );
    const isAllocated = isFreed(value) && !owners.has(value);
    const overwritten = isAllocated ? dying.find((operand) => writesOver(value, operand, ownerOf)) : undefined;
    if (isAllocated && !overwritten) bytes += bytesOf(value);
    peak = Math.max(peak, bytes);
    for (const operand of dying) if (operand !== overwritten) bytes -= bytesOf(operand);
  }
  return peak;
}

/** Whether ONNX Runtime writes a value over an operand that nothing else reads: elementwise operators, and convolutions that add to a sum. */
function writesOver(value: ComputedValue, operand: Value, ownerOf: (value: Value) => Value): boolean {
  if (value.operator.elementwise) return bytesOf(value) === bytesOf(operand);
  const sum = value.operator.name === 'Conv' && value.inputs[3];
  return sum !== undefined && sum !== false && ownerOf(sum) === operand;
}
