import { describe, expect, it } from 'vitest';
import {
  add,
  batchNormalization,
  constant,
  conv,
  convTranspose,
  countFlops,
  exp,
  graphOf,
  input,
  matMul,
  mul,
  reduceSum,
  relu,
  reshape,
  ShapeError,
  topologicalOrder,
  transpose,
  type Value,
} from '../../src/engine/index.js';
import { rewriteGraph } from '../../src/engine/graph.js';
import { operatorsOf } from './running.js';

describe('graphOf', () => {
  it('finds the inputs that its outputs depend on', () => {
    const [x, y] = [input('x', [2]), input('y', [2])];
    expect(graphOf({ a: mul(x, 2), b: add(x, y) }).inputs).toEqual([x, y]);
  });

  it('lists declared inputs first, including unused ones', () => {
    const [x, y, unread] = [input('x', [2]), input('y', [2]), input('unread', [3])];
    expect(graphOf({ a: add(x, y) }, [unread, y]).inputs).toEqual([unread, y, x]);
  });

  it('rejects two inputs with the same name', () => {
    const build = () => graphOf({ a: add(input('x', [2]), input('x', [2])) });
    expect(build).toThrow(ShapeError);
    expect(build).toThrow('graph: two different inputs are named x');
  });

  it('rejects an output that has the name of an input but is another value', () => {
    const x = input('x', [2]);
    expect(() => graphOf({ x: add(x, 1) })).toThrow(ShapeError);
    expect(graphOf({ x }).outputs).toEqual({ x });
  });
});

describe('topologicalOrder', () => {
  it('lists each value once, inputs before results', () => {
    const x = input('x', []);
    const shared = exp(x);
    const order = topologicalOrder([add(shared, mul(shared, x)), shared]);
    expect(order).toHaveLength(new Set(order).size);
    expect(order).toHaveLength(4);
    for (const [index, value] of order.entries()) {
      if (value.kind === 'computed') expect(value.inputs.every((operand) => order.indexOf(operand) < index)).toBe(true);
    }
  });

  it('traverses graphs that are deeper than the call stack', () => {
    const deep = Array.from({ length: 50_000 }).reduce<Value>((value) => relu(value), input('x', []));
    expect(topologicalOrder([deep])).toHaveLength(50_001);
  });
});

describe('rewriteGraph', () => {
  it('passes every computed value with its inputs already replaced', () => {
    const x = input('x', []);
    const replaced = rewriteGraph(graphOf({ y: exp(exp(add(x, 1))) }), (value) =>
      value.operator.name === 'Exp' ? relu(value.inputs[0]) : value,
    );
    expect(operatorsOf(replaced)).toEqual(['Add', 'Relu', 'Relu']);
  });

  it('replaces a value in all its uses by one value', () => {
    const x = input('x', []);
    const shared = exp(x);
    const { outputs } = rewriteGraph(graphOf({ a: mul(shared, 2), b: mul(shared, 3), c: shared }), (value) =>
      value.operator.name === 'Exp' ? relu(value.inputs[0]) : value,
    );
    expect(
      topologicalOrder(Object.values(outputs)).filter(
        (value) => value.kind === 'computed' && value.operator.name === 'Relu',
      ),
    ).toEqual([outputs.c]);
  });

  it('returns values without changes as they are', () => {
    const y = mul(exp(input('x', [])), 2);
    expect(rewriteGraph(graphOf({ y }), (value) => value).outputs.y).toBe(y);
  });

  it('keeps the inputs in order, including those that become unused', () => {
    const [x, y] = [input('x', []), input('y', [])];
    const graph = graphOf({ z: add(y, x) }, [x, y]);
    expect(rewriteGraph(graph, () => constant(0)).inputs).toEqual([x, y]);
  });

  it('replaces leaves', () => {
    const x = input('x', []);
    const { outputs } = rewriteGraph(
      graphOf({ y: mul(x, 2) }),
      (value) => value,
      (leaf) => (leaf === x ? constant(5) : leaf),
    );
    expect(topologicalOrder([outputs.y!]).some(({ kind }) => kind === 'input')).toBe(false);
  });
});

describe('countFlops', () => {
  const count = (y: Value) => countFlops(graphOf({ y }));
  const x = input('x', [2, 3, 8, 8]);

  it('counts a multiply-add as two', () => {
    expect(count(conv(x, input('w', [5, 3, 4, 4]), { strides: 2, pads: 1 }))).toBe(2 * (2 * 5 * 4 * 4) * (3 * 4 * 4));
    expect(count(convTranspose(x, input('w', [3, 5, 4, 4]), { strides: 2, pads: 1 }))).toBe(
      2 * (2 * 3 * 8 * 8) * (5 * 4 * 4),
    );
    expect(count(matMul(input('a', [7, 4, 6]), input('b', [6, 5])))).toBe(2 * 7 * 4 * 5 * 6);
  });

  it('counts one per element of elementwise results and of reduced inputs', () => {
    expect(count(relu(x))).toBe(384);
    expect(count(add(x, input('bias', [3, 1, 1])))).toBe(384);
    expect(count(reduceSum(x, [2, 3]))).toBe(384);
  });

  it('counts nothing for data movement', () => {
    expect(count(transpose(reshape(x, [6, 64]), [1, 0]))).toBe(0);
  });

  it('counts shared values once, and an operator by its decomposition', () => {
    const shared = relu(x);
    expect(count(add(shared, shared))).toBe(2 * 384);
    const [scale, bias] = [input('scale', [3]), input('bias', [3])];
    expect(count(batchNormalization(x, scale, bias))).toBeGreaterThan(5 * 384);
  });
});
