import { type Shape, ShapeError, showShape, sizeOf } from './shape.js';

interface ElementArrays {
  float32: Float32Array;
  int64: BigInt64Array;
  uint8: Uint8Array;
  bool: Uint8Array;
  float16: Uint16Array;
  int8: Int8Array;
}

/** Arithmetic and gradients are float32; float16 and int8 make constants smaller in files. */
export type ElementType = keyof ElementArrays;
export type ElementArray = ElementArrays[ElementType];

export const ARRAY_OF: Record<ElementType, new (length: number) => ElementArray> = {
  float32: Float32Array,
  int64: BigInt64Array,
  uint8: Uint8Array,
  bool: Uint8Array,
  float16: Uint16Array,
  int8: Int8Array,
};

/** TensorProto.DataType. */
export const ELEMENT_CODES: Record<ElementType, number> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int64: 7,
  bool: 9,
  float16: 10,
};

export interface TensorType {
  type: ElementType;
  shape: Shape;
}

/** Elements are row-major. */
export interface TensorData<T extends ElementType = ElementType> {
  type: T;
  shape: Shape;
  data: ElementArrays[T];
}

export type AttributeValue = number | string | readonly number[];
export type Attributes = Record<string, AttributeValue>;

/** An immutable symbolic tensor. A graph consists of the values that its outputs reach. */
export type Value = InputValue | ConstantValue | ComputedValue;

export interface InputValue extends TensorType {
  kind: 'input';
  name: string;
}

export interface ConstantValue extends TensorType {
  kind: 'constant';
  name?: string;
  data: ElementArray;
}

export interface ComputedValue extends TensorType {
  kind: 'computed';
  operator: Operator;
  inputs: Operands;
  attributes: Attributes;
}

/** Every operator has an operand. */
export type Operands<T = Value> = readonly [T, ...T[]];

/** An ONNX operator with one output. Optional members describe what the engine may exploit. */
export interface Operator<A extends Attributes = Attributes> {
  name: string;
  /** Default: the standard operator set. */
  domain?: string;
  /** Others are integers or strings. */
  floatAttributes?: readonly string[];
  /** @throws {ShapeError} if the inputs do not fit; `apply` adds the operator and their shapes */
  infer(inputs: Operands, attributes: A): TensorType;
  /** Returns, for each input, null if its gradient is zero or it is no real number. */
  gradient?(at: GradientContext<A>): readonly (GradientThunk | null)[];
  /** Further inputs. They replace the attributes of these names; null removes one. */
  parameters?(attributes: A): Record<string, ConstantValue | null>;
  /** Expands an operator that is whole only to be differentiated. */
  decomposition?(inputs: Operands, attributes: A): Value;
  evaluate?(inputs: Operands<ConstantValue>, result: TensorType, attributes: A): ElementArray;
  /** Returns a cheaper value with exactly the same elements, or undefined. */
  simplify?(value: ComputedValue): Value | undefined;
  /** Floating-point operations (default: one per element of an elementwise result, else 0). */
  flops?(inputs: Operands, attributes: A, output: TensorType): number;

  /**
   * Whether each element depends only on operands' elements at the same position, also of other processes, and on
   * operands of one element. Their order in memory may then change.
   */
  elementwise?: boolean;
  /** For an elementwise operator without `evaluate`: whether it maps zeros to 0. */
  keepsZero?: boolean;
  /** Whether ONNX Runtime computes in one pass and may write over an operand of the same size. */
  inPlace?: boolean;
  /** Returns the element if the known elements decide it. */
  partialEvaluate?(elements: readonly PartialElement[]): number | undefined;
  /** Parameters in the last pass of a blocked convolution. */
  epilogue?(attributes: A): readonly number[];
  /**
   * Returns how ranks compute the operator from divided operands, if they can. Without it, they divide most elementwise
   * operators, and compute others from whole operands.
   * @param operands placements, not all of them whole
   */
  distribute?(operands: Operands<Placement>, at: DistributionContext<A>): Distribution | undefined;
  /**
   * Builds the operator, unless elementwise, on blocked feature maps.
   * @param operands memory [C / P, H, W, N P] of inputs [N, C, H, W]: blocks of P channels, filled up with any finite
   *   values
   * @returns memory in the same layout, or undefined if the canonical layout is needed
   */
  blocked?(operands: Operands, at: Application<A>): Value | undefined;
}

/** All of a tensor, a summand, or a slice along this axis. */
export type Placement = 'whole' | 'summand' | number;

/** Shapes are of whole tensors in the canonical layout. */
interface Application<A extends Attributes> {
  value: ComputedValue;
  attributes: A;
}

interface DistributionContext<A extends Attributes> extends Application<A> {
  ranks: number;
}

export interface Distribution {
  operands: readonly Placement[];
  result: Placement;
  /** Of the part, if they differ. */
  attributes?: Attributes;
  /** A factor of the result (default: 1). */
  scale?: number;
}

/** `finite` is unknown, but finite and not 0; undefined may be any element. */
type PartialElement = number | 'finite' | undefined;

export type GradientThunk = () => Value;

/** `gradient` is that of the loss with respect to `output`. */
export interface GradientContext<A extends Attributes = Attributes> {
  inputs: Operands;
  output: ComputedValue;
  attributes: A;
  gradient: Value;
}

/** Creates an input. `graphOf` requires unique names, and leaves out vectors of size 0. */
export function input(name: string, shape: Shape, type: ElementType = 'float32'): InputValue {
  if (shape.join() !== '0' && shape.some((size) => !Number.isInteger(size) || size < 1))
    throw new ShapeError(`input ${name}: shape ${showShape(shape)} has a size that is not a positive integer`);
  return { kind: 'input', name, type, shape };
}

/**
 * Creates a constant. Its data is not copied and must not change.
 * @param name unique in ONNX files (default: a number)
 */
export function constantTensor<T extends ElementType>(
  { type, shape, data }: TensorData<T>,
  name?: string,
): ConstantValue {
  if (data.length !== sizeOf(shape))
    throw new ShapeError(`constant: ${data.length} elements do not fill the shape ${showShape(shape)}`);
  return { kind: 'constant', type, shape, data, ...(name === undefined ? {} : { name }) };
}

/** Creates a float32 scalar, or a tensor of this shape (default: a vector). */
export function constant(elements: number | readonly number[] | Float32Array, shape?: Shape): ConstantValue {
  const data = typeof elements === 'number' ? Float32Array.of(elements) : Float32Array.from(elements);
  return constantTensor({ type: 'float32', shape: shape ?? (typeof elements === 'number' ? [] : [data.length]), data });
}

/** Undefined unless all elements of a float32 constant are equal. */
export function splatValue(value: Value) {
  if (value.kind !== 'constant' || value.type !== 'float32' || value.data.length === 0) return undefined;
  const first = Number(value.data[0]);
  return (value.data as Float32Array).every((element) => element === first) ? first : undefined;
}
