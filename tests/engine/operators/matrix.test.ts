import { describe, it } from 'vitest';
import { gemm, input, matMul, type Shape, transposeMatrix, type Value } from '../../../src/engine/index.js';
import { expectClose, expectSame, expectShapeError } from '../expectations.js';
import { expectRightGradients } from '../finiteDifferences.js';
import { expectGenuine } from '../genuine.js';
import { forward } from '../running.js';
import { at, generate, random, total } from '../tensors.js';

describe('MatMul', () => {
  const shapes: Record<string, { a: number[]; b: number[]; result: number[] }> = {
    matrices: { a: [2, 3], b: [3, 4], result: [2, 4] },
    'a row and a column': { a: [1, 3], b: [3, 1], result: [1, 1] },
    'a column and a row': { a: [3, 1], b: [1, 2], result: [3, 2] },
    batches: { a: [2, 2, 3], b: [2, 3, 2], result: [2, 2, 2] },
    'a matrix for a whole batch': { a: [2, 2, 3], b: [3, 2], result: [2, 2, 2] },
    'a batch of size 1 against a larger one': { a: [1, 2, 2], b: [3, 2, 1], result: [3, 2, 1] },
    'batches and a matrix': { a: [2, 2, 2, 3], b: [3, 2], result: [2, 2, 2, 2] },
    'batches that repeat each other': { a: [2, 1, 2, 2], b: [2, 2, 1], result: [2, 2, 2, 1] },
  };

  it.each(Object.entries(shapes))('multiplies %s', async (_, shape) => {
    const [a, b] = [random(shape.a, 1), random(shape.b, 2)];
    const inner = shape.a.at(-1)!;
    expectClose(
      await forward(matMul, [a, b]),
      generate(shape.result, (...position) => {
        const [batch, row, column] = [position.slice(0, -2), position.at(-2)!, position.at(-1)!];
        return total([inner], (k) => at(a, ...batch, row, k) * at(b, ...batch, k, column));
      }),
    );
    await expectRightGradients(matMul, [a, b]);
  });

  it('passes the gradient to both sides of a product of one matrix with its own transpose', async () => {
    await expectRightGradients((x) => matMul(x, transposeMatrix(x)), [random([2, 3], 1)]);
  });

  it('rejects operands that do not match', () => {
    expectShapeError(() => matMul(input('a', [2, 3]), input('b', [4, 2])), 'MatMul', '[2, 3]', '[4, 2]');
    expectShapeError(() => matMul(input('a', [2, 2, 3]), input('b', [3, 3, 2])), 'MatMul', '[2, 2, 3]', '[3, 3, 2]');
    expectShapeError(() => matMul(input('a', [2]), input('b', [3, 2])), 'MatMul', '[1, 2]', '[3, 2]');
    expectShapeError(() => matMul(input('a', [2, 3]), input('b', [])), 'MatMul', '[2, 3]', '[]');
    expectShapeError(() => matMul(input('a', [1, 1], 'int64'), input('b', [1, 1], 'int64')), 'MatMul', 'int64 [1, 1]');
  });
});

describe('a vector', () => {
  it.each<[string, Shape, Shape]>([
    ['is a row on the left', [3], [2, 3, 2]],
    ['is a column on the right', [2, 2, 3], [3]],
    ['has an inner product', [3], [3]],
  ])('%s', async (_, a, b) => {
    const tensors = [random(a, 1), random(b, 2)];
    await expectGenuine(matMul, { name: 'MatMul' }, tensors);
    await expectRightGradients(matMul, tensors);
  });
});

describe('Gemm', () => {
  it.each([
    [false, false],
    [true, false],
    [false, true],
    [true, true],
  ])('has the result of ONNX and the correct gradients, transposed: %s and %s', async (transA, transB) => {
    const tensors = [random(transA ? [3, 2] : [2, 3], 1), random(transB ? [4, 3] : [3, 4], 2), random([4], 3)];
    const build = (a: Value, b: Value, c: Value) => gemm(a, b, { c, alpha: 0.5, beta: 2, transA, transB });
    const attributes = { alpha: 0.5, beta: 2, transA: Number(transA), transB: Number(transB) };
    await expectGenuine(build, { name: 'Gemm', attributes, floatAttributes: ['alpha', 'beta'] }, tensors);
    await expectRightGradients(build, tensors);
  });

  it('is a product by default', async () => {
    const tensors = [random([2, 3], 1), random([3, 2], 2)];
    expectSame(await forward((a, b) => gemm(a, b), tensors), await forward(matMul, tensors));
  });
});

describe('transposeMatrix', () => {
  it('swaps the last two axes', async () => {
    const x = random([2, 3, 4], 1);
    expectSame(
      await forward(transposeMatrix, [x]),
      generate([2, 4, 3], (i, j, k) => at(x, i, k, j)),
    );
  });

  it('rejects a vector', () => {
    expectShapeError(() => transposeMatrix(input('x', [3])), 'Transpose', '[3]');
  });
});
