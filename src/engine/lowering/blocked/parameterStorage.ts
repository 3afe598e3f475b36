import { getOrCreate, type Graph } from '../../graph.js';
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
import type { Convolution } from '../convolution.js';
import { nextName, type StateLayout } from '../state.js';
import { type ConvolutionPlan, matchConvolution } from './convolutionPlan.js';
import type { RowsOf } from './convolve.js';
import {
  assignVectorLayouts,
  commonKernel,
  fillRowsWithZeros,
  fillWithZeros,
  fromStored,
  isElementwiseVector,
  kernelOfStored,
  pieceOfStored,
  sameKernel,
  type Segment,
  stateLayout,
  storeVector,
  type VectorLayout,
} from './flatVectors.js';
import { kernelFromRows, type KernelType } from './kernels.js';

interface Lowering {
  graph: Graph;
  consumersOf(value: Value): readonly ComputedValue[];
  planOf(convolution: Convolution): ConvolutionPlan;
  plain(value: Value): Value;
}

export class ParameterStorage {
  private readonly layouts: ReadonlyMap<Value, VectorLayout>;
  private readonly vectors = new Map<Value, Value>();
  /** Kernels, their gradients, and what elementwise operators make of them. */
  private readonly rows = new Map<Value, { rows: Value; kernel: KernelType; isFilled: boolean }>();
  private readonly paddings = new Map<Value, number | undefined>();

  constructor(private readonly lowering: Lowering) {
    const { graph } = lowering;
    this.layouts = assignVectorLayouts(
      graph,
      (value) => lowering.consumersOf(value),
      (piece) => this.kernelOf(piece),
    );
  }

  get stateLayouts(): ReadonlyMap<string, StateLayout> {
    const { inputs } = this.lowering.graph;
    return new Map(
      inputs.flatMap((value) => {
        const layout = this.layouts.get(value);
        return layout ? [[value.name, stateLayout(layout)]] : [];
      }),
    );
  }

  inputOf(value: InputValue) {
    return (this.vectors.get(value) as InputValue | undefined) ?? value;
  }

  nextState(name: string, value: Value) {
    const state = this.lowering.graph.inputs.find((each) => nextName(each.name) === name);
    const layout = state && this.layouts.get(state);
    if (layout === undefined) return undefined;
    return this.layouts.get(value) === layout ? this.filled(value) : storeVector(this.lowering.plain(value), layout);
  }

  lowerVector(value: Value) {
    const layout = this.layouts.get(value);
    if (layout === undefined) return false;
    const isInput = value.kind === 'input';
    const stored = isInput ? input(value.name, [layout.storedSize]) : this.compute(value as ComputedValue, layout);
    this.vectors.set(value, stored);
    return true;
  }

  /** Undefined without an order of its own. */
  plainVector(value: Value) {
    const stored = this.vectors.get(value);
    return stored && fromStored(stored, this.layouts.get(value)!);
  }

  private compute(value: ComputedValue, layout: VectorLayout) {
    const { operator, inputs, attributes } = value;
    if (!isElementwiseVector(value)) {
      const pieces = inputs.map((piece, index) => this.store(piece, layout.segments[index]!));
      return concat(pieces, 0);
    }
    const operands = inputs.map((operand) => {
      const plain = () => this.lowering.plain(operand);
      return this.vectors.get(operand) ?? (sizeOf(operand.shape) === 1 ? plain() : storeVector(plain(), layout));
    });
    return apply(operator, operands, attributes);
  }

  private store(flat: Value, segment: Segment) {
    const rows = segment.kernel && this.rowsAs(flat, segment.kernel);
    return rows ? reshape(rows, [segment.storedLength]) : pieceOfStored(this.lowering.plain(flat), segment);
  }

  /** Returns rows with zeros in the padding, if they are known and of this type. */
  private rowsAs(value: Value, type: KernelType) {
    const known = this.rows.get(value);
    if (known === undefined || !sameKernel(known.kernel, type)) return undefined;
    return this.paddingOf(value) === 0 ? known.rows : fillRowsWithZeros(known.rows, type);
  }

  private filled(value: Value) {
    const stored = this.vectors.get(value)!;
    return this.paddingOf(value) === 0 ? stored : fillWithZeros(stored, this.layouts.get(value)!);
  }

  /** Returns a piece in the plain order, and remembers a kernel's rows for its convolutions. */
  pieceOfVector(value: ComputedValue) {
    const vector = value.inputs[0];
    const layout = value.operator.name === 'Slice' ? this.layouts.get(vector) : undefined;
    const { start, end, step } = value.attributes;
    const segment = layout?.segments.find(
      (each) => each.start === start && each.start + each.length === end && step === 1,
    );
    if (segment === undefined) return undefined;
    const { kernel } = segment;
    const piece = kernelOfStored(kernel ? this.filled(vector) : this.vectors.get(vector)!, segment);
    if (kernel === undefined) return piece;
    this.rows.set(value, { rows: piece, kernel, isFilled: true });
    return reshape(kernelFromRows(piece, kernel), value.shape);
  }

