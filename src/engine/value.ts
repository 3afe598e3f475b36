import { type Shape, ShapeError, showShape, sizeOf } from './shape.js';

/** Element types that values can have; arithmetic and gradients are float32. Constants are stored as float16 and int8 to make files smaller. */
export type ElementType = 'float32' | 'int64' | 'uint8' | 'bool' | 'float16' | 'int8';

/** The array that holds the elements of each type outside the graph. */
interface ElementArrays {
  float32: Float32Array;
  int64: BigInt64Array;
  uint8: Uint8Array;
  bool: Uint8Array;
  /** The bits of each number. */
  float16: Uint16Array;
  int8: Int8Array;
}
export type ElementArray = ElementArrays[ElementType];

/** The class of that array. */
export const ARRAY_OF: Readonly<Record<ElementType, new (length: number) => ElementArray>> = {
  float32: Float32Array,
  int64: BigInt64Array,
  uint8: Uint8Array,
  bool: Uint8Array,
  float16: Uint16Array,
  int8: Int8Array,
};

/** ONNX's numbers of the element types (TensorProto.DataType). */
export const ELEMENT_CODES: Readonly<Record<ElementType, number>> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int64: 7,
  bool: 9,
  float16: 10,
};

/** The type and shape of a tensor. */
export interface TensorType {
  readonly type: ElementType;
  readonly shape: Shape;
}

/** A tensor with its elements, row-major. */
export interface TensorData<T extends ElementType = ElementType> {
  readonly type: T;
  readonly shape: Shape;
  readonly data: ElementArrays[T];
}

export type AttributeValue = number | string | readonly number[];
export type Attributes = Readonly<Record<string, AttributeValue>>;

/**
 * A symbolic tensor: a graph input, a constant, or the result of an operator on other values. Values are immutable and know their
 * type and shape; a graph is nothing but the values that its outputs reach.
 */
export type Value = InputValue | ConstantValue | ComputedValue;

export interface InputValue extends TensorType {
  readonly kind: 'input';
  readonly name: string;
}

export interface ConstantValue extends TensorType {
  readonly kind: 'constant';
  /** Its name in ONNX files, if it has one. */
  readonly name?: string;
  readonly data: ElementArray;
}

export interface ComputedValue extends TensorType {
  readonly kind: 'computed';
  readonly operator: Operator;
  readonly inputs: readonly Value[];
  readonly attributes: Attributes;
}

/**
 * An ONNX operator with one output: everything the engine knows of it. A new operator is one file in `operators/` with an object of this
 * kind and a function that applies it; nothing else changes. Optional members describe what the engine may exploit.
 */
export interface Operator<A extends Attributes = Attributes> {
  /** The ONNX name, `Conv`. */
  readonly name: string;
  /** The ONNX operator set; absent for the standard one. */
  readonly domain?: string;
  /** Attributes that ONNX stores as floats; all others are integers or strings. */
  readonly floatAttributes?: readonly string[];
  /**
   * Returns the type and shape of the result.
   * @throws {ShapeError} if the inputs do not fit; see `throwShapeError`
   */
  infer(inputs: readonly Value[], attributes: A): TensorType;
  /**
   * For each input a thunk that builds its gradient from the gradient of the output, or null if none flows (the derivative is zero or the
   * input is not a real number). Absent if the operator cannot be differentiated: `gradients` throws when it reaches one.
   */
  gradient?(at: GradientContext<A>): readonly (GradientThunk | null)[];
  /** Attributes that ONNX takes as further inputs (a shape, axes), as constants after the inputs proper. These attributes are not encoded. */
  parameters?(attributes: A): { readonly constants: readonly ConstantValue[]; readonly encoded: readonly string[] };
  /** The same result in other operators, for an operator that is differentiated as a whole but computed in parts: lowering replaces it. */
  decomposition?(inputs: readonly Value[], attributes: A): Value;
  /** Returns the elements of the result for constant inputs, for constant folding. */
  evaluate?(inputs: readonly ConstantValue[], result: TensorType, attributes: A): ElementArray;
  /** Returns a cheaper value with exactly the same elements, or undefined if there is none. */
  simplify?(value: ComputedValue): Value | undefined;
  /** Floating-point operations, a multiply-accumulate counting as two. Default: one per element of an elementwise result, 0 otherwise. */
  flops?(inputs: readonly Value[], attributes: A, output: TensorType): number;

