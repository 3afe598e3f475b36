import { describe, expect, it } from 'vitest';
import {
  add,
  constantTensor,
  div,
  graphOf,
  input,
  mul,
  simplify,
  sub,
  type TensorData,
  type Value,
} from '../../../src/engine/index.js';
import { expectClose, expectSame, expectShapeError } from '../expectations.js';
import { expectRightGradients, gradientsAt } from '../finiteDifferences.js';
import { forward } from '../running.js';
import { at, generate, random, randomAwayFromZero, tensor } from '../tensors.js';

const operators: Record<string, { apply: (a: Value, b: Value) => Value; element: (a: number, b: number) => number }> = {
  Add: { apply: add, element: (a, b) => a + b },
  Sub: { apply: sub, element: (a, b) => a - b },
  Mul: { apply: mul, element: (a, b) => a * b },
  Div: { apply: div, element: (a, b) => a / b },
};

const shapes: Record<string, { a: number[]; b: number[]; result: number[] }> = {
  'equal shapes': { a: [2, 3], b: [2, 3], result: [2, 3] },
  'a scalar on the right': { a: [2, 3], b: [], result: [2, 3] },
  'a scalar on the left': { a: [], b: [3], result: [3] },
  'two scalars': { a: [], b: [], result: [] },
  'missing leading axes': { a: [2, 1, 3], b: [3], result: [2, 1, 3] },
  'an axis of size 1': { a: [2, 1, 3], b: [2, 2, 3], result: [2, 2, 3] },
  'axes of size 1 on both sides': { a: [2, 1, 1], b: [1, 3, 2], result: [2, 3, 2] },
  'missing leading axes on the left': { a: [1, 2], b: [3, 2, 1], result: [3, 2, 2] },
};

describe.each(Object.entries(operators))('%s', (name, { apply, element }) => {
  it.each(Object.entries(shapes))('computes %s', async (_, { a, b, result }) => {
    const [left, right] = [random(a, 1), randomAwayFromZero(b, 2, 0.5)];
    expectClose(
      await forward(apply, [left, right]),
      generate(result, (...position) => element(at(left, ...position), at(right, ...position))),
    );
    await expectRightGradients(apply, [left, right]);
  });

  it('passes the gradient to both operands if they are one value', async () => {
    await expectRightGradients((x) => apply(x, x), [randomAwayFromZero([3], 3, 0.5)]);
  });

  it('rejects shapes that cannot be broadcast', () => {
    expectShapeError(() => apply(input('a', [2, 3]), input('b', [2])), name, '[2, 3]', '[2]');
  });

  it('computes integers', async () => {
    const [a, b] = [BigInt64Array.of(-7n, 7n), BigInt64Array.of(2n, 3n)].map(
      (data) => ({ type: 'int64', shape: [2], data }) as const,
    );
    const results = [-7, 7].map((left, index) => BigInt(Math.trunc(element(left, [2, 3][index]!))));
    const expected = { type: 'int64', shape: [2], data: BigInt64Array.from(results) } as const;
    expectSame(await forward(apply, [a!, b!]), expected);
    const folded = simplify(graphOf({ y: apply(constantTensor(a!), constantTensor(b!)) })).outputs.y;
    expectSame(folded as TensorData & Value, expected);
  });

  it('rejects other types, and mixed ones', () => {
    expectShapeError(() => apply(input('a', [2], 'bool'), input('b', [2], 'bool')), name, 'bool [2]', 'float32');
    expectShapeError(() => apply(input('a', [2]), input('b', [2], 'int64')), name, 'int64 [2]', 'different types');
  });
});

describe('operands', () => {
  it('may be numbers, which become scalars', async () => {
    expectClose(await forward((x) => sub(1, div(mul(x, 3), 2)), [tensor([1, 2])]), tensor([-0.5, -2]));
  });

  it('have gradients in their own shape if broadcast', async () => {
    const [left, right] = await gradientsAt((a, b) => add(a, b), [random([2, 3], 1), random([3, 1, 3], 2)]);
    expect(left!.shape).toEqual([2, 3]);
    expect(right!.shape).toEqual([3, 1, 3]);
  });
});
