import { withInputs } from '../graph.js';
import { applyBinary, broadcastOffsets, inferBroadcast, isComputedBy } from '../operator.js';
import { sameShape, ShapeError, sizeOf } from '../shape.js';
import {
  type ComputedValue,
  type Distribution,
  type GradientContext,
  type GradientThunk,
  type Operator,
  type Placement,
  splatValue,
  type Value,
} from '../value.js';
import { sumTo } from './broadcasting.js';

interface Arithmetic extends Pick<Operator, 'partialEvaluate' | 'distribute'> {
  element: (a: number, b: number) => number;
  /** Gradients of the result's shape. */
  gradient: (at: GradientContext) => readonly GradientThunk[];
  /** The second operand that returns the first unchanged; vice versa if the operator commutes. */
  neutral: number;
  commutes?: boolean;
}

/** A function of the elements of two operands, with broadcasting. */
export const arithmetic = (name: string, { element, gradient, neutral, commutes = false, ...more }: Arithmetic) =>
  applyBinary({
    name,
    elementwise: true,
    inPlace: true,
    ...more,
    infer(inputs) {
      const { type } = inputs[0];
      if (type !== 'float32' && type !== 'int64') throw new ShapeError('takes float32 and int64 tensors only');
      return inferBroadcast(inputs, type);
    },
    // Operands may have been repeated.
    gradient: (at) => gradient(at).map((thunk, index) => () => sumTo(thunk(), at.inputs[index]!.shape)),
    evaluate([a, b], { type, shape }) {
      const [left, right] = [broadcastOffsets(a.shape, shape), broadcastOffsets(b!.shape, shape)];
      const elements = Array.from({ length: sizeOf(shape) }, (_, index) =>
        element(Number(a.data[left(index)]), Number(b!.data[right(index)])),
      );
      return type === 'int64'
        ? BigInt64Array.from(elements, (each) => BigInt(Math.trunc(each)))
        : Float32Array.from(elements);
    },
    simplify: (value) => dropNeutral(value, neutral, commutes) ?? dropExpansion(value),
  });

function dropNeutral({ inputs: [a, b], shape }: ComputedValue, neutral: number, commutes: boolean) {
  if (splatValue(b!) === neutral && sameShape(a.shape, shape)) return a;
  return commutes && splatValue(a) === neutral && sameShape(b!.shape, shape) ? b : undefined;
}

function dropExpansion(value: ComputedValue) {
  const { inputs, shape } = value;
  const index = inputs.findIndex(
    (operand, i) => isComputedBy(operand, 'Expand') && sameShape(inputs[1 - i]!.shape, shape),
  );
  if (index < 0) return undefined;
  return withInputs(value, inputs.with(index, (inputs[index] as ComputedValue).inputs[0]));
}

/** Sums of summands are summands. */
const distribute = (operands: readonly Placement[]): Distribution | undefined =>
  operands.every((placement) => placement === 'summand') ? { operands, result: 'summand' } : undefined;

/** a + b. */
export const add = arithmetic('Add', {
  element: (a, b) => a + b,
  gradient: ({ gradient }) => [() => gradient, () => gradient],
  neutral: 0,
  commutes: true,
  distribute,
});
/** a - b. */
export const sub = arithmetic('Sub', {
  element: (a, b) => a - b,
  gradient: ({ gradient }) => [() => gradient, () => mul(gradient, -1)],
  neutral: 0,
  distribute,
});
/** a * b. */
export const mul = arithmetic('Mul', {
  element: (a, b) => a * b,
  gradient: ({ inputs: [a, b], gradient }) => [() => mul(gradient, b!), () => mul(gradient, a)],
  neutral: 1,
  commutes: true,
  partialEvaluate: (elements) => (elements.includes(0) ? 0 : undefined),
});
/** a / b. */
export const div = arithmetic('Div', {
  element: (a, b) => a / b,
  gradient: ({ inputs: [, b], output, gradient }) => [
    () => div(gradient, b!),
    () => mul(gradient, div(mul(output, -1), b!)),
  ],
  neutral: 1,
  partialEvaluate: ([a, b]) => (a === 0 && b === 'finite' ? 0 : undefined),
});

/** x * x. */
export const square = (x: Value): Value => mul(x, x);
