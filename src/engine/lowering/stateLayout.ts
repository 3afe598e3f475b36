import type { Graph } from '../graph.js';

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
