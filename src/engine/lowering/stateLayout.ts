import type { Graph } from '../graph.js';

/** The output that holds the next value of the state input `name`. */
export const nextName = (name: string): string => `next/${name}`;

/** A state vector as a lowered graph keeps it: element i is element `source[i]` of the vector outside, or a zero where that is -1. */
export interface StateLayout {
  /** Elements outside. */
  readonly size: number;
  readonly source: Int32Array;
}

/** The vector in the graph's order. */
export function intoLayout({ source }: StateLayout, vector: Float32Array): Float32Array {
  const stored = new Float32Array(source.length);
  source.forEach((element, position) => {
    if (element >= 0) stored[position] = vector[element]!;
  });
  return stored;
}

/** The vector in its own order again. */
export function outOfLayout({ size, source }: StateLayout, stored: Float32Array): Float32Array {
  const vector = new Float32Array(size);
  source.forEach((element, position) => {
    if (element >= 0) vector[element] = stored[position]!;
  });
  return vector;
}

/** A graph as a target runs it. */
export interface LoweredGraph extends Graph {
  /** State inputs, and outputs of their next values, that are kept in another order than outside. */
  readonly stateLayouts: ReadonlyMap<string, StateLayout>;
}
