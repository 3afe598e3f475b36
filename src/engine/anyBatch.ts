/** Graphs for batches of any size, from the differences of two graphs. */
import { type BatchAxes, type Graph, topologicalOrder } from './graph.js';
import { lowerPortable } from './lowering/portable.js';
import { isComputedBy } from './operator.js';
import { type Shape, ShapeError, showShape } from './shape.js';
import type { AttributeValue, ComputedValue, ConstantValue, Value } from './value.js';

/** Standard ONNX operators, and the axis of the batch in inputs and outputs. */
export interface AnyBatch {
  readonly graph: Graph;
  readonly batchAxes: BatchAxes;
}

/** No other size in a graph is likely to equal these. */
const SIZES = [1009, 1013] as const;

/**
 * Returns a graph for batches of any size.
 * @param graphOfBatch builds the graph of a batch size, with the same operators for each
 * @throws {ShapeError} if anything but shapes depends on the size
 */
export function forAnyBatch(graphOfBatch: (batch: number) => Graph): AnyBatch {
  const lowered = (size: number): Graph => lowerPortable(graphOfBatch(size), { name: 'plain' });
  const [graph, other] = [lowered(SIZES[0]), lowered(SIZES[1])];
  const [values, others] = [valuesOf(graph), valuesOf(other)];
  if (values.length !== others.length) throw new ShapeError('forAnyBatch: another batch size gives other operators');
  const generalized = new Map<Value, Value>();
  for (const [index, value] of values.entries()) generalized.set(value, generalize(value, others[index]!, generalized));
  const outputs = Object.fromEntries(
    Object.entries(graph.outputs).map(([name, value]) => [name, generalized.get(value)!]),
  );
  return { graph: { inputs: graph.inputs, outputs }, batchAxes: batchAxesOf(graph, other) };
}

const valuesOf = ({ inputs, outputs }: Graph): Value[] => topologicalOrder([...inputs, ...Object.values(outputs)]);

/** Makes attributes hold for every batch size. */
function generalize(value: Value, other: Value, generalized: ReadonlyMap<Value, Value>): Value {
  if (value.kind !== 'computed') {
    if (value.kind === 'constant' && !isSameConstant(value, other as ConstantValue))
      throw dependent('constant', value.shape);
    return value;
  }
  const { attributes } = other as ComputedValue;
  const inputs = value.inputs.map((operand) => generalized.get(operand)!);
  const general = Object.entries(value.attributes).map(
    ([name, attribute]) => [name, ofAnyBatch(value, name, attribute, attributes[name]!)] as const,
  );
  return { ...value, inputs, attributes: Object.fromEntries(general) };
}

/** ONNX infers one size of a Reshape, written as -1. */
function ofAnyBatch(
  value: ComputedValue,
  name: string,
  attribute: AttributeValue,
  other: AttributeValue,
): AttributeValue {
  if (String(attribute) === String(other)) return attribute;
  const [sizes, others] = [attribute, other] as [Shape, Shape];
  const inferred = isComputedBy(value, 'Reshape') ? sizes.map((size, axis) => (size === others[axis] ? size : -1)) : [];
  if (inferred.filter((size) => size === -1).length !== 1)
    throw dependent(`${value.operator.name}: ${name}`, attribute);
  return inferred;
}

const isSameConstant = (a: ConstantValue, b: ConstantValue): boolean =>
  String(a.shape) === String(b.shape) &&
  (a.data === b.data || (a.data as Float32Array).every((element, index) => Object.is(element, b.data[index])));

const dependent = (what: string, value: AttributeValue): ShapeError =>
  new ShapeError(
    `forAnyBatch: ${what} ${Array.isArray(value) ? showShape(value as Shape) : String(value)} depends on the size of the batch`,
  );

function batchAxesOf(graph: Graph, other: Graph): BatchAxes {
  const named = ({ inputs, outputs }: Graph): Readonly<Record<string, Value>> => ({
    ...Object.fromEntries(inputs.map((value) => [value.name, value])),
    ...outputs,
  });
  const others = named(other);
  const axes = Object.entries(named(graph)).map(([name, { shape }]) => {
    const axis = shape.findIndex((size, index) => size !== others[name]!.shape[index]);
    return [name, axis] as const;
  });
  return Object.fromEntries(axes.filter(([, axis]) => axis >= 0));
}
