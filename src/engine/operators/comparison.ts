/** Gradients flow through Where only. */
import { apply, applyBinary, inferBroadcast, type NoAttributes } from '../operator.js';
import { broadcastShapes, ShapeError } from '../shape.js';
import { constant, ELEMENT_CODES, type ElementArray, type ElementType, type Operator, type Value } from '../value.js';
import { sumTo } from './broadcasting.js';

const comparison = (name: string, infer: Operator['infer'] = (inputs) => inferBroadcast(inputs, 'bool')) =>
  applyBinary({ name, elementwise: true, infer, gradient: () => [null, null] });

/** a = b, as bool. */
export const equal = comparison('Equal');
/** a > b, as bool. */
export const greater = comparison('Greater');
/** a >= b, as bool. */
export const greaterOrEqual = comparison('GreaterOrEqual');
/** a < b, as bool. */
export const less = comparison('Less');
/** a <= b, as bool. */
export const lessOrEqual = comparison('LessOrEqual');

const logical = (name: string) => {
  const apply = comparison(name, (inputs) => {
    requireBool(inputs);
    return inferBroadcast(inputs, 'bool');
  });
  return (a: Value, b: Value): Value => apply(a, b);
};

function requireBool(inputs: readonly Value[]) {
  if (inputs.some(({ type }) => type !== 'bool')) throw new ShapeError('takes bool tensors only');
}

/** Whether both are true. */
export const and = logical('And');
/** Whether one is true, or both. */
export const or = logical('Or');
/** Whether exactly one is true. */
export const xor = logical('Xor');

const Not: Operator<NoAttributes> = {
  name: 'Not',
  elementwise: true,
  infer([x]) {
    requireBool([x]);
    return x;
  },
  gradient: () => [null],
};

/** Whether it is false. */
export const not = (x: Value): Value => apply(Not, [x], {});

const Where: Operator<NoAttributes> = {
  name: 'Where',
  elementwise: true,
  infer(inputs) {
    const [condition, ...branches] = inputs;
    if (condition.type !== 'bool') throw new ShapeError('the condition must be bool');
    const { type, shape: branch } = inferBroadcast(branches, branches[0]!.type);
    const shape = broadcastShapes(condition.shape, branch);
    if (shape === undefined) throw new ShapeError('the condition cannot be broadcast against the branches');
    return { type, shape };
  },
  gradient: ({ inputs: [condition, a, b], gradient }) => [
    null,
    () => sumTo(where(condition, gradient, constant(0)), a!.shape),
    () => sumTo(where(condition, constant(0), gradient), b!.shape),
  ],
  partialEvaluate: ([, a, b]) => (typeof a === 'number' && a === b ? a : undefined),
};

/** `a` where the condition is true, else `b`. */
export const where = (condition: Value, a: Value, b: Value): Value => apply(Where, [condition, a, b], {});

const Cast: Operator<{ to: number }> = {
  name: 'Cast',
  elementwise: true,
  infer: ([x], { to }) => ({ type: elementTypeOf(to), shape: x.shape }),
  gradient: () => [null],
  evaluate: ([x], { type }) => convert(x.data, type),
  flops: () => 0,
};

const elementTypeOf = (to: number) =>
  (Object.keys(ELEMENT_CODES) as ElementType[]).find((type) => ELEMENT_CODES[type] === to)!;

function convert(data: ElementArray, type: ElementType) {
  const numbers = Array.from<number | bigint, number>(data, Number);
  if (type === 'int64') return BigInt64Array.from(numbers, (element) => BigInt(Math.trunc(element)));
  if (type === 'bool') return Uint8Array.from(numbers, (element) => Number(element !== 0));
  return type === 'float32' ? Float32Array.from(numbers) : Uint8Array.from(numbers);
}

/** Converts elements; no gradient flows. */
export const cast = (x: Value, type: ElementType): Value =>
  x.type === type ? x : apply(Cast, [x], { to: ELEMENT_CODES[type] });

const StopGradient: Operator<NoAttributes> = {
  name: 'Identity',
  elementwise: true,
  infer: ([x]) => x,
  gradient: () => [null],
  evaluate: ([x]) => x.data,
  simplify: ({ inputs: [x] }) => x,
  flops: () => 0,
};

/** The same value, but constant to gradients. Simplification removes it. */
export const stopGradient = (x: Value): Value => apply(StopGradient, [x], {});