  /**
   * True if each element of the result depends on the elements of the operands at the same position, and on operands of a single element.
   * Elements may then be stored in a different order. Also true for an operator that combines the same element of several processes.
   */
  readonly elementwise?: boolean;
  /** True for an elementwise operator without `evaluate` that returns 0 if all its elements are 0. */
  readonly keepsZero?: boolean;
  /** True if ONNX Runtime computes the result in one pass and may write it over an operand of the same size. */
  readonly inPlace?: boolean;
  /**
   * For an elementwise operator, the element of the result when some elements of its operands are not known before a run. `evaluate` is used
   * if all are known.
   */
  partialEvaluate?(elements: readonly PartialElement[]): number | undefined;
  /** Parameters of the activation of this name that a blocked convolution applies in its last pass; absent if it has no such activation. */
  epilogue?(attributes: A): readonly number[];
  /**
   * How ranks compute the operator when they hold its operands in parts. `distribute.ts` converts operands to the placements that it returns. Absent
   * for most elementwise operators, which `distribute.ts` divides itself. If any other operator has no such member, or it returns undefined, every rank
   * computes the operator from whole operands.
   * @param operands the placement of each operand, not all of them whole
   */
  distribute?(operands: readonly Placement[], at: DistributionContext<A>): Distribution | undefined;
  /**
   * Builds the operator on feature maps with blocked channels, so that they need not be converted. Elementwise operators need no hook.
   * @param operands memory [C / P, H, W, N P] of each input [N, C, H, W], channels in blocks of P that are filled up with any finite values
   * @returns memory of the result in the same layout, or undefined if it must be computed in the canonical layout
   */
  blocked?(operands: readonly Value[], at: BlockedContext<A>): Value | undefined;
}

/** What ranks hold of a tensor: each all of it, each a summand of it, or each its part along the axis of this number, in the order of ranks. */
export type Placement = 'whole' | 'summand' | number;

/** What `Operator.distribute` is called with besides the placements of the operands. */
interface DistributionContext<A extends Attributes = Attributes> {
  /** The operator's application, with whole shapes. */
  readonly value: ComputedValue;
  readonly attributes: A;
  readonly ranks: number;
}

/** An operator applied to what each rank holds. */
export interface Distribution {
  /** The placements that the operands must have. */
  readonly operands: readonly Placement[];
  /** The placement that the result then has. */
  readonly result: Placement;
  /** The attributes for the part, if they differ. */
  readonly attributes?: Attributes;
  /** A factor of the result, by default 1. */
  readonly scale?: number;
}

/** An element before a run: a number, `finite` for an unknown one that is finite and not 0, or undefined for any. */
type PartialElement = number | 'finite' | undefined;

/** What `Operator.blocked` is called with besides its operands. */
interface BlockedContext<A extends Attributes = Attributes> {
  /** The operator's application, with the shapes [N, C, H, W] of inputs and output. */
  readonly value: ComputedValue;
  readonly attributes: A;
}

export type GradientThunk = () => Value;

/** What a gradient rule sees: the operator's application and the gradient of the loss with respect to its output. */
export interface GradientContext<A extends Attributes = Attributes> {
  readonly inputs: readonly Value[];
  readonly output: ComputedValue;
  readonly attributes: A;
  readonly gradient: Value;
}

/** A named input of the graph. Names are unique within a graph; `Graph` checks it. */
export function input(name: string, shape: Shape, type: ElementType = 'float32'): InputValue {
  if (shape.some((size) => !Number.isInteger(size) || size < 1)) {
    throw new ShapeError(`input ${name}: shape ${showShape(shape)} has a size that is not a positive integer`);
  }
  return { kind: 'input', name, type, shape };
}

/**
 * A tensor known when the graph is built; its data is not copied and must not change afterwards.
 * @param name its name in ONNX files, unique in a graph; by default it is numbered
 */
export function constantTensor<T extends ElementType>(
  { type, shape, data }: TensorData<T>,
  name?: string,
): ConstantValue {
  if (data.length !== sizeOf(shape)) {
    throw new ShapeError(`constant: ${data.length} elements do not fill the shape ${showShape(shape)}`);
  }
  return { kind: 'constant', type, shape, data, ...(name === undefined ? {} : { name }) };
}

/** A float32 scalar, or a float32 tensor of the given elements and shape (by default a vector). */
export function constant(elements: number | readonly number[] | Float32Array, shape?: Shape): ConstantValue {
  const data = typeof elements === 'number' ? Float32Array.of(elements) : Float32Array.from(elements);
  return constantTensor({ type: 'float32', shape: shape ?? (typeof elements === 'number' ? [] : [data.length]), data });
}

/** The single element of a constant whose elements are all equal, or undefined. */
export function splatValue(value: Value): number | undefined {
  if (value.kind !== 'constant' || value.type !== 'float32' || value.data.length === 0) return undefined;
  const first = Number(value.data[0]);
  return (value.data as Float32Array).every((element) => element === first) ? first : undefined;
}
