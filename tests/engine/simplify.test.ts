import { describe, expect, it } from 'vitest';
import {
  abs,
  add,
  cast,
  clip,
  constant,
  constantTensor,
  div,
  exp,
  expand,
  gradients,
  type Graph,
  graphOf,
  input,
  leakyRelu,
  log,
  matMul,
  mul,
  neg,
  relu,
  reshape,
  sigmoid,
  sign,
  simplify,
  slice,
  sqrt,
  stopGradient,
  sub,
  sumOf,
  tanh,
  topologicalOrder,
  type TensorData,
  transpose,
  type Value,
} from '../../src/engine/index.js';
import { expectClose, expectSame } from './expectations.js';
import { type Build, inputsFor, operatorsOf, runAsWritten } from './running.js';
import { random, tensor } from './tensors.js';

/**
 * Expects the simplified graph to consist of these operators, and to compute what the graph as it was written computes.
 */
async function expectSimplified(
  build: Build,
  tensors: readonly TensorData[],
  operators: readonly string[],
): Promise<Graph> {
  const inputs = inputsFor(tensors);
  const graph = graphOf({ result: build(...inputs) }, inputs);
  const simplified = simplify(graph);
  expect(operatorsOf(simplified)).toEqual([...operators].sort());
  expectClose((await runAsWritten(simplified, tensors)).result!, (await runAsWritten(graph, tensors)).result!);
  return simplified;
}

const x = random([2, 3], 1);

describe('constant folding', () => {
  const a = constant([-2, 0.5, 1.5, 4], [2, 2]);
  const integers = constantTensor({ type: 'int64', shape: [3], data: BigInt64Array.of(-2n, 0n, 3n) });
  const foldable: Record<string, Value> = {
    Add: add(a, constant([10, 20])),
    Sub: sub(constant([10, 20], [2, 1]), a),
    Mul: mul(a, 3),
    Div: div(constant([1, 2], [2, 1, 1]), a),
    Neg: neg(a),
    Sign: sign(a),
    Abs: abs(a),
    Exp: exp(a),
    Log: log(constant([0.5, 3])),
    Sqrt: sqrt(constant([0, 2])),
    Tanh: tanh(a),
    Sigmoid: sigmoid(a),
    Relu: relu(a),
    LeakyRelu: leakyRelu(a, 0.1),
    Clip: clip(a, -1, 2),
    Reshape: reshape(a, [4]),
    Expand: expand(constant([1, 2], [2, 1]), [3, 2, 2]),
    'Expand of integers': expand(integers, [2, 3]),
    Identity: stopGradient(a),
    'Cast to integers': cast(a, 'int64'),
    'Cast to truth values': cast(a, 'bool'),
    'Cast to bytes': cast(constant([0, 255]), 'uint8'),
    'Cast of integers': cast(integers, 'float32'),
    'a chain': mul(exp(add(a, 1)), sub(constant(3), 1)),
  };

  it.each(Object.entries(foldable))('computes %s like ONNX Runtime', async (_, result) => {
    const graph = graphOf({ result });
    const simplified = simplify(graph);
    expect(operatorsOf(simplified)).toEqual([]);
    expectClose((await runAsWritten(simplified, [])).result!, (await runAsWritten(graph, [])).result!, 1e-6);
  });

  it('folds the constant parts of an expression', async () => {
    await expectSimplified((value) => mul(value, exp(add(constant(1), 0.5))), [x], ['Mul']);
  });

  it('does not fold large results', () => {
    const graphOfSize = (size: number) => simplify(graphOf({ result: expand(constant(1), [size]) }));
    expect(operatorsOf(graphOfSize(4096))).toEqual([]);
    expect(operatorsOf(graphOfSize(4097))).toEqual(['Expand']);
  });
});

