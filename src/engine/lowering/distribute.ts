import { type BatchAxes, getOrCreate, type Graph, graphOf, mapValues, rewriteGraph, valuesOf } from '../graph.js';
import { flatLayout, pack, unpack } from '../flatLayout.js';
import { apply } from '../operator.js';
import {
  add,
  allGather,
  allReduceSum,
  cast,
  concat,
  expand,
  mul,
  ownShare,
  partOf,
  reduceMean,
  reshape,
  slice,
  square,
  sub,
  transpose,
} from '../operators/index.js';
import { ShapeError, sizeOf } from '../shape.js';
import { simplify } from '../simplify.js';
import {
  type ComputedValue,
  constant,
  input,
  type InputValue,
  type Operands,
  type Placement,
  splatValue,
  type Value,
} from '../value.js';
import { type Centering, matchVariance } from './rewrites.js';

/**
 * Returns the graph that each rank runs. Inputs with a batch have the shape of a rank's part. Outputs are those of the
 * whole batch up to the order of summation, also batch statistics, losses over pairs and gradients.
 * @param graph a simplified graph
 * @throws {ShapeError} if a divided axis does not divide into as many equal parts as there are ranks
 */
export function distribute(graph: Graph, ranks: number, batchAxes: BatchAxes = {}) {
  if (ranks === 1) return graph;
  return simplify(new Distributor(simplify(rewriteGraph(graph, expandIndivisible)), ranks, batchAxes).graph());
}

function expandIndivisible(value: ComputedValue) {
  const { operator, inputs, attributes } = value;
  if (operator.distribute !== undefined || isJointly(value)) return value;
  return operator.decomposition?.(inputs, attributes) ?? value;
}

interface Placed {
  value: Value;
  placement: Placement;
}

class Distributor {
  private readonly placed = new Map<Value, Placed>();
  private readonly wholes = new Map<Value, Value>();
  private readonly shares: Sharing;
  private readonly statistics: ReadonlyMap<Value, BatchStatistics>;
  /** By the mean of a batch: a part's mean, and its excess over the mean of the batch. */
  private readonly offsets = new Map<Value, { partMean: Value; offset: Value }>();

  constructor(
    private readonly source: Graph,
    private readonly ranks: number,
    private readonly batchAxes: BatchAxes,
  ) {
    this.shares = new Sharing(ranks);
    this.statistics = statisticsIn(source);
  }

  graph() {
    const { inputs, outputs } = this.source;
    for (const value of valuesOf(this.source)) {
      if (!this.placed.has(value)) this.placed.set(value, this.place(value));
    }
    const parts = inputs.map((value) => this.placed.get(value)!.value as InputValue);
    return graphOf(
      mapValues(outputs, (value) => this.as(value, 'whole')),
      parts,
    );
  }

  private place(value: Value): Placed {
    if (value.kind === 'computed') return this.compute(value);
    const axis = value.kind === 'input' ? this.batchAxes[value.name] : undefined;
    if (value.kind !== 'input' || axis === undefined) return { value, placement: 'whole' };
    const { name, shape, type } = value;
    if (shape[axis]! % this.ranks !== 0)
      throw new ShapeError(
        `input ${name}: axis ${axis} of size ${shape[axis]} does not divide into ${this.ranks} equal parts`,
      );
    return { value: input(name, partOf(shape, axis, this.ranks), type), placement: axis };
  }

  private compute(value: ComputedValue): Placed {
    const { operator, inputs, attributes } = value;
    const placements = inputs.map((operand) => this.placed.get(operand)!.placement);
    if (isJointly(value)) return this.reduceJointly(value, placements);
    if (placements.every((placement) => placement === 'whole')) return this.apply(value, placements, 'whole');
    const statistics = this.statistics.get(value);
    if (statistics && typeof this.placed.get(statistics.x)!.placement === 'number')
      return this.batchStatistics(value, statistics);
    const centered = this.centered(value);
    if (centered) return centered;
    const found = operator.distribute?.(placements as [Placement, ...Placement[]], {
      value,
      attributes,
      ranks: this.ranks,
    });
    if (found) {
      const part = { ...value, attributes: found.attributes ?? attributes };
      return this.apply(part, found.operands, found.result, found.scale);
    }
    const axis = operator.elementwise ? dividedAxis(value, placements) : undefined;
    const wanted = inputs.map((operand): Placement =>
      axis === undefined || isRepeated(operand, value, axis) ? 'whole' : axisOf(operand, value, axis),
    );
    return this.apply(value, wanted, axis ?? 'whole');
  }

