import { ShapeError, sizeOf } from './shape.js';
import type { ComputedValue, InputValue, Operands, Value } from './value.js';

/** A function from named inputs to named outputs. */
export interface Graph {
  inputs: readonly InputValue[];
  outputs: Record<string, Value>;
  /** The axis of an input along which processes that compute together (ranks) divide the batch. */
  batchAxes?: BatchAxes;
}

export type BatchAxes = Record<string, number>;

export const mapValues = <K extends string, A, B>(
  record: Record<K, A>,
  change: (value: A, name: K) => B,
): Record<K, B> =>
  Object.fromEntries(Object.entries<A>(record).map(([name, value]) => [name, change(value, name as K)])) as Record<
    K,
    B
  >;

/** Returns the value of a key, created on first use. */
export function getOrCreate<K, V>(known: Map<K, V>, key: K, create: () => V) {
  if (!known.has(key)) known.set(key, create());
  return known.get(key)!;
}

/** Such as the running statistics of a network that has none. */
const isEmpty = ({ shape }: Value) => shape.includes(0);

/**
 * Returns the graph of outputs. A vector without elements is neither input nor output.
 * @param declared inputs that come first, and stay even if nothing reads them
 * @throws {ShapeError} if two inputs, or an input and an output, share a name
 */
export function graphOf(values: Record<string, Value>, declared: readonly InputValue[] = []): Graph {
  const outputs = Object.fromEntries(Object.entries(values).filter(([, value]) => !isEmpty(value)));
  const inputs = new Map<string, InputValue>();
  const found = topologicalOrder(Object.values(outputs)).filter((value) => value.kind === 'input');
  for (const value of [...declared, ...found].filter((each) => !isEmpty(each))) {
    if ((inputs.get(value.name) ?? value) !== value)
      throw new ShapeError(`graph: two different inputs are named ${value.name}`);
    inputs.set(value.name, value);
  }
  for (const [name, value] of Object.entries(outputs)) {
    if ((inputs.get(name) ?? value) !== value)
      throw new ShapeError(`graph: the output ${name} has the name of an input`);
  }
  return { inputs: [...inputs.values()], outputs };
}

/** Returns all values on which these depend, operands first. */
export function topologicalOrder(values: readonly Value[]): Value[] {
  const order: Value[] = [];
  const seen = new Set<Value>();
  // An explicit stack, because graphs of many updates are deeper than the call stack.
  const stack: { value: Value; next: number }[] = [];
  const enter = (value: Value) => {
    if (seen.has(value)) return;
    seen.add(value);
    stack.push({ value, next: 0 });
  };
  for (const root of values) {
    enter(root);
    while (stack.length > 0) {
      const top = stack[stack.length - 1]!;
      const inputs = top.value.kind === 'computed' ? top.value.inputs : [];
      if (top.next < inputs.length) enter(inputs[top.next++]!);
      else order.push(stack.pop()!.value);
    }
  }
  return order;
}

/** Returns all values, inputs and operands first. */
export const valuesOf = ({ inputs, outputs }: Graph) => topologicalOrder([...inputs, ...Object.values(outputs)]);

/** Inputs of the same shapes. */
export const withInputs = (value: ComputedValue, inputs: readonly Value[]) =>
  inputs.every((operand, index) => operand === value.inputs[index]) ? value : { ...value, inputs: inputs as Operands };

/**
 * Replaces computed values, operands first.
 * @param rewrite replaces a value with rewritten inputs by one of the same type and shape
 */
export function rewriteGraph(
  graph: Graph,
  rewrite: (value: ComputedValue) => Value,
  leaf: (value: Value) => Value = (value) => value,
): Graph {
  const replaced = new Map<Value, Value>();
  const rewritten = (value: Value) => replaced.get(value)!;
  for (const value of valuesOf(graph))
    replaced.set(
      value,
      value.kind === 'computed' ? rewrite(withInputs(value, value.inputs.map(rewritten))) : leaf(value),
    );
  return { inputs: graph.inputs, outputs: mapValues(graph.outputs, rewritten) };
}

/** Returns outputs that depend on other values in place of inputs and constants. */
export const replaceLeaves = <K extends string>(
  outputs: Record<K, Value>,
  replacements: ReadonlyMap<Value, Value>,
): Record<K, Value> =>
  rewriteGraph(
    graphOf(outputs),
    (value) => value,
    (leaf) => replacements.get(leaf) ?? leaf,
  ).outputs;

/** Counts the floating-point operations of a run; a multiply-accumulate counts as two. */
export function countFlops(graph: Graph): number {
  const parts = rewriteGraph(graph, (value) => value.operator.decomposition?.(value.inputs, value.attributes) ?? value);
  return valuesOf(parts).reduce((total, value) => total + flopsOf(value), 0);
}

function flopsOf(value: Value) {
  if (value.kind !== 'computed') return 0;
  const { operator, inputs, attributes, shape } = value;
  return operator.flops?.(inputs, attributes, value) ?? (operator.elementwise ? sizeOf(shape) : 0);
}
