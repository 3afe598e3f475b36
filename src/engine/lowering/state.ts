import { type Graph, topologicalOrder, valuesOf } from '../graph.js';
import { sizeOf } from '../shape.js';
import type { ComputedValue, InputValue, Value } from '../value.js';

/** The output with the next value of the state input `name`. */
export const nextName = (name: string): string => `next/${name}`;

export const nextStates = ({ inputs, outputs }: Graph) =>
  inputs.map(({ name }) => nextName(name)).filter((name) => name in outputs);

/** How a lowered graph stores a state vector. */
export interface StateLayout {
  /** Elements outside the graph. */
  size: number;
  /**
   * Each stored element's position outside the graph, or -1 for a zero. As large as the vector, so created at each
   * call.
   */
  order: () => Int32Array;
}

export function toStoredOrder({ order }: StateLayout, vector: Float32Array) {
  const source = order();
  const stored = new Float32Array(source.length);
  // A loop takes a tenth of the time of `forEach`; vectors have up to 10^8 elements, and signals wait.
  for (let position = 0; position < source.length; position++) {
    const element = source[position]!;
    if (element >= 0) stored[position] = vector[element]!;
  }
  return stored;
}

export function fromStoredOrder({ size, order }: StateLayout, stored: Float32Array) {
  const vector = new Float32Array(size);
  const target = order();
  for (let position = 0; position < target.length; position++) {
    const element = target[position]!;
    if (element >= 0) vector[element] = stored[position]!;
  }
  return vector;
}

export interface LaidOutGraph extends Graph {
  /** Stored in a different order, as are the outputs of their next values. */
  stateLayouts: ReadonlyMap<string, StateLayout>;
}

/** A graph as a target runs it. */
export interface LoweredGraph extends LaidOutGraph {
  /** State inputs that their next values may be written over, which saves a second copy. */
  statesInPlace: ReadonlySet<string>;
}

/** The next value must depend on all other readers of the old value, and read each element only to write it. */
export function statesInPlace(graph: Graph) {
  const order = valuesOf(graph);
  const outputs = new Set(Object.values(graph.outputs));
  const safe = graph.inputs.filter((state) => {
    const next = graph.outputs[nextName(state.name)];
    return next?.kind === 'computed' && isSafe(state, next, order, outputs);
  });
  return new Set(safe.map(({ name }) => name));
}

function isSafe(state: InputValue, next: ComputedValue, order: readonly Value[], outputs: ReadonlySet<Value>) {
  const before = new Set(topologicalOrder([next]));
  // Values that the runtime makes of the state without a copy.
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

const writesOver = ({ operator, inputs }: ComputedValue, state: InputValue) =>
  operator.inPlace === true && inputs.every(({ shape }) => [sizeOf(state.shape), 1].includes(sizeOf(shape)));
