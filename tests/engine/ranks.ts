/**
 * Ranks without processes: one graph that computes what each of them does, with collectives as ordinary operators
 * between their values.
 */
import { add, concat, type Graph, graphOf, slice, topologicalOrder, type Value } from '../../src/engine/index.js';
import { withInputs } from '../../src/engine/graph.js';
import { distribute } from '../../src/engine/lowering/distribute.js';
import { simplify } from '../../src/engine/simplify.js';

/** What a collective returns on each rank, given what each puts in. */
const COLLECTIVES: Record<string, (values: readonly Value[]) => readonly Value[]> = {
  AllReduceSum: (values) => values.map(() => values.reduce((sum, value) => add(sum, value))),
  AllGather: (values) => values.map(() => concat(values, 0)),
  OwnShare: (values) => values.map((value, rank) => share(value, 0, rank, values.length)),
};

const share = (value: Value, axis: number, rank: number, ranks: number): Value => {
  const size = value.shape[axis]! / ranks;
  return slice(value, axis, rank * size, (rank + 1) * size);
};

/** The outputs of every rank, named NAME@RANK, of a graph that is distributed over ranks, from its whole inputs. */
export function onAllRanks(graph: Graph, ranks: number): Graph {
  const { batchAxes = {} } = graph;
  const distributed = distribute(simplify(graph), ranks, batchAxes);
  const values = new Map<Value, readonly Value[]>();
  const whole = new Map(graph.inputs.map((value) => [value.name, value]));
  for (const value of topologicalOrder(Object.values(distributed.outputs))) values.set(value, valuesOf(value));

  function valuesOf(value: Value): readonly Value[] {
    const each = Array.from({ length: ranks }, (_, rank) => rank);
    if (value.kind === 'constant') return each.map(() => value);
    if (value.kind === 'input') {
      const input = whole.get(value.name)!;
      const axis = batchAxes[value.name];
      return each.map((rank) => (axis === undefined ? input : share(input, axis, rank, ranks)));
    }
    const operands = each.map((rank) => value.inputs.map((operand) => values.get(operand)![rank]!));
    const collective = value.operator.domain === 'agenet' ? COLLECTIVES[value.operator.name]! : undefined;
    return collective
      ? collective(operands.map(([operand]) => operand!))
      : operands.map((inputs) => withInputs(value, inputs));
  }

  const outputs = Object.entries(distributed.outputs).flatMap(([name, value]) =>
    values.get(value)!.map((own, rank) => [`${name}@${rank}`, own] as const),
  );
  return graphOf(Object.fromEntries(outputs), graph.inputs);
}
