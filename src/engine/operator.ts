import { ShapeError, showShape } from './shape.js';
import type { Attributes, ComputedValue, ConstantValue, ElementArray, TensorType, Value } from './value.js';

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
  /** The type and shape of the result. Throws ShapeError by `fail` when the inputs do not fit. */
  infer(inputs: readonly Value[], attributes: A): TensorType;
  /**
   * For each input a thunk that builds its gradient from the gradient of the output, or null where none flows (the derivative is
   * zero or the input is not a real number). Absent where the operator cannot be differentiated: reaching it is then an error.
   */
  gradient?(at: GradientPoint<A>): readonly (GradientThunk | null)[];
  /** Attributes that ONNX takes as further inputs (a shape, axes), as constants behind the inputs proper. Those attributes are not encoded. */
  parameters?(attributes: A): { readonly constants: readonly ConstantValue[]; readonly encoded: readonly string[] };
  /**
   * The same result in other operators, for an operator that is differentiated as a whole but that targets compute in parts: it
   * keeps its name until lowering, which puts the definition in its place.
   */
  definition?(inputs: readonly Value[], attributes: A): Value;
  /** The elements of the result from constant inputs, for constant folding. */
  evaluate?(inputs: readonly ConstantValue[], result: TensorType, attributes: A): ElementArray;
}

export type GradientThunk = () => Value;

/** What a gradient rule sees: the operator's application and the gradient of the loss with respect to its output. */
export interface GradientPoint<A extends Attributes = Attributes> {
  readonly inputs: readonly Value[];
  readonly output: ComputedValue;
  readonly attributes: A;
  readonly gradient: Value;
}

/** Applies an operator: infers the type and shape of its result, and fails here if the inputs do not fit. */
export function apply<A extends Attributes>(operator: Operator<A>, inputs: readonly Value[], attributes: A): ComputedValue {
  const { type, shape } = operator.infer(inputs, attributes);
  return { kind: 'computed', operator: operator as unknown as Operator, inputs, attributes, type, shape };
}

/** A ShapeError that names the operator and the shapes it was given. */
export function fail(operator: string, inputs: readonly Value[], reason: string): never {
  throw new ShapeError(`${operator}: ${reason} (inputs ${inputs.map(showType).join(', ')})`);
}

/** Throws unless every input is float32. */
export function requireFloat(operator: string, inputs: readonly Value[]): void {
  if (inputs.some((value) => value.type !== 'float32')) fail(operator, inputs, 'takes float32 tensors only');
}

const showType = (value: Value): string => (value.type === 'float32' ? '' : `${value.type} `) + showShape(value.shape);
