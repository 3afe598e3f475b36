/** Elementwise operators of two operands, broadcast against each other. */
import { apply, throwShapeError, type GradientContext, type GradientThunk, type Operator } from '../operator.js';
import { broadcastShapes, sizeOf } from '../shape.js';
import { constant, type ConstantValue, type ElementType, type TensorType, type Value } from '../value.js';
import { broadcastOffsets, sumTo } from './broadcasting.js';

type NoAttributes = Record<string, never>;

/** Either a value or a number, which stands for the scalar constant. */
export type Operand = Value | number;
export const asValue = (operand: Operand): Value => (typeof operand === 'number' ? constant(operand) : operand);

/** The common shape of broadcast operands, which must have one type. */
export function inferBroadcast(name: string, inputs: readonly Value[], type: ElementType): TensorType {
  const [a, b] = inputs;
  if (a!.type !== b!.type) throwShapeError(name, inputs, 'operands have different types');
  const shape = broadcastShapes(a!.shape, b!.shape);
  if (shape === undefined) throwShapeError(name, inputs, 'shapes cannot be broadcast against each other');
  return { type, shape };
}

type Rule = (at: GradientContext<NoAttributes>) => readonly GradientThunk[];

function elementwise(name: string, element: (a: number, b: number) => number, gradient: Rule): Operator<NoAttributes> {
  return {
    name,
    elementwise: true,
    infer(inputs) {
      if (inputs.some((value) => value.type !== 'float32')) throwShapeError(name, inputs, 'takes float32 tensors only');
      return inferBroadcast(name, inputs, 'float32');
    },
    // Every operand may have been repeated: its gradient is summed back to its own shape.
    gradient: (at) => gradient(at).map((thunk, index) => () => sumTo(thunk(), at.inputs[index]!.shape)),
    evaluate: (inputs, result) => combine(inputs, result, element),
  };
}

function combine([a, b]: readonly ConstantValue[], result: TensorType, element: (a: number, b: number) => number): Float32Array {
  const [left, right] = [broadcastOffsets(a!.shape, result.shape), broadcastOffsets(b!.shape, result.shape)];
  return Float32Array.from({ length: sizeOf(result.shape) }, (_, index) => element(Number(a!.data[left(index)]), Number(b!.data[right(index)])));
}

const Add = elementwise(
  'Add',
  (a, b) => a + b,
  ({ gradient }) => [() => gradient, () => gradient],
);
const Sub = elementwise(
  'Sub',
  (a, b) => a - b,
  ({ gradient }) => [() => gradient, () => mul(gradient, -1)],
);
const Mul = elementwise(
  'Mul',
  (a, b) => a * b,
  ({ inputs: [a, b], gradient }) => [() => mul(gradient, b!), () => mul(gradient, a!)],
);
const Div = elementwise(
  'Div',
  (a, b) => a / b,
  ({ inputs: [, b], output, gradient }) => [() => div(gradient, b!), () => mul(gradient, div(mul(output, -1), b!))],
);

const operation =
  (operator: Operator<NoAttributes>) =>
  (a: Operand, b: Operand): Value =>
    apply(operator, [asValue(a), asValue(b)], {});

/** a + b. */
export const add = operation(Add);
/** a - b. */
export const sub = operation(Sub);
/** a * b. */
export const mul = operation(Mul);
/** a / b. */
export const div = operation(Div);