describe('common subexpressions', () => {
  it('are computed once', async () => {
    await expectSimplified((value) => add(exp(tanh(value)), exp(tanh(value))), [x], ['Add', 'Exp', 'Tanh']);
  });

  it('are computed once across outputs', () => {
    const value = input('x', [2]);
    const { outputs } = simplify(graphOf({ a: exp(value), b: exp(value) }));
    expect(outputs.a).toBe(outputs.b);
  });

  it('are found if only simplification makes them equal', async () => {
    await expectSimplified((value) => add(exp(mul(value, 1)), exp(stopGradient(value))), [x], ['Add', 'Exp']);
  });

  it('include equal constants', async () => {
    await expectSimplified(
      (value) => add(mul(value, constant([1, 2, 3])), mul(value, constant([1, 2, 3]))),
      [x],
      ['Add', 'Mul'],
    );
  });

  it('shared by a value and its gradient are computed once', () => {
    const value = input('x', [3]);
    const y = exp(value);
    const rebuilt = mul(exp(value), 2);
    const [gradient] = gradients(sumOf(y), [value]);
    expect(
      operatorsOf(simplify(graphOf({ y, rebuilt, gradient: gradient! }))).filter((name) => name === 'Exp'),
    ).toHaveLength(1);
  });

  it('differ if an attribute differs', async () => {
    await expectSimplified(
      (value) => add(leakyRelu(value, 0.1), leakyRelu(value, 0.2)),
      [x],
      ['Add', 'LeakyRelu', 'LeakyRelu'],
    );
    await expectSimplified(
      (value) => add(slice(value, 1, 0, 2), slice(value, 1, 1, 3)),
      [x],
      ['Add', 'Slice', 'Slice'],
    );
    await expectSimplified(
      (value) => matMul(transpose(value, [0, 2, 1]), transpose(value, [0, 1, 2])),
      [random([2, 3, 3], 2)],
      ['MatMul', 'Transpose'],
    );
  });

  it('differ if an infinite attribute has the opposite sign', async () => {
    const both = (value: Value) => add(mul(clip(value, -Infinity, 1), 2), clip(value, Infinity, 1));
    await expectSimplified(both, [tensor([-3, 2])], ['Add', 'Clip', 'Clip', 'Mul']);
  });

  it('differ if their operands are swapped', async () => {
    await expectSimplified((a, b) => mul(sub(a, b), sub(b, a)), [x, random([2, 3], 2)], ['Mul', 'Sub', 'Sub']);
  });

  it('differ if they read different inputs of one shape', async () => {
    await expectSimplified((a, b) => add(exp(a), exp(b)), [x, random([2, 3], 2)], ['Add', 'Exp', 'Exp']);
  });

  it('include large constants of equal elements', () => {
    const large = (element: number) => constant(new Float32Array(5000).fill(element));
    const constantsOf = (first: number, second: number) => {
      const { outputs } = simplify(
        graphOf({ a: mul(input('x', [5000]), large(first)), b: mul(input('y', [5000]), large(second)) }),
      );
      return new Set(topologicalOrder(Object.values(outputs)).filter(({ kind }) => kind === 'constant')).size;
    };
    expect(constantsOf(3, 3)).toBe(1);
    expect(constantsOf(3, 4)).toBe(2);
    expect(constantsOf(-0, 0)).toBe(2);
  });

  it('differ if constants differ in shape, type or the sign of zero', async () => {
    await expectSimplified(
      (value) => mul(add(value, constant([2])), add(value, constant([2], [1, 1]))),
      [tensor([1, 3], [2, 1])],
      ['Add', 'Add', 'Mul'],
    );
    await expectSimplified(
      (value) => add(div(value, constant(0)), mul(div(value, constant(-0)), -1)),
      [x],
      ['Add', 'Div', 'Div', 'Mul'],
    );
    const zeros = { int64: new BigInt64Array(1), bool: new Uint8Array(8) };
    const { outputs } = simplify(
      graphOf({
        integer: constantTensor({ type: 'int64', shape: [1], data: zeros.int64 }),
        bytes: constantTensor({ type: 'uint8', shape: [8], data: zeros.bool }),
      }),
    );
    expect(outputs.integer!.type).toBe('int64');
    expect(outputs.bytes!.type).toBe('uint8');
  });
});

describe('dead code', () => {
  it('is removed, except for inputs', () => {
    const [value, other] = [input('x', [2]), input('y', [2])];
    gradients(sumOf(exp(mul(value, other))), [value, other]);
    const simplified = simplify(graphOf({ result: mul(exp(value), 1) }, [value, other]));
    expect(operatorsOf(simplified)).toEqual(['Exp']);
    expect(simplified.inputs).toEqual([value, other]);
  });
});

describe('neutral elements', () => {
  const neutral: Record<string, (value: Value) => Value> = {
    'x * 1': (value) => mul(value, 1),
    '1 * x': (value) => mul(1, value),
    'x / 1': (value) => div(value, 1),
    'x + 0': (value) => add(value, 0),
    '0 + x': (value) => add(0, value),
    'x - 0': (value) => sub(value, 0),
    'x times a tensor of ones': (value) => mul(value, constant([1, 1, 1, 1, 1, 1], [2, 3])),
    'x plus a vector of zeros': (value) => add(constant([0, 0, 0]), value),
  };

  it.each(Object.entries(neutral))('are removed from %s', (_, build) => {
    const value = input('x', [2, 3]);
    expect(simplify(graphOf({ result: build(value) })).outputs.result).toBe(value);
  });

  const effective: Record<string, { build: (value: Value) => Value; operator: string }> = {
    '1 / x': { build: (value) => div(1, value), operator: 'Div' },
    '0 - x': { build: (value) => sub(0, value), operator: 'Sub' },
    'x * 0': { build: (value) => mul(value, 0), operator: 'Mul' },
    'x + 1': { build: (value) => add(value, 1), operator: 'Add' },
    'x times ones that repeat it': {
      build: (value) => mul(value, constant(new Array<number>(12).fill(1), [2, 2, 3])),
      operator: 'Mul',
    },
    'x plus a vector that is not all zeros': { build: (value) => add(value, constant([0, 0, 1])), operator: 'Add' },
  };

  it.each(Object.entries(effective))('are not removed from %s', async (_, { build, operator }) => {
    await expectSimplified(build, [x], [operator]);
  });
});

