/** Comparisons, selection and conversion of types. Only Where passes gradients on. */
import { apply, throwShapeError, type Operator } from '../operator.js';
import { broadcastShapes } from '../shape.js';
import { constant, type ElementArray, type ElementType, type Value } from '../value.js';
import { asValue, inferBroadcast, type Operand } from './arithmetic.js';
import { sumTo } from './broadcasting.js';

type NoAttributes = Record<string, never>;

const comparison = (name: string): Operator<NoAttributes> => ({
  name,
  elementwise: true,
  infer: (inputs) => inferBroadcast(name, inputs, 'bool'),
  gradient: () => [null, null],
});

const Equal = comparison('Equal');
const Greater = comparison('Greater');

/** a = b, as bool. */
export const equal = (a: Operand, b: Operand): Value => apply(Equal, [asValue(a), asValue(b)], {});
/** a > b, as bool. */
export const greater = (a: Operand, b: Operand): Value => apply(Greater, [asValue(a), asValue(b)], {});

const Where: Operator<NoAttributes> = {
  name: 'Where',
  elementwise: true,
  infer(inputs) {
    const [condition, ...branches] = inputs;
    if (condition!.type !== 'bool') throwShapeError('Where', inputs, 'the condition must be bool');
    const { type, shape } = inferBroadcast('Where', branches, branches[0]!.type);
    const result = broadcastShapes(condition!.shape, shape);
    if (result === undefined) throwShapeError('Where', inputs, 'the condition cannot be broadcast against the branches');
    return { type, shape: result };
  },
  gradient: ({ inputs: [condition, a, b], gradient }) => [
    null,
    () => sumTo(where(condition!, gradient, constant(0)), a!.shape),
    () => sumTo(where(condition!, constant(0), gradient), b!.shape),
  ],
};

/** Elements of `a` where the condition holds, of `b` elsewhere. */
export const where = (condition: Value, a: Value, b: Value): Value => apply(Where, [condition, a, b], {});

/** ONNX's numbers of the element types (TensorProto.DataType). */
export const onnxType: Readonly<Record<ElementType, number>> = { float32: 1, uint8: 2, int64: 7, bool: 9 };

const Cast: Operator<{ to: number }> = {
  name: 'Cast',
  elementwise: true,
  infer: ([x], { to }) => ({ type: elementTypeOf(to), shape: x!.shape }),
  gradient: () => [null],
  evaluate: ([x], { type }) => convert(x!.data, type),
};

function elementTypeOf(to: number): ElementType {
  const entry = Object.entries(onnxType).find(([, number]) => number === to);
  return entry![0] as ElementType;
}

function convert(data: ElementArray, type: ElementType): ElementArray {
  if (type === 'float32') return Float32Array.from(data as Float32Array, Number);
  if (type === 'int64')
    return BigInt64Array.from(data as Float32Array as unknown as ArrayLike<number>, (element) => BigInt(Math.trunc(Number(element))) as never);
  if (type === 'bool') return Uint8Array.from(data as Float32Array, (element) => (Number(element) === 0 ? 0 : 1));
  return Uint8Array.from(data as Float32Array, Number);
}

/** The same elements as another type; no gradient flows. */
export const cast = (x: Value, type: ElementType): Value => (x.type === type ? x : apply(Cast, [x], { to: onnxType[type] }));

const StopGradient: Operator<NoAttributes> = {
  name: 'Identity',
  elementwise: true,
  infer: ([x]) => ({ type: x!.type, shape: x!.shape }),
  gradient: () => [null],
  evaluate: ([x]) => x!.data,
};

/** The same value, a constant to every gradient. Simplification removes it. */
export const stopGradient = (x: Value): Value => apply(StopGradient, [x], {});