  private apply(
    { operator, inputs, attributes }: ComputedValue,
    placements: readonly Placement[],
    placement: Placement,
    scale = 1,
  ): Placed {
    const operands = inputs.map((operand, index) => this.as(operand, placements[index]!));
    const result = apply(operator, operands, attributes);
    return { value: scale === 1 ? result : mul(result, scale), placement };
  }

  private as(value: Value, wanted: Placement) {
    const placed = this.placed.get(value)!;
    if (placed.placement === wanted) return placed.value;
    const whole = getOrCreate(this.wholes, value, () => this.whole(placed));
    if (wanted === 'whole') return whole;
    return wanted === 'summand' ? mul(whole, 1 / this.ranks) : this.shares.of(whole, wanted);
  }

  private whole({ value, placement }: Placed) {
    if (placement === 'whole') return value;
    if (placement === 'summand') return allReduceSum(value, this.ranks);
    return alongFirstAxis(value, placement, (rows) => allGather(rows, this.ranks));
  }

  private reduceJointly({ inputs, attributes }: ComputedValue, placements: readonly Placement[]): Placed {
    const parts = inputs.map((operand) => this.placed.get(operand)!);
    const index = attributes.index as number;
    if (!placements.every((placement) => placement === 'summand')) return parts[index]!;
    const sums = allReduceTogether(
      parts.map(({ value }) => value),
      this.ranks,
    );
    return { value: sums[index]!, placement: 'whole' };
  }

  /**
   * One message gathers, of each part, the mean, the variance about it, which loses no digits, and the mean that
   * rounding leaves after subtraction.
   */
  private batchStatistics(value: ComputedValue, { x, mean, variances }: BatchStatistics): Placed {
    const axes = mean.attributes.axes as readonly number[];
    const part = this.placed.get(x)!;
    if (!axes.includes(part.placement as number)) return this.apply(value, [part.placement], part.placement);
    const partMean = reduceMean(part.value, axes);
    const size = sizeOf(partMean.shape);
    // Not a subtraction, which lowering would center a second time.
    const residual = reduceMean(add(part.value, mul(partMean, -1)), axes);
    const own = [partMean, reduceMean(square(sub(part.value, partMean)), axes), residual];
    const flat = (statistic: Value) => reshape(statistic, [1, size]);
    const gathered = allGather(concat(own.map(flat), 1), this.ranks);
    const [means, ownVariances, residuals] = own.map((_, index) =>
      slice(gathered, 1, index * size, (index + 1) * size),
    ) as [Value, Value, Value];
    const wholeMean = reduceMean(means, [0]);
    const variance = reduceMean(add(ownVariances, square(sub(means, wholeMean))), [0]);
    for (const each of variances) this.placed.set(each, { value: reshape(variance, each.shape), placement: 'whole' });
    // The sum of differences keeps the digits that the difference of the means loses.
    const offset = add(reduceMean(sub(flat(partMean), means), [0]), sub(flat(residual), reduceMean(residuals, [0])));
    this.offsets.set(mean, { partMean, offset: reshape(offset, partMean.shape) });
    return { value: reshape(wholeMean, value.shape), placement: 'whole' };
  }

  /** Subtracts the part's own mean first, which later rewrites recognize. */
  private centered({ operator, inputs: [x, mean] }: ComputedValue) {
    const found = operator.name === 'Sub' && mean ? this.offsets.get(mean) : undefined;
    if (found === undefined || this.statistics.get(mean!)?.x !== x) return undefined;
    const { value, placement } = this.placed.get(x)!;
    return { value: add(sub(value, found.partMean), found.offset), placement };
  }
}