  /** The sum of a vector in its own order, or of a kernel's rows. */
  total({ operator, inputs: [operand], attributes, shape }: ComputedValue) {
    if (operator.name !== 'ReduceSum') return undefined;
    const known = this.rows.get(operand);
    if (known && sizeOf(shape) === 1) return reshape(reduceSum(this.rowsAs(operand, known.kernel)!, [0, 1]), shape);
    return this.layouts.has(operand) ? apply(operator, [this.filled(operand)], attributes) : undefined;
  }

  rowsOf(kernel: Value): RowsOf {
    return (group) => (group.own && this.rowsAs(kernel, group.own)) ?? group.rowsOf(this.lowering.plain(kernel));
  }

  /** Sets elements to 0 where channels of feature maps only fill a block. */
  rememberRows(gradient: Value, rows: Value, kernel: KernelType) {
    this.rows.set(gradient, { rows: fillRowsWithZeros(rows, kernel), kernel, isFilled: true });
  }

  /** Adds the result of an elementwise operator or Reshape on kernels, as rows too. */
  addRows(value: ComputedValue) {
    const { operator, inputs, attributes } = value;
    const known = inputs.map((operand) => this.rows.get(operand));
    const kernel = known.find((rows) => rows !== undefined)?.kernel;
    if (kernel === undefined) return;
    if (operator.name === 'Reshape') {
      this.rows.set(value, { rows: this.rowsAs(inputs[0], kernel)!, kernel, isFilled: true });
      return;
    }
    const fits = (operand: Value, index: number) =>
      sizeOf(operand.shape) === 1 ||
      (known[index] && sameKernel(known[index].kernel, kernel) && sameShape(operand.shape, value.shape));
    if (!operator.elementwise || !inputs.every(fits)) return;
    const operands = inputs.map((operand, index) => known[index]?.rows ?? reshape(this.lowering.plain(operand), []));
    this.rows.set(value, { rows: apply(operator, operands, attributes), kernel, isFilled: false });
  }

  /** The kernel that a piece is reshaped to, if it serves as nothing else, and always by the same rows. */
  private kernelOf(piece: ComputedValue) {
    const [kernel, ...others] = this.lowering.consumersOf(piece);
    if (kernel?.operator.name !== 'Reshape' || others.length > 0) return undefined;
    const types = this.lowering.consumersOf(kernel).map((consumer) => {
      const convolution = matchConvolution(consumer);
      return convolution?.kernel === kernel ? this.lowering.planOf(convolution).kernelGroups[0]?.own : undefined;
    });
    return commonKernel(types);
  }

  /** Elements of the padding, or a value's only element; undefined if unknown before a run. */
  private paddingOf(value: Value): number | undefined {
    return getOrCreate(this.paddings, value, () => this.findPadding(value));
  }

  private findPadding(value: Value) {
    if (sizeOf(value.shape) === 1) return splatValue(value);
    const rows = this.rows.get(value);
    if (rows ? rows.isFilled : !this.layouts.has(value) || !isElementwiseVector(value)) return 0;
    return value.kind === 'computed' && value.operator.elementwise ? this.paddingOfResult(value) : undefined;
  }

  private paddingOfResult(value: ComputedValue) {
    const { operator, inputs } = value;
    const elements = inputs.map((operand) => this.paddingOf(operand));
    const isScalar = (index: number) => sizeOf(inputs[index]!.shape) === 1;
    // Unknown scalars count as finite, and not 0 as divisors: otherwise nothing else is finite either.
    const known = operator.partialEvaluate?.(
      elements.map((element, index) => element ?? (isScalar(index) ? 'finite' : undefined)),
    );
    if (known !== undefined) return known;
    return operator.keepsZero && inputs.every((_, index) => isScalar(index) || elements[index] === 0)
      ? 0
      : evaluated(value, elements);
  }
}

function evaluated(
  { operator, inputs, attributes, type }: ComputedValue,
  elements: readonly (number | undefined)[],
): number | undefined {
  if (operator.evaluate === undefined || type !== 'float32' || inputs.some((operand) => operand.type !== 'float32'))
    return undefined;
  const constants = elements.flatMap((element) => (element === undefined ? [] : [constant([element])]));
  if (constants.length < inputs.length) return undefined;
  const result = Number(
    operator.evaluate(constants as [ConstantValue, ...ConstantValue[]], { type, shape: [1] }, attributes)[0],
  );
  return Number.isFinite(result) ? result : undefined;
}
