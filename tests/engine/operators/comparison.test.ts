import { describe, expect, it } from 'vitest';
import { cast, equal, greater, input, mul, square, stopGradient, sumOf, where } from '../../../src/engine/index.js';
import { expectSame, expectShapeError } from '../expectations.js';
import { expectRightGradients, gradientsAt } from '../finiteDifferences.js';
import { forward } from '../running.js';
import { at, bools, generate, random, tensor } from '../tensors.js';

const integers = (...elements: bigint[]) =>
  ({ type: 'int64', shape: [elements.length], data: BigInt64Array.from(elements) }) as const;

describe('Equal', () => {
  it('is true for equal numbers', async () => {
    expectSame(await forward(equal, [tensor([1, 2, -0]), tensor([1, 3, 0])]), bools([true, false, true]));
  });

  it('broadcasts its operands', async () => {
    expectSame(
      await forward(equal, [tensor([1, 2], [2, 1]), tensor([2, 1])]),
      bools([false, true, true, false], [2, 2]),
    );
    expectSame(await forward((x) => equal(x, 2), [tensor([1, 2])]), bools([false, true]));
  });

  it('compares integers', async () => {
    expectSame(await forward(equal, [integers(2n ** 53n, 1n), integers(2n ** 53n + 1n, 1n)]), bools([false, true]));
  });

  it('passes no gradient', async () => {
    const [gradient] = await gradientsAt((x) => where(equal(x, 2), mul(x, 7), square(x)), [tensor([2, 3])], {
      loss: sumOf,
    });
    expectSame(gradient!, tensor([7, 6]));
  });

  it('rejects operands that do not match', () => {
    expectShapeError(() => equal(input('a', [2, 3]), input('b', [4])), 'Equal', '[2, 3]', '[4]');
    expectShapeError(() => equal(input('a', [2]), input('b', [2], 'int64')), 'Equal', '[2]', 'int64 [2]');
  });
});

describe('Greater', () => {
  it('is true if the first operand is larger', async () => {
    expectSame(await forward(greater, [tensor([1, 3, 2]), tensor([2, 2, 2])]), bools([false, true, false]));
  });

  it('broadcasts its operands', async () => {
    expectSame(
      await forward(greater, [tensor([1, 3], [2, 1]), tensor([2, 0])]),
      bools([false, true, true, true], [2, 2]),
    );
    expectSame(await forward((x) => greater(2, x), [tensor([1, 2])]), bools([true, false]));
  });

  it('rejects operands that do not match', () => {
    expectShapeError(() => greater(input('a', [2, 3]), input('b', [4])), 'Greater', '[2, 3]', '[4]');
    expectShapeError(() => greater(input('a', [2]), input('b', [2], 'uint8')), 'Greater', '[2]', 'uint8 [2]');
  });
});

describe('Where', () => {
  const shapes: Record<string, { condition: number[]; a: number[]; b: number[]; result: number[] }> = {
    'equal shapes': { condition: [2, 3], a: [2, 3], b: [2, 3], result: [2, 3] },
    'scalar branches': { condition: [3], a: [], b: [], result: [3] },
    'a condition that is repeated': { condition: [2, 1], a: [3], b: [2, 3], result: [2, 3] },
    'a scalar condition': { condition: [], a: [2], b: [2], result: [2] },
    'missing leading axes': { condition: [2, 1, 2], a: [1, 2], b: [2, 1], result: [2, 2, 2] },
  };

  it.each(Object.entries(shapes))(
    'selects by %s and passes the gradient to the selected elements',
    async (_, shape) => {
      const condition = bools(
        Array.from(random(shape.condition, 1).data, (element) => element > 0),
        shape.condition,
      );
      const [a, b] = [random(shape.a, 2), random(shape.b, 3)];
      expectSame(
        await forward(where, [condition, a, b]),
        generate(shape.result, (...position) =>
          at(condition, ...position) === 1 ? at(a, ...position) : at(b, ...position),
        ),
      );
      await expectRightGradients(where, [condition, a, b]);
    },
  );

  it('passes no gradient through the condition', async () => {
    await expectRightGradients((x) => where(greater(x, 0), mul(x, 3), square(x)), [tensor([-1, 0.5, 2])]);
  });

  it('selects integers', async () => {
    const [a, b] = [integers(1n, 2n), integers(-1n, -2n)];
    expectSame(await forward(where, [bools([true, false]), a, b]), integers(1n, -2n));
  });

  it('rejects operands that do not match', () => {
    const condition = input('condition', [2, 3], 'bool');
    expectShapeError(() => where(condition, input('a', [2]), input('b', [2])), 'Where', 'bool [2, 3]', '[2]');
    expectShapeError(() => where(condition, input('a', [2, 3]), input('b', [4])), 'Where', '[2, 3]', '[4]');
    expectShapeError(() => where(condition, input('a', [3]), input('b', [3], 'int64')), 'Where', '[3]', 'int64 [3]');
    expectShapeError(() => where(input('condition', [3]), input('a', [3]), input('b', [3])), 'Where', 'bool', '[3]');
  });
});

describe('Cast', () => {
  it('converts between all element types', async () => {
    const bytes = { type: 'uint8', shape: [3], data: Uint8Array.of(0, 1, 255) } as const;
    expectSame(await forward((x) => cast(x, 'float32'), [bytes]), tensor([0, 1, 255]));
    expectSame(await forward((x) => cast(x, 'int64'), [tensor([1.75, -1.75])]), integers(1n, -1n));
    expectSame(await forward((x) => cast(x, 'uint8'), [tensor([0, 1, 255])]), bytes);
    expectSame(await forward((x) => cast(x, 'bool'), [tensor([0, 0.5, -2])]), bools([false, true, true]));
    expectSame(await forward((x) => cast(x, 'float32'), [integers(-3n, 4n)]), tensor([-3, 4]));
    expectSame(await forward((x) => cast(x, 'float32'), [bools([true, false])]), tensor([1, 0]));
  });

  it('is the identity if the type does not change', () => {
    const x = input('x', [2]);
    expect(cast(x, 'float32')).toBe(x);
  });

  it('passes no gradient', async () => {
    const [gradient] = await gradientsAt((x) => cast(cast(x, 'int64'), 'float32'), [tensor([1.5, 2.5])]);
    expectSame(gradient!, tensor([0, 0]));
  });
});

describe('stopGradient', () => {
  it('is the identity', async () => {
    const x = random([2, 3], 1);
    expectSame(await forward(stopGradient, [x]), x);
  });

  it('stops gradients', async () => {
    const x = random([4], 1);
    const [gradient] = await gradientsAt((value) => mul(value, stopGradient(value)), [x], { loss: sumOf });
    expectSame(gradient!, x);
  });
});