describe('Expands', () => {
  const row = tensor([4, 5, 6], [1, 3]);

  it('are removed before arithmetic that broadcasts its operand itself', async () => {
    await expectSimplified((value, repeated) => add(value, expand(repeated, [2, 3])), [x, row], ['Add']);
    await expectSimplified((value, repeated) => div(expand(repeated, [2, 3]), value), [x, row], ['Div']);
  });

  it('are kept once if both operands are repeated', async () => {
    await expectSimplified(
      (a, b) => sub(expand(a, [2, 3]), expand(b, [2, 3])),
      [row, tensor([7], [])],
      ['Expand', 'Sub'],
    );
  });

  it('are kept if they alone determine the shape of the result', async () => {
    await expectSimplified((a, b) => mul(expand(a, [2, 3]), b), [row, tensor([7, 8, 9])], ['Expand', 'Mul']);
  });
});

describe('StopGradient', () => {
  it('is removed, also in chains', async () => {
    await expectSimplified((value) => exp(stopGradient(stopGradient(value))), [x], ['Exp']);
  });
});

describe('Reshapes', () => {
  it('in a chain become one', async () => {
    await expectSimplified((value) => reshape(reshape(reshape(value, [6]), [1, 6]), [3, 2]), [x], ['Reshape']);
  });

  it('that restore the original shape are removed', async () => {
    await expectSimplified((value) => exp(reshape(reshape(reshape(value, [6]), [3, 2]), [2, 3])), [x], ['Exp']);
  });

  it('are kept if their own shape is used', async () => {
    await expectSimplified(
      (value) => {
        const flat = reshape(value, [6]);
        return add(sumOf(exp(flat)), reshape(flat, [3, 2]));
      },
      [x],
      ['Add', 'Exp', 'ReduceSum', 'Reshape', 'Reshape'],
    );
  });
});

describe('Transposes', () => {
  const y = random([2, 3, 4], 2);

  it('in a chain become one with the composed order', async () => {
    const simplified = await expectSimplified(
      (value) => transpose(transpose(value, [1, 2, 0]), [0, 2, 1]),
      [y],
      ['Transpose'],
    );
    expect(simplified.outputs.result!.shape).toEqual([3, 2, 4]);
  });

  it('compose also when neither is its own inverse', async () => {
    await expectSimplified((value) => transpose(transpose(value, [1, 2, 0]), [1, 2, 0]), [y], ['Transpose']);
  });

  it('that cancel out are removed', async () => {
    await expectSimplified((value) => exp(transpose(transpose(value, [1, 2, 0]), [2, 0, 1])), [y], ['Exp']);
    await expectSimplified(
      (value) => exp(transpose(transpose(transpose(value, [1, 2, 0]), [1, 2, 0]), [1, 2, 0])),
      [y],
      ['Exp'],
    );
  });

  it('that move nothing are removed', async () => {
    await expectSimplified((value) => exp(transpose(value, [0, 1, 2])), [y], ['Exp']);
  });
});

describe('simplify', () => {
  it('is idempotent', () => {
    const value = input('x', [2, 3]);
    const y = add(reshape(transpose(mul(stopGradient(value), 1), [1, 0]), [6]), reshape(exp(add(constant(1), 1)), [1]));
    const [gradient] = gradients(sumOf(mul(y, tanh(y))), [value]);
    const once = simplify(graphOf({ y, gradient: gradient! }));
    expect(operatorsOf(simplify(once))).toEqual(operatorsOf(once));
  });

  it('keeps the names and order of inputs and outputs', () => {
    const [a, b] = [input('a', [2]), input('b', [2])];
    const simplified = simplify(graphOf({ second: mul(b, 1), first: add(a, 0), third: constant(2) }, [b, a]));
    expect(simplified.inputs).toEqual([b, a]);
    expect(Object.keys(simplified.outputs)).toEqual(['second', 'first', 'third']);
    expect(simplified.outputs).toMatchObject({ second: b, first: a });
  });

  it('does not modify its input', async () => {
    const graph = graphOf({ result: exp(mul(input('input0', [2, 3]), 1)) });
    const before = await runAsWritten(graph, [x]);
    simplify(graph);
    expect(operatorsOf(graph)).toEqual(['Exp', 'Mul']);
    expectSame((await runAsWritten(graph, [x])).result!, before.result!);
  });
});
