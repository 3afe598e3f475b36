import { valuesOf } from './graph.js';
import type { LoweredGraph } from './lowering/state.js';
import { sizeOf } from './shape.js';
import { ARRAY_OF, type ComputedValue, type TensorType, type Value } from './value.js';

/**
 * Fitted to the peak resident memory of `agenet bench` at 11 combinations of width (8 to 128), image size (32, 64),
 * batch (16 to 256) and recipe (alternating, simultaneous). `bench/memory-estimate.mjs` measures them again.
 */
const COEFFICIENTS = {
  /** Bytes of Node.js, ONNX Runtime and this package. */
  process: 121 * 2 ** 20,
  /** Bytes, in JavaScript, the encoded model, and ONNX Runtime. */
  operator: 8900,
  /** Per byte of state: vectors in the graph's order, in that of files, and as random results. */
  state: 2.5,
  /** Per byte of constants, measured with 50 MB of them: copies in JavaScript, the encoded model and ONNX Runtime. */
  constants: 7.6,
  /** Per byte of simultaneous values: not all freed chunks of the arena fit later values. */
  values: 1.26,
  /** Per byte of the largest value, which fits no freed chunk. */
  largestValue: 1.5,
} as const;

/**
 * Estimates the peak resident memory, in bytes, of training on the CPU, without the images of the data set. Adds up the
 * state and the values alive at once in ONNX Runtime's order. Within 7% of the measurements.
 */
export function estimatePeakMemory(graph: LoweredGraph) {
  const order = executionOrder(graph);
  const state = graph.inputs.reduce((sum, value) => sum + bytesOf(value), 0);
  const constants = valuesOf(graph).reduce((sum, value) => sum + (value.kind === 'constant' ? bytesOf(value) : 0), 0);
  const largest = order.reduce((most, value) => Math.max(most, bytesOf(value)), 0);
  return (
    COEFFICIENTS.process +
    COEFFICIENTS.operator * order.length +
    COEFFICIENTS.state * state +
    COEFFICIENTS.constants * constants +
    COEFFICIENTS.values * peakOfValues(order, new Set(Object.values(graph.outputs))) +
    COEFFICIENTS.largestValue * largest
  );
}

const bytesOf = ({ type, shape }: TensorType) => sizeOf(shape) * new ARRAY_OF[type](0).BYTES_PER_ELEMENT;

const operandsOf = (value: ComputedValue) =>
  [...new Set(value.inputs)].filter((operand) => operand.kind === 'computed');

/** ONNX Runtime's (`Graph::ReverseDFSFrom`): depth first from the last unread result and operand. */
function executionOrder(graph: LoweredGraph) {
  const file = valuesOf(graph).filter((value) => value.kind === 'computed');
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

/** Outputs are part of the state. */
function peakOfValues(order: readonly ComputedValue[], outputs: ReadonlySet<Value>) {
  const owners = new Map<Value, Value>();
  const ownerOf = (value: Value) => owners.get(value) ?? value;
  for (const value of order) if (value.operator.name === 'Reshape') owners.set(value, ownerOf(value.inputs[0]));
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

/** Nothing else reads the operand. */
function writesOver(value: ComputedValue, operand: Value, ownerOf: (value: Value) => Value) {
  if (value.operator.elementwise) return bytesOf(value) === bytesOf(operand);
  const sum = value.operator.name === 'Conv' ? value.inputs[3] : undefined;
  return sum !== undefined && ownerOf(sum) === operand;
}
