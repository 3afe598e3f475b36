import { describe, expect, it } from 'vitest';
import {
  add,
  batchNormalization,
  conv,
  exp,
  type Graph,
  graphOf,
  gradients,
  input,
  leakyRelu,
  lower,
  meanOf,
  mul,
  nextName,
  pack,
  flatLayout,
  square,
  StatefulProgram,
  sub,
  sumOf,
  unpack,
  type Value,
} from '../../../src/engine/index.js';
import { expectClose } from '../expectations.js';
import { compileSmall, targets } from '../running.js';
import { random } from '../tensors.js';

const blocksOf16 = { name: 'cpu', block: 16 } as const;
// Numbers of channels that fill no block, so that kernels are padded.
const packing = flatLayout({ down: [5, 3, 4, 4], scale: [5], shift: [5], pixel: [6, 5, 4, 4], bias: [6] });

/** A step of gradient descent on two convolutions whose kernels lie in a state vector, with what else is made of the vectors. */
function descent(more: (state: Value, gradient: Value) => Record<string, Value>): Graph {
  const [state, x] = [input('state', [packing.size]), input('x', [2, 3, 8, 8])];
  const { down, scale, shift, pixel, bias } = unpack(state, packing) as Record<'down' | 'scale' | 'shift' | 'pixel' | 'bias', Value>;
  const inside = leakyRelu(batchNormalization(conv(x, down, { strides: 2, pads: 1 }), scale, shift), 0.2);
  const loss = meanOf(square(sub(conv(inside, pixel, { bias }), 1)));
  const byName = gradients(loss, [down, scale, shift, pixel, bias]);
  const gradient = pack({ down: byName[0]!, scale: byName[1]!, shift: byName[2]!, pixel: byName[3]!, bias: byName[4]! }, packing);
  return graphOf({ [nextName('state')]: sub(state, mul(gradient, 0.1)), ...more(state, gradient) }, [state, x]);
}

/** The sums after three steps, and the state. */
async function resultsOf(graph: Graph, target: (typeof targets)[keyof typeof targets]) {
  const program = new StatefulProgram(await compileSmall(graph, target), { state: random([packing.size], 1).data });
  const x = random([2, 3, 8, 8], 2).data;
  for (let step = 0; step < 2; step++) await program.step({ x });
  const sums = await program.step({ x });
  const data = program.state.state!;
  await program.release();
  return { ...sums, state: { type: 'float32' as const, shape: [packing.size], data } };
}

async function expectSameSums(graph: Graph): Promise<void> {
  const [expected, actual] = [await resultsOf(graph, targets.plain), await resultsOf(graph, targets.blocked)];
  expect(Object.keys(actual)).toEqual(Object.keys(expected));
  for (const [name, value] of Object.entries(expected)) expectClose(actual[name as keyof typeof expected], value, 1e-4);
}

const isStored = (graph: Graph): boolean => lower(graph, blocksOf16).stateLayouts.has('state');

describe('a state vector in an order of its own', () => {
  const sums: Record<string, (state: Value, gradient: Value) => Value> = {
    'of its gradient': (_, gradient) => sumOf(gradient),
    'of the squares of its gradient': (_, gradient) => sumOf(square(gradient)),
    'of itself': (state) => sumOf(state),
    'of its products with its gradient, scaled': (state, gradient) => sumOf(mul(mul(state, gradient), 3)),
  };

  it.each(Object.entries(sums))('keeps it beside a sum %s, which is the same', async (_, sum) => {
    const graph = descent((state, gradient) => ({ sum: sum(state, gradient) }));
    expect(isStored(graph)).toBe(true);
    await expectSameSums(graph);
  });

  const others: Record<string, (state: Value, gradient: Value) => Value> = {
    'a sum in which zeros would count': (_, gradient) => sumOf(add(gradient, 1)),
    'a mean, which counts elements': (_, gradient) => meanOf(square(gradient)),
    'a sum of something that is not 0 at 0': (state) => sumOf(exp(state)),
  };

  it.each(Object.entries(others))('is right beside %s', async (_, other) => {
    await expectSameSums(descent((state, gradient) => ({ other: other(state, gradient) })));
  });

  it('is kept even if a sum would count the padding', () => {
    expect(isStored(descent((_, gradient) => ({ sum: sumOf(add(gradient, 1)) })))).toBe(true);
  });
});
