/** How a lowered graph stores its state: in which order of elements, and whether in place. */
import { type Graph, topologicalOrder } from '../graph.js';
import { sizeOf } from '../shape.js';
import type { ComputedValue, InputValue, Value } from '../value.js';

/** The output that holds the next value of the state input `name`. */
export const nextName = (name: string): string => `next/${name}`;

/** A state vector as a lowered graph keeps it. */
export interface StateLayout {
  /** Elements outside. */
  readonly size: number;
  /** For each element inside its element outside, or -1 for a zero. Made anew at each call: it is as large as the vector and seldom needed. */
  readonly order: () => Int32Array;
}

/** The vector in the graph's order. */
export function toStoredOrder({ order }: StateLayout, vector: Float32Array): Float32Array {
  const source = order();
  const stored = new Float32Array(source.length);
  source.forEach((element, position) => {
    if (element >= 0) stored[position] = vector[element]!;
  });
  return stored;
}

/** The vector in its own order again. */
export function fromStoredOrder({ size, order }: StateLayout, stored: Float32Array): Float32Array {
  const vector = new Float32Array(size);
  order().forEach((element, position) => {
    if (element >= 0) vector[element] = stored[position]!;
  });
  return vector;
}

/** A graph whose state may lie in another order inside. */
export interface LaidOutGraph extends Graph {
  /** State inputs, and outputs of their next values, that are kept in another order than outside. */
  readonly stateLayouts: ReadonlyMap<string, StateLayout>;
}

/** A graph as a target runs it. */
export interface LoweredGraph extends LaidOutGraph {
  /** State inputs whose next value may be written over them. */
  readonly statesInPlace: ReadonlySet<string>;
}

/**
 * The state inputs whose memory may hold their next value as well: a run then reads the old state and leaves the new one in the same
 * place, without a second copy of the state. That is right where everything that reads the old value is done before the new one is
 * written: each reader is something that the next value is made of, and the operator that writes does not read elsewhere in it.
 */
export function statesInPlace(graph: Graph): ReadonlySet<string> {
  const order = topologicalOrder(Object.values(graph.outputs));
  const outputs = new Set(Object.values(graph.outputs));
  const safe = graph.inputs.filter((state) => {
    const next = graph.outputs[nextName(state.name)];
    return next?.kind === 'computed' && isSafe(state, next, order, outputs);
  });
  return new Set(safe.map(({ name }) => name));
}

function isSafe(state: InputValue, next: ComputedValue, order: readonly Value[], outputs: ReadonlySet<Value>): boolean {
  const before = new Set(topologicalOrder([next]));
  // The state and what the runtime makes of it without a copy.
  const views = new Set<Value>([state]);
  for (const value of order) {
    if (value.kind !== 'computed' || !value.inputs.some((operand) => views.has(operand))) continue;
    if (!before.has(value)) return false;
    if (value === next) {
      if (!writesOver(next, state)) return false;
    } else if (value.operator.name === 'Reshape') views.add(value);
  }
  return [...views].every((view) => !outputs.has(view));
}

const writesOver = ({ operator, inputs }: ComputedValue, state: InputValue): boolean =>
  operator.inPlace === true && inputs.every(({ shape }) => sizeOf(shape) === sizeOf(state.shape) || sizeOf(shape) === 1);
