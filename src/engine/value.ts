import { type Shape, ShapeError, showShape, sizeOf } from './shape.js';

/** Element types that values can have; arithmetic and gradients are float32. */
export type ElementType = 'float32' | 'int64' | 'uint8' | 'bool';

/** The array that holds the elements of each type outside the graph. */
interface ElementArrays {
  float32: Float32Array;
  int64: BigInt64Array;
  uint8: Uint8Array;
  bool: Uint8Array;
}
export type ElementArray = ElementArrays[ElementType];

/** The class of that array. */
export const ARRAY_OF: Readonly<Record<ElementType, new (length: number) => ElementArray>> = {
  float32: Float32Array,
  int64: BigInt64Array,
  uint8: Uint8Array,
  bool: Uint8Array,
};

/** What is known of a tensor before anything runs. */
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

export type Attribute = number | string | readonly number[];
export type Attributes = Readonly<Record<string, Attribute>>;

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
  readonly data: ElementArray;
}

export interface ComputedValue extends TensorType {
  readonly kind: 'computed';
  readonly operator: Operator;
  readonly inputs: readonly Value[];
  readonly attributes: Attributes;
}

/**
 * An ONNX operator with one output: everything the engine knows of it, in one place.
 * A new operator is a new object of this kind and a function that applies it; nothing else has to change.
 */
export interface Operator<A extends Attributes = Attributes> {
  /** The ONNX name, `Conv`. */
  readonly name: string;
  /** The ONNX operator set; absent for the standard one. */
  readonly domain?: string;
  /** Attributes that ONNX holds as floats; whole numbers otherwise. */
  readonly floatAttributes?: readonly string[];
  /**
   * True if each element of the result is made from that of the operands at the same position, and from operands of a single element. Elements
   * may then be stored in another order. Also true for an operator that combines the same element of several processes.
   */
  readonly elementwise?: boolean;
  /** True for an elementwise operator without `evaluate` that makes 0 of elements that are all 0. */
  readonly keepsZero?: boolean;
  /** The type and shape of the result. Throws ShapeError by `fail` when the inputs do not fit. */
  infer(inputs: readonly Value[], attributes: A): TensorType;
  /**
   * For each input a thunk that builds its gradient from the gradient of the output, or null where none flows (the derivative is
   * zero or the input is not a real number). Absent where the operator cannot be differentiated: reaching it is then an error.
   */
  gradient?(at: GradientContext<A>): readonly (GradientThunk | null)[];
  /** Attributes that ONNX takes as further inputs (a shape, axes), as constants behind the inputs proper. Those attributes are not encoded. */
  parameters?(attributes: A): { readonly constants: readonly ConstantValue[]; readonly encoded: readonly string[] };
  /**
   * The same result in other operators, for an operator that is differentiated as a whole but that targets compute in parts: it
   * keeps its name until lowering, which puts the definition in its place.
   */
  decomposition?(inputs: readonly Value[], attributes: A): Value;
  /** The elements of the result from constant inputs, for constant folding. */
  evaluate?(inputs: readonly ConstantValue[], result: TensorType, attributes: A): ElementArray;
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

/** A tensor known when the graph is built; its data is not copied and must not change afterwards. */
export function constantTensor<T extends ElementType>({ type, shape, data }: TensorData<T>): ConstantValue {
  if (data.length !== sizeOf(shape)) {
    throw new ShapeError(`constant: ${data.length} elements do not fill the shape ${showShape(shape)}`);
  }
  return { kind: 'constant', type, shape, data };
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
