import { type BatchAxes, type Graph, mapValues, valuesOf, withInputs } from './graph.js';
import { lowerPortable } from './lowering/portable.js';
import { isComputedBy } from './operator.js';
import { type Shape, ShapeError, showShape } from './shape.js';
import type { AttributeValue, ComputedValue, ConstantValue, Value } from './value.js';

/** Standard ONNX operators, and the axis of the batch in inputs and outputs. */
export interface AnyBatch {
  graph: Graph;
  batchAxes: BatchAxes;
}

/** No other size in a graph is likely to equal these. */
const SIZES = [1009, 1013] as const;

/**
 * Returns a graph for batches of any size, from the differences of two graphs.
 * @param graphOfBatch builds the graph of a batch size, with the same operators for each
 * @throws {ShapeError} if anything but shapes depends on the size
 */
export function forAnyBatch(graphOfBatch: (batch: number) => Graph): AnyBatch {
  const lowered = (size: number) => lowerPortable(graphOfBatch(size), { name: 'plain' });
  const [graph, other] = [lowered(SIZES[0]), lowered(SIZES[1])];
  const { inputs, outputs } = graph;
  const [values, others] = [valuesOf(graph), valuesOf(other)];
  if (values.length !== others.length) throw new ShapeError('forAnyBatch: another batch size gives other operators');
  const generalized = new Map<Value, Value>();
  for (const [index, value] of values.entries()) generalized.set(value, generalize(value, others[index]!, generalized));
  return {
    graph: { inputs, outputs: mapValues(outputs, (value) => generalized.get(value)!) },
    batchAxes: batchAxesOf(graph, other),
  };
}

function generalize(value: Value, other: Value, generalized: ReadonlyMap<Value, Value>) {
  if (value.kind !== 'computed') {
    if (value.kind === 'constant' && !isSameConstant(value, other as ConstantValue))
      throw dependent('constant', value.shape);
    return value;
  }
  const others = (other as ComputedValue).attributes;
  const inputs = value.inputs.map((operand) => generalized.get(operand)!);
  const attributes = mapValues(value.attributes, (attribute, name) =>
    ofAnyBatch(value, name, attribute, others[name]!),
  );
  return { ...withInputs(value, inputs), attributes };
}

/** ONNX infers one size of a Reshape, written as -1. */
function ofAnyBatch(value: ComputedValue, name: string, attribute: AttributeValue, other: AttributeValue) {
  if (String(attribute) === String(other)) return attribute;
  const [sizes, others] = [attribute, other] as [Shape, Shape];
  const inferred = isComputedBy(value, 'Reshape') ? sizes.map((size, axis) => (size === others[axis] ? size : -1)) : [];
  if (inferred.filter((size) => size === -1).length !== 1)
    throw dependent(`${value.operator.name}: ${name}`, attribute);
  return inferred;
}

const isSameConstant = (a: ConstantValue, b: ConstantValue) =>
  String(a.shape) === String(b.shape) &&
  (a.data === b.data || (a.data as Float32Array).every((element, index) => Object.is(element, b.data[index])));

const dependent = (what: string, value: AttributeValue) =>
  new ShapeError(
    `forAnyBatch: ${what} ${Array.isArray(value) ? showShape(value as Shape) : String(value)} depends on the size of the batch`,
  );

function batchAxesOf(graph: Graph, other: Graph) {
  const named = ({ inputs, outputs }: Graph): Graph['outputs'] => ({
    ...Object.fromEntries(inputs.map((value) => [value.name, value])),
    ...outputs,
  });
  const others = named(other);
  const axes = mapValues(named(graph), ({ shape }, name) =>
    shape.findIndex((size, index) => size !== others[name]!.shape[index]),
  );
  return Object.fromEntries(Object.entries(axes).filter(([, axis]) => axis >= 0));
}
