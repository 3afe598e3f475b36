import type { Graph } from '../../graph.js';
import { apply } from '../../operator.js';
import { add, concat, reshape, slice } from '../../operators/index.js';
import { sameShape } from '../../shape.js';
import { type ComputedValue, input, type InputValue, type Value } from '../../value.js';
import type { StateLayout } from '../stateLayout.js';
import { type Connected, type Convolution, convolutionOf } from './connections.js';
import type { RowsOf } from './convolve.js';
import { kernelFromRows, kernelRows, kernelRowsCount, type KernelType } from './kernels.js';
import { assignVectorLayouts, isTotal, type Segment, stateLayout, type VectorLayout } from './vectors.js';

/** What storage has to know of the graph that is being lowered. */
export interface Surroundings {
  readonly graph: Graph;
  readonly consumersOf: (value: Value) => readonly ComputedValue[];
  readonly connected: (convolution: Convolution) => Connected;
  /** A value in plain memory. */
  readonly plain: (value: Value) => Value;
}

/** State vectors in their own order, and the kernels in them as rows. */
export class Storage {
  private readonly layouts: ReadonlyMap<Value, VectorLayout>;
  private readonly vectors = new Map<Value, Value>();
  /** Kernels and their gradients as rows. */
  private readonly rows = new Map<Value, Value>();

  constructor(private readonly surroundings: Surroundings) {
    const { graph, consumersOf } = surroundings;
    this.layouts = assignVectorLayouts(graph, consumersOf, (piece) => this.kernelOf(piece));
  }

  /** The orders of the graph's inputs that have one. */
  get stateLayouts(): ReadonlyMap<string, StateLayout> {
    const stored = this.surroundings.graph.inputs.filter((value) => this.layouts.has(value));
    return new Map(stored.map((value) => [value.name, stateLayout(this.layouts.get(value)!)]));
  }

  /** A vector in its own order, if it has one. */
  vector(value: Value): Value | undefined {
    return this.vectors.get(value);
  }

  /** An input as the lowered graph declares it. */
  inputOf(value: InputValue): InputValue {
    return (this.vectors.get(value) as InputValue | undefined) ?? value;
  }

  /** Lowers a vector that has an order of its own; false for every other value. */
  lowerVector(value: Value): boolean {
    const layout = this.layouts.get(value);
    if (layout) this.vectors.set(value, value.kind === 'input' ? input(value.name, [layout.storedSize]) : this.compute(value as ComputedValue, layout));
    return layout !== undefined;
  }

  private compute({ operator, inputs, attributes }: ComputedValue, { segments }: VectorLayout): Value {
    if (operator.name === 'Concat') {
      const pieces = segments.map((segment, index) => this.store(inputs[index]!, segment));
      return concat(pieces, 0);
    }
    const operands = inputs.map((operand) => this.vectors.get(operand) ?? this.surroundings.plain(operand));
    return apply(operator, operands, attributes);
  }

  /** A tensor as it lies in a vector. */
  private store(flat: Value, { kernel, storedLength }: Segment): Value {
    if (kernel === undefined) return this.surroundings.plain(flat);
    const source = flat.kind === 'computed' && flat.operator.name === 'Reshape' ? flat.inputs[0]! : flat;
    const { small, big, height, width } = kernel;
    const rows = this.rows.get(source) ?? kernelRows(reshape(this.surroundings.plain(flat), [small, big, height, width]), kernel);
    return reshape(rows, [storedLength]);
  }

  /** A piece of a vector, in the plain order; a kernel's rows are remembered for its convolutions. */
  pieceOfVector(value: ComputedValue): Value | undefined {
    const layout = value.operator.name === 'Slice' ? this.layouts.get(value.inputs[0]!) : undefined;
    const segment = layout?.segments.find(({ start }) => start === value.attributes.start);
    if (segment === undefined) return undefined;
    const { offset, storedLength, kernel } = segment;
    const stored = slice(this.vectors.get(value.inputs[0]!)!, 0, offset, offset + storedLength);
    if (kernel === undefined) return stored;
    const rows = reshape(stored, [kernelRowsCount(kernel), kernel.block ** 2]);
    for (const reshaped of this.surroundings.consumersOf(value)) this.rows.set(reshaped, rows);
    return reshape(kernelFromRows(rows, kernel), value.shape);
  }

  /** The sum of all elements of a vector, taken in its own order. */
  totalOfVector(value: ComputedValue): Value | undefined {
    const vector = isTotal(value) ? this.vectors.get(value.inputs[0]!) : undefined;
    return vector && apply(value.operator, [vector], value.attributes);
  }

  /** A kernel's rows: a piece of a state vector as it lies, or made of the plain kernel. */
  rowsOf(kernel: Value): RowsOf {
    return (connection) => (connection.own ? this.rows.get(kernel) : undefined) ?? connection.rowsOf(this.surroundings.plain(kernel));
  }

  /** Remembers the rows of a kernel's gradient. */
  rememberRows(gradient: Value, rows: Value): void {
    this.rows.set(gradient, rows);
  }

  /** Gradients of a kernel that serves several times add up as rows. */
  addRows(value: ComputedValue): void {
    const [a, b] = value.inputs;
    const [left, right] = [a && this.rows.get(a), b && this.rows.get(b)];
    if (value.operator.name === 'Add' && left && right && sameShape(a!.shape, b!.shape)) this.rows.set(value, add(left, right));
  }

  /** The kernel that a piece of a vector is reshaped to, if it serves as nothing else and always by the same rows. */
  private kernelOf(piece: ComputedValue): KernelType | undefined {
    const { consumersOf, connected } = this.surroundings;
    const [kernel, ...others] = consumersOf(piece);
    if (kernel?.operator.name !== 'Reshape' || others.length > 0) return undefined;
    const types = consumersOf(kernel).map((consumer) => {
      const convolution = convolutionOf(consumer);
      return convolution?.kernel === kernel ? connected(convolution).connections[0]?.own : undefined;
    });
    return types[0] && types.every((type) => JSON.stringify(type) === JSON.stringify(types[0])) ? types[0] : undefined;
  }
}
