import { describe, expect, it } from 'vitest';
import {
  add,
  argMin,
  cast,
  constant,
  exp,
  gradients,
  graphOf,
  input,
  mul,
  relu,
  ShapeError,
  square,
  stopGradient,
  sumOf,
  tanh,
  type TensorData,
  type Value,
} from '../../src/engine/index.js';
import { apply } from '../../src/engine/operator.js';
import { expectClose, expectSame } from './expectations.js';
import { expectRightGradients, gradientsAt, lossOf } from './finiteDifferences.js';
import { run } from './running.js';
import { random, tensor } from './tensors.js';
import type { Operator } from '../../src/engine/value.js';

/** The values of symbolic scalars and tensors where the one input, `input0`, is `x`. */
async function valuesAt(x: TensorData, build: (value: Value) => readonly Value[]): Promise<TensorData[]> {
  const value = input('input0', x.shape);
  const outputs = build(value);
  const results = await run(
    graphOf(Object.fromEntries(outputs.map((output, index) => [`output${index}`, output])), [value]),
    [x],
  );
  return outputs.map((_, index) => results[`output${index}`]!);
}

describe('gradients', () => {
  it('sums the contributions of every use of a value', async () => {
    await expectRightGradients((x) => add(mul(x, exp(x)), mul(tanh(x), x)), [random([3], 1)]);
  });

  it('sums the contributions of several uses by one operator', async () => {
    const [gradient] = await gradientsAt((x) => add(x, x), [tensor([1, 2])], { loss: sumOf });
    expectSame(gradient!, tensor([2, 2]));
  });

  it('processes a chain of a thousand operators, too deep for recursion', async () => {
    const [gradient] = await gradientsAt(
      (x) => Array.from({ length: 1000 }).reduce<Value>((value) => add(value, x), x),
      [tensor([0.5])],
      { loss: sumOf },
    );
    expectSame(gradient!, tensor([1001]));
  });

  it('processes a graph with exponentially many paths in linear time', async () => {
    // Every step doubles the paths from x to the loss: 2^40 of them.
    const [gradient] = await gradientsAt(
      (x) => Array.from({ length: 40 }).reduce<Value>((value) => mul(add(value, value), 0.5), x),
      [tensor([3])],
      {
        loss: sumOf,
      },
    );
    expectSame(gradient!, tensor([1]));
  });

  it('treats a stopped value as a constant, and other paths as usual', async () => {
    const [gradient] = await gradientsAt((x) => add(mul(stopGradient(square(x)), x), x), [tensor([3])], {
      loss: sumOf,
    });
    expectSame(gradient!, tensor([10]));
  });

  it('is zeros in the shape of the value if the loss does not depend on it', async () => {
    const [, gradient] = await gradientsAt((x) => square(x), [random([2], 1), random([2, 3], 2)]);
    expectSame(gradient!, tensor([0, 0, 0, 0, 0, 0], [2, 3]));
  });

  it('is zeros for every value if the loss is a constant', async () => {
    const [gradient] = await valuesAt(tensor([1, 2]), (x) => gradients(constant(5), [x]));
    expectSame(gradient!, tensor([0, 0]));
  });

  it('is 1 for the loss itself', async () => {
    const [gradient] = await valuesAt(tensor([4], []), (x) => {
      const loss = square(x);
      return gradients(loss, [loss]);
    });
    expectSame(gradient!, tensor([1], []));
  });

  it('differentiates with respect to inner values, each in full even if one depends on the other', async () => {
    const [inner, outer] = await valuesAt(tensor([3], []), (x) => {
      const squared = square(x);
      return gradients(mul(squared, 5), [squared, x]);
    });
    expectSame(inner!, tensor([5], []));
    expectSame(outer!, tensor([30], []));
  });

  it('returns gradients in the requested order, including repeated values', async () => {
    const results = await valuesAt(tensor([3], []), (x) => {
      const doubled = mul(x, 2);
      return gradients(square(doubled), [x, doubled, x]);
    });
    expect(results.map(({ data }) => Number(data[0]))).toEqual([24, 12, 24]);
  });

  it('can be differentiated again: the second derivative of e^(x^2) is (2 + 4 x^2) e^(x^2)', async () => {
    const x = tensor([-0.5, 0, 0.75]);
    const [second] = await valuesAt(x, (value) => {
      const [first] = gradients(sumOf(exp(square(value))), [value]);
      return gradients(sumOf(first!), [value]);
    });
    expectClose(second!, tensor(Array.from(x.data, (at) => (2 + 4 * at * at) * Math.exp(at * at))));
  });

  it('can be differentiated a third time', async () => {
    const [third] = await valuesAt(tensor([0.5, -2]), (value) => {
      let derivative: Value = mul(square(value), square(value));
      for (let order = 0; order < 3; order++) derivative = gradients(sumOf(derivative), [value])[0]!;
      return [derivative];
    });
    expectClose(third!, tensor([12, -48]));
  });

  it('differentiates a loss of gradients, such as a gradient penalty', async () => {
    await expectRightGradients(
      (x, y) => square(gradients(lossOf(tanh(mul(x, y))), [x])[0]!),
      [random([3], 1), random([3], 2)],
    );
  });

  it('stops at integer values', async () => {
    const [gradient] = await gradientsAt((x) => mul(x, cast(argMin(x, 0), 'float32')), [tensor([3, 1, 2])], {
      loss: sumOf,
    });
    expectSame(gradient!, tensor([1, 1, 1]));
  });

  it('rejects a loss that is not a float32 scalar', () => {
    const x = input('x', [2, 3]);
    expect(() => gradients(relu(x), [x])).toThrow(ShapeError);
    expect(() => gradients(relu(x), [x])).toThrow('gradients: the loss must be a float32 scalar, not float32 [2, 3]');
    expect(() => gradients(input('n', [], 'int64'), [x])).toThrow('int64 []');
  });

  it('names the operator without a gradient between a value and the loss', () => {
    const Opaque: Operator = { name: 'Opaque', infer: ([x]) => ({ type: x.type, shape: x.shape }) };
    const [x, y] = [input('x', []), input('y', [])];
    const loss = add(apply(Opaque, [x], {}), y);
    expect(() => gradients(loss, [x])).toThrow('gradients: Opaque has no gradient rule');
    expect(gradients(loss, [y])).toHaveLength(1);
    expect(gradients(apply(Opaque, [x], {}), [y])).toMatchObject([{ kind: 'constant', data: Float32Array.of(0) }]);
  });
});
