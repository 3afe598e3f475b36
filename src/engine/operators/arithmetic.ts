import { arithmetic } from '../elementwise.js';
import type { Distribution, Placement, Value } from '../value.js';

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
  gradient: ({ inputs: [a, b], gradient }) => [() => mul(gradient, b!), () => mul(gradient, a!)],
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
