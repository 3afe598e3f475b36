import { apply, type NoAttributes, requireFloat } from '../operator.js';
import { broadcastShapes, ShapeError, sizeOf } from '../shape.js';
import type { Operator, Value } from '../value.js';
import { add, mul } from './arithmetic.js';
import { reshape, sumTo } from './broadcasting.js';
import { transpose } from './shaping.js';

const MatMul: Operator<NoAttributes> = {
  name: 'MatMul',
  infer(inputs) {
    const [a, b] = inputs;
    requireFloat(inputs);
    if (a.shape.length < 2 || b!.shape.length < 2) throw new ShapeError('operands need at least two axes');
    const batch = broadcastShapes(a.shape.slice(0, -2), b!.shape.slice(0, -2));
    if (batch === undefined) throw new ShapeError('leading axes cannot be broadcast against each other');
    if (a.shape.at(-1) !== b!.shape.at(-2))
      throw new ShapeError('the first operand has a different number of columns than the second has rows');
    return { type: 'float32', shape: [...batch, a.shape.at(-2)!, b!.shape.at(-1)!] };
  },
  gradient: ({ inputs: [a, b], gradient }) => [
    () => sumTo(matMul(gradient, transposeMatrix(b!)), a.shape),
    // One product instead of one per matrix, and their sum.
    () =>
      b!.shape.length === 2
        ? matMul(transposeMatrix(asMatrix(a)), asMatrix(gradient))
        : sumTo(matMul(transposeMatrix(a), gradient), b!.shape),
  ],
  distribute([a, b], { value: { inputs, shape } }) {
    // Axes from the last.
    const [left, right] = [a, b].map((placement, index) =>
      typeof placement === 'number' ? inputs[index]!.shape.length - placement : undefined,
    );
    if (left === 1 && right === 2) return { operands: [a, b!], result: 'summand' };
    if (left !== undefined && left > 1 && b === 'whole' && (left === 2 || spans(inputs[1]!, left, 1)))
      return { operands: [a, b], result: shape.length - left };
    if (right === 1 && a === 'whole') return { operands: [a, b!], result: shape.length - 1 };
    return left === right && left !== undefined && left > 2
      ? { operands: [a, b!], result: shape.length - left }
      : undefined;
  },
  flops: ([a], _, { shape }) => 2 * sizeOf(shape) * a.shape.at(-1)!,
};

/** Whether an axis, counted from the last, is absent or has this size. */
const spans = ({ shape }: Value, fromLast: number, size: number) => (shape.at(-fromLast) ?? size) === size;

/** All rows. */
const asMatrix = (x: Value) => reshape(x, [sizeOf(x.shape.slice(0, -1)), x.shape.at(-1)!]);

/** Matrix product of the last two axes; leading axes are broadcast. A vector is a row on the left, a column on the right. */
export function matMul(a: Value, b: Value): Value {
  if (a.shape.length === 1 && b.shape.length > 0)
    return withoutAxis(matMul(reshape(a, [1, ...a.shape]), b), b.shape.length === 1 ? -1 : -2);
  if (b.shape.length === 1 && a.shape.length > 0) return withoutAxis(matMul(a, reshape(b, [...b.shape, 1])), -1);
  return apply(MatMul, [a, b], {});
}

const withoutAxis = (x: Value, axis: -1 | -2) => reshape(x, x.shape.toSpliced(axis, 1));

export interface GemmOptions {
  /** Added to the product, and broadcast to it. */
  c?: Value;
  alpha?: number;
  beta?: number;
  transA?: boolean;
  transB?: boolean;
}

/** alpha times the product of two matrices, plus beta c. */
export function gemm(a: Value, b: Value, { c, alpha = 1, beta = 1, transA, transB }: GemmOptions = {}): Value {
  const product = mul(matMul(transA ? transposeMatrix(a) : a, transB ? transposeMatrix(b) : b), alpha);
  return c ? add(product, mul(c, beta)) : product;
}

/** Swaps the last two axes. */
export function transposeMatrix(x: Value): Value {
  const rank = x.shape.length;
  return transpose(x, [...x.shape.slice(2).keys(), rank - 1, rank - 2]);
}
