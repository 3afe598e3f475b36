/** ONNX operators that only this lowering uses, so that they have no gradients. */
import { apply, integers, type Operator, throwShapeError } from '../../operator.js';
import type { Value } from '../../value.js';

const Gather: Operator<{ axis: number }> = {
  name: 'Gather',
  infer([data, indices], { axis }) {
    if (indices!.type !== 'int64' || data!.shape[axis] === undefined) throwShapeError('Gather', [data!, indices!], `no axis ${axis}, or indices are not int64`);
    return { type: data!.type, shape: data!.shape.flatMap((size, index) => (index === axis ? indices!.shape : [size])) };
  },
};

/** Elements of an axis, in the order of their indices. */
export const gather = (data: Value, indices: readonly number[], axis: number): Value => apply(Gather, [data, integers(indices)], { axis });

const Gemm: Operator<{ transA: number; transB: number }> = {
  name: 'Gemm',
  infer([a, b], { transA, transB }) {
    const [rows, inner] = transA ? [a!.shape[1], a!.shape[0]] : a!.shape;
    const [other, columns] = transB ? [b!.shape[1], b!.shape[0]] : b!.shape;
    if (a!.shape.length !== 2 || b!.shape.length !== 2 || inner !== other) throwShapeError('Gemm', [a!, b!], 'the matrices do not fit');
    return { type: 'float32', shape: [rows!, columns!] };
  },
};

/** The product of two matrices, either transposed first, without a transposed copy. */
export const gemm = (a: Value, b: Value, { transA = false, transB = false }: { readonly transA?: boolean; readonly transB?: boolean }): Value =>
  apply(Gemm, [a, b], { transA: Number(transA), transB: Number(transB) });
