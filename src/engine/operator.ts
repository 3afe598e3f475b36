import { broadcastShapes, normalizeAxes, type Shape, ShapeError, showShape, sizeOf, stridesOf } from './shape.js';
import {
  ARRAY_OF,
  type Attributes,
  type ComputedValue,
  constant,
  constantTensor,
  type ConstantValue,
  type Distribution,
  type ElementType,
  type Operands,
  type Operator,
  type Placement,
  type TensorType,
  type Value,
} from './value.js';

export type NoAttributes = Record<string, never>;

export function apply<A extends Attributes>(
  operator: Operator<A>,
  values: readonly Value[],
  attributes: A,
): ComputedValue {
  const inputs = values as Operands;
  const { type, shape } = inferType(operator, inputs, attributes);
  return { kind: 'computed', operator, inputs, attributes, type, shape };
}

function inferType<A extends Attributes>(operator: Operator<A>, inputs: Operands, attributes: A) {
  try {
    return operator.infer(inputs, attributes);
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    throw new ShapeError(`${operator.name}: ${error.message} (inputs ${inputs.map(showType).join(', ')})`);
  }
}

/** False for operators of other sets. */
export const isComputedBy = (value: Value | undefined, name: string): value is ComputedValue =>
  value?.kind === 'computed' && value.operator.name === name && value.operator.domain === undefined;

export function requireFloat(inputs: readonly Value[]) {
  if (inputs.some((value) => value.type !== 'float32')) throw new ShapeError('takes float32 tensors only');
}

const showType = (value: Value) => (value.type === 'float32' ? '' : `${value.type} `) + showShape(value.shape);

export const integers = (elements: readonly number[]) =>
  constantTensor({ type: 'int64', shape: [elements.length], data: BigInt64Array.from(elements, BigInt) });

/** A number stands for a scalar constant of the other operand's type. */
export type Operand = Value | number;

function asValue(operand: Operand, other: Operand) {
  if (typeof operand !== 'number') return operand;
  if (typeof other === 'number' || other.type !== 'int64' || !Number.isInteger(operand)) return constant(operand);
  return constantTensor({ type: 'int64', shape: [], data: BigInt64Array.of(BigInt(operand)) });
}

export const applyBinary =
  (operator: Operator<NoAttributes>) =>
  (a: Operand, b: Operand): Value =>
    apply(operator, [asValue(a, b), asValue(b, a)], {});

export function inferBroadcast([a, b]: readonly Value[], type: ElementType): TensorType {
  if (a!.type !== b!.type) throw new ShapeError('operands have different types');
  const shape = broadcastShapes(a!.shape, b!.shape);
  if (shape === undefined) throw new ShapeError('shapes cannot be broadcast against each other');
  return { type, shape };
}

/** Maps an index of shape `to` to the offset in a tensor that is broadcast to it. */
export function broadcastOffsets(from: Shape, to: Shape) {
  const lead = to.length - from.length;
  const own = stridesOf(from);
  const outer = stridesOf(to);
  return (index: number) => {
    let offset = 0;
    for (let axis = lead; axis < to.length; axis++) {
      if (from[axis - lead] !== 1) offset += (Math.floor(index / outer[axis]!) % to[axis]!) * own[axis - lead]!;
    }
    return offset;
  };
}

export function broadcastElements({ data, type, shape }: ConstantValue, to: Shape) {
  const elements = new ARRAY_OF[type](sizeOf(to)) as Float32Array;
  const offset = broadcastOffsets(shape, to);
  for (let index = 0; index < elements.length; index++) elements[index] = data[offset(index)] as number;
  return elements;
}

/** Axes are counted from the front. */
export interface ReductionAttributes extends Record<string, number | readonly number[]> {
  axes: readonly number[];
  keepdims: 0 | 1;
}

export interface ReductionOptions {
  /** Whether reduced axes stay with size 1, to broadcast against the operand (default: true). */
  keepAxes?: boolean;
}

export const reducedShape = (shape: Shape, axes: readonly number[], keepdims: number): Shape =>
  keepdims === 1
    ? shape.map((size, axis) => (axes.includes(axis) ? 1 : size))
    : shape.filter((_, axis) => !axes.includes(axis));

export const reduction = (name: string) => ({
  name,
  infer([x]: Operands, { axes, keepdims }: ReductionAttributes): TensorType {
    requireFloat([x]);
    return { type: 'float32', shape: reducedShape(x.shape, axes, keepdims) };
  },
  parameters: ({ axes }: ReductionAttributes) => ({ axes: integers(axes) }),
  flops: ([x]: Operands) => sizeOf(x.shape),
  distribute: ([placement]: Operands<Placement>, { attributes }: { attributes: ReductionAttributes }) =>
    reducedInParts(placement, attributes),
});

function reducedInParts(placement: Placement, { axes, keepdims }: ReductionAttributes): Distribution | undefined {
  if (typeof placement !== 'number' || axes.includes(placement)) return undefined;
  const removed = keepdims === 1 ? 0 : axes.filter((axis) => axis < placement).length;
  return { operands: [placement], result: placement - removed };
}

/** Distributes a sum, also over the axis that ranks divide. */
export const summedInParts = ([placement]: Operands<Placement>, attributes: ReductionAttributes): Distribution =>
  reducedInParts(placement, attributes) ?? { operands: [placement], result: 'summand' };

/** Without axes it returns `x`, whereas ONNX would reduce all axes. */
export const applyReduction =
  (operator: Operator<ReductionAttributes>) =>
  (x: Value, axes: readonly number[], { keepAxes = true }: ReductionOptions = {}): Value => {
    const normalized = normalizeAxes(axes, x.shape.length, operator.name);
    return normalized.length === 0 ? x : apply(operator, [x], { axes: normalized, keepdims: keepAxes ? 1 : 0 });
  };
