import { describe, expect, it } from 'vitest';
import {
  abs,
  adam,
  add,
  after,
  batchNormalization,
  clip,
  constant,
  conv,
  div,
  equal,
  exp,
  flatLayout,
  gradients,
  type Graph,
  graphOf,
  greater,
  input,
  leakyRelu,
  matMul,
  meanOf,
  mul,
  neg,
  nextName,
  pack,
  reshape,
  sigmoid,
  slice,
  sqrt,
  square,
  StatefulProgram,
  sub,
  sumOf,
  unpack,
  type Value,
  where,
} from '../../../../src/engine/index.js';
import { lower } from '../../../../src/engine/lowering/lower.js';
import { apply } from '../../../../src/engine/operator.js';
import { expectClose } from '../../expectations.js';
import { compileSmall, operatorsOf, targets } from '../../running.js';
import { random } from '../../tensors.js';
import type { Operator } from '../../../../src/engine/value.js';

const blocksOf16 = { name: 'cpu', block: 16 } as const;
// Numbers of channels that fill no block, so that kernels are padded.
const shapes = { down: [20, 6, 4, 4], scale: [20], shift: [20], pixel: [6, 20, 4, 4], bias: [6] } as const;
const packing = flatLayout(shapes);
type Name = keyof typeof shapes;
const NAMES = Object.keys(shapes) as Name[];
const CONSTANTS = { beta1: 0.5, beta2: 0.9, epsilon: 1e-3 };

interface Between {
  /** What happens to the gradient of each tensor before they are packed. */
  each?: (gradient: Value) => Value;
  /** What happens to the packed gradient before Adam. */
  packed?: (gradient: Value, parameters: Value) => Value;
  /** What happens to the parameters after Adam. */
  parameters?: (parameters: Value) => Value;
  activation?: (x: Value) => Value;
  outputs?: (gradient: Value, parameters: Value) => Record<string, Value>;
}

/** A step of Adam on two convolutions. */
function step({ each, packed, parameters: change, activation = (x) => leakyRelu(x, 0.2), outputs }: Between): Graph {
  const [state, m, v] = ['state', 'm', 'v'].map((name) => input(name, [packing.size])) as [Value, Value, Value];
  const x = input('x', [2, 6, 8, 8]);
  const tensors = unpack(state, packing) as Record<Name, Value>;
  const inside = activation(
    batchNormalization(conv(x, tensors.down, { strides: 2, pads: 1 }), tensors.scale, tensors.shift),
  );
  const loss = meanOf(square(sub(conv(inside, tensors.pixel, { bias: tensors.bias }), 1)));
  const slopes = gradients(
    loss,
    NAMES.map((name) => tensors[name]),
  );
  const gradient = pack(
    Object.fromEntries(NAMES.map((name, index) => [name, each ? each(slopes[index]!) : slopes[index]!])),
    packing,
  );
  const changed = packed ? packed(gradient, state) : gradient;
  const next = adam(state, changed, { m, v }, { stepSize: constant(0.02), denominatorScale: constant(1.5) }, CONSTANTS);
  const parameters = change ? change(next.parameter) : next.parameter;
  return graphOf({
    [nextName('state')]: parameters,
    [nextName('m')]: next.m,
    [nextName('v')]: next.v,
    ...outputs?.(gradient, state),
  });
}

const transposesOf = (graph: Graph): number =>
  operatorsOf(lower(graph, blocksOf16)).filter((name) => name === 'Transpose').length;

/** State and outputs after three steps. */
async function resultsOf(graph: Graph, target: (typeof targets)[keyof typeof targets]) {
  const initial = {
    state: random([packing.size], 1, -0.3, 0.3).data,
    m: new Float32Array(packing.size),
    v: new Float32Array(packing.size),
  };
  const program = new StatefulProgram(await compileSmall(graph, target), initial);
  const x = random([2, 6, 8, 8], 2).data;
  for (let count = 0; count < 2; count++) await program.step({ x });
  const outputs = await program.step({ x });
  const states = Object.entries(await program.readState()).map(
    ([name, data]) => [name, { type: 'float32' as const, shape: [packing.size], data }] as const,
  );
  await program.release();
  return { ...outputs, ...Object.fromEntries(states) };
}

async function expectSameAsPlain(graph: Graph, tolerance = 1e-3): Promise<void> {
  const [expected, actual] = [await resultsOf(graph, targets.plain), await resultsOf(graph, targets.blocked)];
  expect(Object.keys(actual)).toEqual(Object.keys(expected));
  for (const [name, value] of Object.entries(expected)) expectClose(actual[name]!, value, tolerance);
}

/** A sum over processes, which works on elements in any order. */
const AllReduce: Operator = {
  name: 'AllReduce',
  domain: 'example',
  elementwise: true,
  keepsZero: true,
  infer: ([x]) => ({ type: 'float32', shape: x.shape }),
};

const limited = (gradient: Value): Value => {
  const norm = sqrt(sumOf(square(gradient)));
  return mul(gradient, div(0.1, where(greater(norm, 0.1), norm, constant(0.1))));
};

