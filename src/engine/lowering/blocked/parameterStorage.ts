import type { Graph } from '../../graph.js';
import { apply } from '../../operator.js';
import { concat, reduceSum, reshape } from '../../operators/index.js';
import { sameShape, sizeOf } from '../../shape.js';
import {
  type ComputedValue,
  constant,
  type ConstantValue,
  input,
  type InputValue,
  splatValue,
  type Value,
} from '../../value.js';
import { nextName, type StateLayout } from '../state.js';
import type { Convolution } from '../convolution.js';
import { type ConvolutionPlan, matchConvolution } from './convolutionPlan.js';
import type { RowsOf } from './convolve.js';
import {
  assignVectorLayouts,
  fillRowsWithZeros,
  fillWithZeros,
  fromStored,
  isElementwiseVector,
  isTotal,
  kernelOfStored,
  pieceOfStored,
  sameKernel,
  type Segment,
  stateLayout,
  storeVector,
  type VectorLayout,
} from './flatVectors.js';
import { kernelFromRows, type KernelType } from './kernels.js';

/** The graph that is being lowered, as storage sees it. */
export interface LoweringContext {
  readonly graph: Graph;
  readonly consumersOf: (value: Value) => readonly ComputedValue[];
  readonly planOf: (convolution: Convolution) => ConvolutionPlan;
  /** A value in the canonical layout. */
  readonly plain: (value: Value) => Value;
}

/** A kernel as rows. */
interface Rows {
  readonly rows: Value;
  readonly kernel: KernelType;
}

/** State vectors in their own order, and the kernels in them as rows. */
export class ParameterStorage {
  private readonly layouts: ReadonlyMap<Value, VectorLayout>;
  private readonly vectors = new Map<Value, Value>();
  /** Kernels, their gradients, and what elementwise operators make of them, as rows. */
  private readonly rows = new Map<Value, Rows>();
  /** Those of them that have zeros where a block is only filled because they are stored so. */
  private readonly filledRows = new Set<Value>();
  private readonly padding = new Padding((value) => this.isFilled(value));

  constructor(private readonly context: LoweringContext) {
    const { graph, consumersOf } = context;
    this.layouts = assignVectorLayouts(graph, consumersOf, (piece) => this.kernelOf(piece));
  }

  /** The orders of the graph's inputs that have one. */
  get stateLayouts(): ReadonlyMap<string, StateLayout> {
    const stored = this.context.graph.inputs.filter((value) => this.layouts.has(value));
    return new Map(stored.map((value) => [value.name, stateLayout(this.layouts.get(value)!)]));
  }

  /** An input as the lowered graph declares it. */
  inputOf(value: InputValue): InputValue {
    return (this.vectors.get(value) as InputValue | undefined) ?? value;
  }

  /** The next value of a state vector that has an order of its own; undefined for all other outputs. */
  nextState(name: string, value: Value): Value | undefined {
    const state = this.context.graph.inputs.find((each) => nextName(each.name) === name);
    const layout = state && this.layouts.get(state);
    if (layout === undefined) return undefined;
    return this.layouts.get(value) === layout ? this.filled(value) : storeVector(this.context.plain(value), layout);
  }

  /** Lowers a vector that has an order of its own; false for every other value. */
  lowerVector(value: Value): boolean {
    const layout = this.layouts.get(value);
    if (layout)
      this.vectors.set(
        value,
        value.kind === 'input' ? input(value.name, [layout.storedSize]) : this.compute(value as ComputedValue, layout),
      );
    return layout !== undefined;
  }

  /** A vector that has an order of its own in the plain one. */
  plainVector(value: Value): Value | undefined {
    const stored = this.vectors.get(value);
    return stored && fromStored(stored, this.layouts.get(value)!);
  }

  private compute(value: ComputedValue, layout: VectorLayout): Value {
    const { operator, inputs, attributes } = value;
    if (!isElementwiseVector(value))
      return concat(
        inputs.map((piece, index) => this.store(piece, layout.segments[index]!)),
        0,
      );
    const operands = inputs.map((operand) => {
      const plain = () => this.context.plain(operand);
      return this.vectors.get(operand) ?? (sizeOf(operand.shape) === 1 ? plain() : storeVector(plain(), layout));
    });
    return apply(operator, operands, attributes);
  }

  /** A tensor as it is stored in a vector. */
  private store(flat: Value, segment: Segment): Value {
    const rows = segment.kernel && this.rowsAs(flat, segment.kernel);
    return rows ? reshape(rows, [segment.storedLength]) : pieceOfStored(this.context.plain(flat), segment);
  }

  /** The rows of a kernel, with zeros where a block is only filled, if they are known and those of this type. */
  private rowsAs(value: Value, type: KernelType): Value | undefined {
    const known = this.rows.get(value);
    if (known === undefined || !sameKernel(known.kernel, type)) return undefined;
    return this.padding.of(value) === 0 ? known.rows : fillRowsWithZeros(known.rows, type);
  }

  /** Whether a value of several elements has zeros in its padding because of how it is stored. */
  private isFilled(value: Value): boolean {
    if (this.rows.has(value)) return this.filledRows.has(value);
    return !this.layouts.has(value) || !isElementwiseVector(value);
  }

  /** A vector with zeros in its padding. */
  private filled(value: Value): Value {
    const stored = this.vectors.get(value)!;
    return this.padding.of(value) === 0 ? stored : fillWithZeros(stored, this.layouts.get(value)!);
  }

