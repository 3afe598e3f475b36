import { type Shape, ShapeError, showShape, sizeOf } from './shape.js';

/** Element types. Arithmetic and gradients are float32; float16 and int8 make constants smaller in files. */
export type ElementType = 'float32' | 'int64' | 'uint8' | 'bool' | 'float16' | 'int8';

interface ElementArrays {
  float32: Float32Array;
  int64: BigInt64Array;
  uint8: Uint8Array;
  bool: Uint8Array;
  /** The bits of each element. */
  float16: Uint16Array;
  int8: Int8Array;
}
export type ElementArray = ElementArrays[ElementType];

/** The class of the array that holds elements of a type outside the graph. */
export const ARRAY_OF: Readonly<Record<ElementType, new (length: number) => ElementArray>> = {
  float32: Float32Array,
  int64: BigInt64Array,
  uint8: Uint8Array,
  bool: Uint8Array,
  float16: Uint16Array,
  int8: Int8Array,
};

/** ONNX's codes of the element types (TensorProto.DataType). */
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
 * A symbolic tensor: a graph input, a constant, or the result of an operator. Values are immutable. A graph consists of
 * the values that its outputs reach.
 */
export type Value = InputValue | ConstantValue | ComputedValue;

export interface InputValue extends TensorType {
  readonly kind: 'input';
  readonly name: string;
}

export interface ConstantValue extends TensorType {
  readonly kind: 'constant';
  /** Its name in ONNX files. */
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
 * An ONNX operator with one output: everything the engine knows about it. A new operator is one file in `operators/`,
 * with an object of this type and a function that applies it. Optional members describe what the engine may exploit.
 */
export interface Operator<A extends Attributes = Attributes> {
  /** The ONNX name, such as `Conv`. */
  readonly name: string;
  /** The ONNX operator set (default: the standard one). */
  readonly domain?: string;
  /** Attributes that ONNX stores as floats; all others are integers or strings. */
  readonly floatAttributes?: readonly string[];
  /**
   * Returns the type and shape of the result.
   * @throws {ShapeError} if the inputs do not fit; see `throwShapeError`
   */
  infer(inputs: readonly Value[], attributes: A): TensorType;
  /**
   * Returns, for each input, a thunk that builds its gradient, or null if the derivative is zero or the input is not a
   * real number. Without this member, the operator cannot be differentiated.
   */
  gradient?(at: GradientContext<A>): readonly (GradientThunk | null)[];
  /** Attributes that ONNX takes as further inputs, and the names of all attributes that are not encoded. */
  parameters?(attributes: A): { readonly constants: readonly ConstantValue[]; readonly encoded: readonly string[] };
  /**
   * Returns the same result in other operators, for an operator that is differentiated as a whole. Lowering uses it.
   */
  decomposition?(inputs: readonly Value[], attributes: A): Value;
  /** Returns the elements of the result for constant inputs, for constant folding. */
  evaluate?(inputs: readonly ConstantValue[], result: TensorType, attributes: A): ElementArray;
  /** Returns a cheaper value with exactly the same elements, or undefined if there is none. */
  simplify?(value: ComputedValue): Value | undefined;
  /** Returns floating-point operations (default: one per element of an elementwise result, else 0). */
  flops?(inputs: readonly Value[], attributes: A, output: TensorType): number;

  /**
   * True if each element of the result depends only on the operands' elements at the same position, and on operands of
   * a single element. Elements may then be stored in a different order. Also true for operators that combine the same
   * element of several processes.
   */
  readonly elementwise?: boolean;
  /** True for an elementwise operator without `evaluate` that maps zeros to 0. */
  readonly keepsZero?: boolean;
  /** True if ONNX Runtime computes the result in one pass and may write it over an operand of the same size. */
  readonly inPlace?: boolean;
  /** Returns an element of an elementwise result if some elements of its operands are unknown before a run. */
  partialEvaluate?(elements: readonly PartialElement[]): number | undefined;
  /** Returns parameters of the activation of this name that a blocked convolution can apply in its last pass. */
  epilogue?(attributes: A): readonly number[];
  /**
   * Returns how ranks compute the operator from divided operands; `distribute.ts` converts operands to the returned
   * placements. It also divides most elementwise operators, which lack this member. If any other operator lacks it, or
   * it returns undefined, every rank computes the operator from whole operands.
   * @param operands the placement of each operand, not all of them whole
   */
  distribute?(operands: readonly Placement[], at: DistributionContext<A>): Distribution | undefined;
  /**
   * Builds the operator on feature maps with blocked channels. Elementwise operators need no hook.
   * @param operands memory [C / P, H, W, N P] of each input [N, C, H, W]: channels in blocks of P, filled up with any
   * finite values
   * @returns memory of the result in the same layout, or undefined if it must be computed in the canonical layout
   */
  blocked?(operands: readonly Value[], at: Application<A>): Value | undefined;
}

/** The part of a tensor that each rank holds: all of it, a summand of it, or its slice along this axis. */
export type Placement = 'whole' | 'summand' | number;

/** An operator's application, with the shapes of whole tensors in the canonical layout. */
interface Application<A extends Attributes = Attributes> {
  readonly value: ComputedValue;
  readonly attributes: A;
}

interface DistributionContext<A extends Attributes = Attributes> extends Application<A> {
  readonly ranks: number;
}

/** An operator applied to each rank's part of its operands. */
export interface Distribution {
  /** The placements that the operands must have. */
  readonly operands: readonly Placement[];
  /** The placement that the result then has. */
  readonly result: Placement;
  /** The attributes for the part, if they differ. */
  readonly attributes?: Attributes;
  /** A factor of the result (default: 1). */
  readonly scale?: number;
}

/** An element before a run: a number, `finite` for an unknown one that is finite and not 0, or undefined for any. */
type PartialElement = number | 'finite' | undefined;

export type GradientThunk = () => Value;

/** The application of an operator, and the gradient of the loss with respect to its output. */
export interface GradientContext<A extends Attributes = Attributes> {
  readonly inputs: readonly Value[];
  readonly output: ComputedValue;
  readonly attributes: A;
  readonly gradient: Value;
}

/** Creates a named input. `graphOf` requires unique names. */
export function input(name: string, shape: Shape, type: ElementType = 'float32'): InputValue {
  if (shape.some((size) => !Number.isInteger(size) || size < 1)) {
    throw new ShapeError(`input ${name}: shape ${showShape(shape)} has a size that is not a positive integer`);
  }
  return { kind: 'input', name, type, shape };
}

/**
 * Creates a constant. Its data is not copied and must not change.
 * @param name its name in ONNX files, unique in a graph (default: a number)
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

/** Creates a float32 scalar, or a float32 tensor of this shape (default: a vector). */
export function constant(elements: number | readonly number[] | Float32Array, shape?: Shape): ConstantValue {
  const data = typeof elements === 'number' ? Float32Array.of(elements) : Float32Array.from(elements);
  return constantTensor({ type: 'float32', shape: shape ?? (typeof elements === 'number' ? [] : [data.length]), data });
}

/** Returns the element of a float32 constant whose elements are all equal, else undefined. */
export function splatValue(value: Value): number | undefined {
  if (value.kind !== 'constant' || value.type !== 'float32' || value.data.length === 0) return undefined;
  const first = Number(value.data[0]);
  return (value.data as Float32Array).every((element) => element === first) ? first : undefined;
}
