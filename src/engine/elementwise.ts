/** Factories of elementwise functions of one operand, and of arithmetic on two broadcast operands. */
import {
  apply,
  asValue,
  broadcastOffsets,
  inferBroadcast,
  isComputedBy,
  type NoAttributes,
  type Operand,
  requireFloat,
} from './operator.js';
import { sumTo } from './operators/broadcasting.js';
import { sameShape, sizeOf } from './shape.js';
import {
  type Attributes,
  type ComputedValue,
  type ConstantValue,
  type GradientContext,
  type GradientThunk,
  type Operator,
  splatValue,
  type TensorType,
  type Value,
} from './value.js';

/** @param gradient builds the gradient of the operand; null if the derivative is zero wherever it exists */
export function elementwiseFunction<A extends Attributes = NoAttributes>(
  name: string,
  element: (x: number, attributes: A) => number,
  gradient: ((at: GradientContext<A> & { readonly x: Value }) => Value) | null,
  more: Pick<Operator<A>, 'floatAttributes' | 'parameters' | 'epilogue'> = {},
): Operator<A> {
  return {
    name,
    elementwise: true,
    ...more,
    infer([x]) {
      requireFloat(name, [x!]);
      return { type: 'float32', shape: x!.shape };
    },
    gradient: (at) => [gradient && (() => gradient({ ...at, x: at.inputs[0]! }))],
    evaluate: ([x], _, attributes) => Float32Array.from(x!.data as Float32Array, (value) => element(value, attributes)),
  };
}

interface Arithmetic extends Pick<Operator<NoAttributes>, 'partialEvaluate' | 'distribute'> {
  readonly element: (a: number, b: number) => number;
  /** Gradients of the result's shape. */
  readonly gradient: (at: GradientContext<NoAttributes>) => readonly GradientThunk[];
  /** The second operand that returns the first unchanged, and vice versa if the operator commutes. */
  readonly neutral?: number;
  readonly commutes?: boolean;
}

/** Creates an operator on two float32 operands, and returns the function that applies it. */
export function arithmetic(name: string, { element, gradient, neutral, commutes = false, ...more }: Arithmetic) {
  const operator: Operator<NoAttributes> = {
    name,
    elementwise: true,
    inPlace: true,
    ...more,
    infer(inputs) {
      requireFloat(name, inputs);
      return inferBroadcast(name, inputs, 'float32');
    },
    // Operands may have been repeated.
    gradient: (at) => gradient(at).map((thunk, index) => () => sumTo(thunk(), at.inputs[index]!.shape)),
    evaluate: (inputs, result) => combine(inputs, result, element),
    simplify: (value) => dropNeutral(value, neutral, commutes) ?? dropExpansion(value),
  };
  return (a: Operand, b: Operand): Value => apply(operator, [asValue(a), asValue(b)], {});
}

function combine(
  [a, b]: readonly ConstantValue[],
  { shape }: TensorType,
  element: (a: number, b: number) => number,
): Float32Array {
  const [left, right] = [broadcastOffsets(a!.shape, shape), broadcastOffsets(b!.shape, shape)];
  return Float32Array.from({ length: sizeOf(shape) }, (_, index) =>
    element(Number(a!.data[left(index)]), Number(b!.data[right(index)])),
  );
}

/** x + 0, x - 0, x * 1 and x / 1 are x, unless broadcasting changes its shape. */
function dropNeutral(
  { inputs: [a, b], shape }: ComputedValue,
  neutral: number | undefined,
  commutes: boolean,
): Value | undefined {
  if (neutral === undefined) return undefined;
  if (splatValue(b!) === neutral && sameShape(a!.shape, shape)) return a;
  return commutes && splatValue(a!) === neutral && sameShape(b!.shape, shape) ? b : undefined;
}

/** Drops an Expand if the other operand has the full shape. */
function dropExpansion(value: ComputedValue): Value | undefined {
  const [index, expansion] =
    [...value.inputs.entries()].find(
      ([i, operand]) => isComputedBy(operand, 'Expand') && sameShape(value.inputs[1 - i]!.shape, value.shape),
    ) ?? [];
  if (index === undefined || expansion?.kind !== 'computed') return undefined;
  return { ...value, inputs: value.inputs.with(index, expansion.inputs[0]!) };
}