  /** A piece of a vector, in the plain order; a kernel's rows are remembered for its convolutions. */
  pieceOfVector(value: ComputedValue): Value | undefined {
    const layout = value.operator.name === 'Slice' ? this.layouts.get(value.inputs[0]!) : undefined;
    const { start, end, step } = value.attributes;
    const segment = layout?.segments.find(
      (each) => each.start === start && each.start + each.length === end && step === 1,
    );
    if (segment === undefined) return undefined;
    const { kernel } = segment;
    const piece = kernelOfStored(kernel ? this.filled(value.inputs[0]!) : this.vectors.get(value.inputs[0]!)!, segment);
    if (kernel === undefined) return piece;
    this.setFilledRows(value, piece, kernel);
    return reshape(kernelFromRows(piece, kernel), value.shape);
  }

  /** The sum of all elements of a vector, taken in its own order, or of a kernel's rows. */
  total(value: ComputedValue): Value | undefined {
    const [operand] = value.inputs;
    const known = operand && this.rows.get(operand);
    if (known && value.operator.name === 'ReduceSum' && sizeOf(value.shape) === 1)
      return reshape(reduceSum(this.rowsAs(operand, known.kernel)!, [0, 1]), value.shape);
    const isKnown = isTotal(value) && this.layouts.has(value.inputs[0]!);
    return isKnown ? apply(value.operator, [this.filled(value.inputs[0]!)], value.attributes) : undefined;
  }

  /** A kernel's rows: a piece of a state vector, or computed from the plain kernel. */
  rowsOf(kernel: Value): RowsOf {
    return (group) => (group.own && this.rowsAs(kernel, group.own)) ?? group.rowsOf(this.context.plain(kernel));
  }

  /** Remembers the rows of a kernel's gradient. They need zeros, because channels that only fill a block hold any values in feature maps. */
  rememberRows(gradient: Value, rows: Value, kernel: KernelType): void {
    this.setFilledRows(gradient, fillRowsWithZeros(rows, kernel), kernel);
  }

  private setFilledRows(value: Value, rows: Value, kernel: KernelType): void {
    this.rows.set(value, { rows, kernel });
    this.filledRows.add(value);
  }

  /** Adds the result of an elementwise operator or Reshape on kernels, as rows too. */
  addRows(value: ComputedValue): void {
    const { operator, inputs, attributes } = value;
    const known = inputs.map((operand) => this.rows.get(operand));
    const first = known.find((rows) => rows !== undefined);
    if (first === undefined) return;
    if (operator.name === 'Reshape')
      return this.setFilledRows(value, this.rowsAs(inputs[0]!, first.kernel)!, first.kernel);
    const fits = (operand: Value, index: number) =>
      sizeOf(operand.shape) === 1 ||
      (known[index] && sameKernel(known[index].kernel, first.kernel) && sameShape(operand.shape, value.shape));
    if (!operator.elementwise || !inputs.every(fits)) return;
    const operands = inputs.map((operand, index) => known[index]?.rows ?? reshape(this.context.plain(operand), []));
    this.rows.set(value, { rows: apply(operator, operands, attributes), kernel: first.kernel });
  }

  /** The kernel that a piece of a vector is reshaped to, if it serves as nothing else and always by the same rows. */
  private kernelOf(piece: ComputedValue): KernelType | undefined {
    const { consumersOf, planOf } = this.context;
    const [kernel, ...others] = consumersOf(piece);
    if (kernel?.operator.name !== 'Reshape' || others.length > 0) return undefined;
    const types = consumersOf(kernel).map((consumer) => {
      const convolution = matchConvolution(consumer);
      return convolution?.kernel === kernel ? planOf(convolution).kernelGroups[0]?.own : undefined;
    });
    return types[0] && types.every((type) => sameKernel(type, types[0])) ? types[0] : undefined;
  }
}

/** What elements that only fill blocks become under elementwise operators, if that is known without running anything. */
class Padding {
  private readonly known = new Map<Value, number | undefined>();

  /** @param isFilled whether a value of several elements is stored with zeros in its padding, whatever it is made of */
  constructor(private readonly isFilled: (value: Value) => boolean) {}

  /** The elements of the padding; of a value of one element, that one. Undefined if they are not known. */
  of(value: Value): number | undefined {
    if (!this.known.has(value)) this.known.set(value, this.find(value));
    return this.known.get(value);
  }

  private find(value: Value): number | undefined {
    if (sizeOf(value.shape) === 1) return splatValue(value);
    if (this.isFilled(value)) return 0;
    return value.kind === 'computed' && value.operator.elementwise ? this.result(value) : undefined;
  }

  private result(value: ComputedValue): number | undefined {
    const { operator, inputs } = value;
    const elements = inputs.map((operand) => this.of(operand));
    const isScalar = (index: number) => sizeOf(inputs[index]!.shape) === 1;
    // Scalars that only a run knows are assumed to be finite, and not 0 as divisors: otherwise nothing else is finite either.
    const known = operator.partialEvaluate?.(
      elements.map((element, index) => element ?? (isScalar(index) ? 'finite' : undefined)),
    );
    if (known !== undefined) return known;
    return operator.keepsZero && inputs.every((_, index) => isScalar(index) || elements[index] === 0)
      ? 0
      : evaluated(value, elements);
  }
}

/** What an operator makes of single elements that are all known. */
function evaluated(
  { operator, inputs, attributes, type }: ComputedValue,
  elements: readonly (number | undefined)[],
): number | undefined {
  if (operator.evaluate === undefined || type !== 'float32' || inputs.some((operand) => operand.type !== 'float32'))
    return undefined;
  const constants = elements.flatMap((element): ConstantValue[] =>
    element === undefined ? [] : [constant([element])],
  );
  if (constants.length < inputs.length) return undefined;
  const result = Number(operator.evaluate(constants, { type, shape: [1] }, attributes)[0]);
  return Number.isFinite(result) ? result : undefined;
}