const BETWEEN: Record<string, Between> = {
  'a factor': { packed: (g) => mul(g, 0.5) },
  'clipping by norm': { packed: limited },
  'clipping by value': { packed: (g) => clip(g, -0.01, 0.01) },
  'weight decay': { packed: (g, parameters) => add(g, mul(parameters, 0.1)) },
  'a constant that is added': { packed: (g) => add(g, 0.05) },
  'a function that is not 0 at 0': { packed: (g) => sub(exp(g), 0.5) },
  'a selection of elements': { packed: (g) => where(greater(abs(g), 0.01), g, mul(g, 2)) },
  'a selection that is not 0 at 0': { packed: (g) => where(greater(g, 0), g, constant(-0.1)) },
  'a selection by a scalar': { packed: (g) => where(equal(sumOf(g), sumOf(g)), g, constant(0)) },
  'a constant vector': { packed: (g) => mul(g, constant(random([packing.size], 5, 0.5, 1.5).data)) },
  'an order of computation': { packed: (g) => after(g, sumOf(g)) },
  'a factor for each tensor': { each: (g) => mul(g, 0.5) },
  'clipping for each tensor': { each: (g) => neg(clip(neg(g), -0.01, 0.01)) },
  'a norm for each tensor': { each: limited },
  'a constant added to each tensor': { each: (g) => add(g, 0.05) },
  'a selection for each tensor': { each: (g) => where(greater(g, 0), g, mul(g, 2)) },
  'parameters that are limited away from 0': { parameters: (next) => clip(next, 0.01, 1) },
};

describe('between gradient and Adam,', () => {
  describe.each(Object.entries(BETWEEN))('%s', (_, between) => {
    it('transposes no kernel', () => {
      expect(transposesOf(step(between))).toBe(transposesOf(step({})));
      expect([...lower(step(between), blocksOf16).stateLayouts.keys()].sort()).toEqual(['m', 'state', 'v']);
    });

    it('equals plain layouts', async () => {
      await expectSameAsPlain(step(between));
    });
  });

  it('a custom elementwise operator transposes no kernel', () => {
    const transposes = transposesOf(step({}));
    expect(transposesOf(step({ packed: (g) => mul(apply(AllReduce, [g], {}), 0.5) }))).toBe(transposes);
    expect(transposesOf(step({ each: (g) => apply(AllReduce, [g], {}) }))).toBe(transposes);
  });

  it('a custom operator that mixes elements receives them in plain order', async () => {
    const mixed = (g: Value): Value => {
      const head = reshape(slice(g, 0, 0, 1900), [1, 1900]);
      return sub(g, mul(reshape(matMul(head, reshape(head, [1900, 1])), []), 0.01));
    };
    await expectSameAsPlain(step({ packed: mixed }));
  });
});

describe('state vectors with other uses', () => {
  const outputs: Between['outputs'] = (gradient, parameters) => ({
    gradient,
    mean: meanOf(square(gradient)),
    changed: mul(parameters, 2),
    part: slice(gradient, 0, 5, 50),
  });

  it('keep their order if gradients are outputs, which are in plain order', async () => {
    expect([...lower(step({ outputs }), blocksOf16).stateLayouts.keys()]).toContain('state');
    await expectSameAsPlain(step({ outputs }));
  });

  it('keep zeros in their padding if activations have none', async () => {
    await expectSameAsPlain(step({ activation: sigmoid }));
  });
});

const isStored = (graph: Graph): boolean => lower(graph, blocksOf16).stateLayouts.has('state');

describe('a state vector in stored order', () => {
  const sums: Record<string, (state: Value, gradient: Value) => Value> = {
    'of its gradient': (_, gradient) => sumOf(gradient),
    'of the squares of its gradient': (_, gradient) => sumOf(square(gradient)),
    'of itself': (state) => sumOf(state),
    'of its products with its gradient, scaled': (state, gradient) => sumOf(mul(mul(state, gradient), 3)),
  };

  it.each(Object.entries(sums))('is kept for a sum %s, with the same result', async (_, sum) => {
    const graph = step({ outputs: (gradient, state) => ({ sum: sum(state, gradient) }) });
    expect(isStored(graph)).toBe(true);
    await expectSameAsPlain(graph, 1e-4);
  });

  const others: Record<string, (state: Value, gradient: Value) => Value> = {
    'a sum in which zeros would count': (_, gradient) => sumOf(add(gradient, 1)),
    'a mean, which counts elements': (_, gradient) => meanOf(square(gradient)),
    'a sum of something that is not 0 at 0': (state) => sumOf(exp(state)),
  };

  it.each(Object.entries(others))('is correct for %s', async (_, other) => {
    await expectSameAsPlain(step({ outputs: (gradient, state) => ({ other: other(state, gradient) }) }), 1e-4);
  });

  it('is kept even if a sum would include the padding', () => {
    expect(isStored(step({ outputs: (gradient) => ({ sum: sumOf(add(gradient, 1)) }) }))).toBe(true);
  });
});