const axisOf = (operand: Value, result: Value, axis: number) => axis - result.shape.length + operand.shape.length;

const isRepeated = (operand: Value, result: Value, axis: number) =>
  (operand.shape[axisOf(operand, result, axis)] ?? 1) === 1;

/** Undefined if operands are divided along several axes of the result. */
function dividedAxis(result: ComputedValue, placements: readonly Placement[]) {
  const axes = placements.flatMap((placement, index) =>
    typeof placement === 'number' ? [axisOf(result, result.inputs[index]!, placement)] : [],
  );
  return axes.every((axis) => axis === axes[0]) ? axes[0] : undefined;
}

interface BatchStatistics extends Centering {
  variances: readonly Value[];
}

function statisticsIn(graph: Graph) {
  const found = new Map<Value, BatchStatistics>();
  for (const value of valuesOf(graph)) {
    const centering = matchVariance(value);
    if (centering === undefined) continue;
    const { variances = [] } = found.get(centering.mean) ?? {};
    found.set(centering.mean, { ...centering, variances: [...variances, value] });
  }
  return found;
}

const isJointly = (value: ComputedValue) => value.operator.name === 'Jointly';

function allReduceTogether(values: readonly Value[], ranks: number) {
  const named = Object.fromEntries(values.entries());
  const layout = flatLayout(mapValues(named, ({ shape }) => shape));
  return Object.values(unpack(allReduceSum(pack(named, layout), ranks), layout));
}

/** The rank's parts of whole values, computed if possible, else cut out. */
class Sharing {
  private readonly known = new Map<Value, Map<number, Value>>();

  constructor(private readonly ranks: number) {}

  of(value: Value, axis: number): Value {
    const byAxis = getOrCreate(this.known, value, () => new Map<number, Value>());
    const cutOut = () => alongFirstAxis(value, axis, (rows) => ownShare(rows, this.ranks));
    return getOrCreate(byAxis, axis, () => this.computed(value, axis) ?? cutOut());
  }

  private computed(value: Value, axis: number) {
    const splat = splatValue(value);
    const shape = partOf(value.shape, axis, this.ranks);
    if (splat !== undefined) return constant(new Float32Array(sizeOf(shape)).fill(splat), shape);
    if (value.kind !== 'computed') return undefined;
    const [x] = value.inputs;
    if (value.operator.name === 'AllGather' && axis === 0) return x;
    if (value.operator.name === 'Expand' && isRepeated(x, value, axis)) return expand(x, shape);
    return this.distributed(value, axis) ?? this.elementwise(value, axis);
  }

  private distributed(value: ComputedValue, axis: number) {
    const { operator, inputs, attributes } = value;
    for (const [divided, size] of inputs[0].shape.entries()) {
      if (size % this.ranks !== 0) continue;
      const placements: Operands<Placement> = [divided, ...inputs.slice(1).map(() => 'whole' as const)];
      const found = operator.distribute?.(placements, { value, attributes, ranks: this.ranks });
      if (found?.result !== axis) continue;
      const operands = inputs.map((operand, index) =>
        typeof found.operands[index] === 'number' ? this.of(operand, found.operands[index]) : operand,
      );
      return apply(operator, operands, found.attributes ?? attributes);
    }
    return undefined;
  }

  private elementwise(value: ComputedValue, axis: number) {
    const { operator, inputs, attributes } = value;
    if (!operator.elementwise || operator.domain !== undefined) return undefined;
    const operands = inputs.map((operand) =>
      isRepeated(operand, value, axis) ? operand : this.of(operand, axisOf(operand, value, axis)),
    );
    return apply(operator, operands, attributes);
  }
}

function alongFirstAxis(value: Value, axis: number, change: (rows: Value) => Value) {
  const order = [...value.shape.keys()];
  const front = [axis, ...order.filter((index) => index !== axis)];
  const changed = change(transpose(cast(value, 'float32'), front));
  const back = order.map((index) => front.indexOf(index));
  return cast(transpose(changed, back), value.type);
}
