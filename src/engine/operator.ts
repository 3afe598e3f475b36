import { ShapeError, showShape } from './shape.js';
import type { Attributes, ComputedValue, Operator, Value } from './value.js';

export type { GradientContext, GradientThunk, Operator } from './value.js';

/** Applies an operator: infers the type and shape of its result, and fails here if the inputs do not fit. */
export function apply<A extends Attributes>(operator: Operator<A>, inputs: readonly Value[], attributes: A): ComputedValue {
  const { type, shape } = operator.infer(inputs, attributes);
  return { kind: 'computed', operator: operator, inputs, attributes, type, shape };
}

/** A ShapeError that names the operator and the shapes it was given. */
export function throwShapeError(operator: string, inputs: readonly Value[], reason: string): never {
  throw new ShapeError(`${operator}: ${reason} (inputs ${inputs.map(showType).join(', ')})`);
}

/** Throws unless every input is float32. */
export function requireFloat(operator: string, inputs: readonly Value[]): void {
  if (inputs.some((value) => value.type !== 'float32')) throwShapeError(operator, inputs, 'takes float32 tensors only');
}

const showType = (value: Value): string => (value.type === 'float32' ? '' : `${value.type} `) + showShape(value.shape);
