import { type Graph, topologicalOrder } from '../graph.js';
import { sizeOf } from '../shape.js';
import type { ComputedValue, InputValue, Value } from '../value.js';
import { nextName } from './stateLayout.js';

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
