import { describe, expect, it } from 'vitest';
import {
  add,
  concat,
  type Graph,
  graphOf,
  input,
  matMul,
  mul,
  nextName,
  slice,
  StatefulProgram,
  tanh,
} from '../../../src/engine/index.js';
import { lower } from '../../../src/engine/lowering/lower.js';
import { compileSmall, targets } from '../running.js';
import { random } from '../tensors.js';

/** Counts its runs in `count` and adds the fed numbers up in `total`; `seen` is the total before the step. */
async function compileCounter(): Promise<StatefulProgram> {
  const [count, total, amount] = [input('count', []), input('total', [2]), input('amount', [2])];
  const outputs = { [nextName('count')]: add(count, 1), [nextName('total')]: add(total, amount), seen: mul(total, 1) };
  return new StatefulProgram(await compileSmall(graphOf(outputs)), {
    count: Float32Array.of(0),
    total: Float32Array.of(10, 20),
  });
}

/** A chaotic recurrence, in which a single bit of difference would grow. */
async function statesOfRecurrence(steps: number, initial: Float32Array): Promise<Float32Array> {
  const [state, weight] = [input('state', [1, 8]), input('weight', [8, 8])];
  const program = new StatefulProgram(
    await compileSmall(graphOf({ [nextName('state')]: tanh(matMul(state, mul(weight, 3))) })),
    { state: initial },
  );
  try {
    const { data } = random([8, 8], 5);
    for (let step = 0; step < steps; step++) await program.step({ weight: data });
    return (await program.readState()).state!;
  } finally {
    await program.release();
  }
}

describe('StatefulProgram', () => {
  it('names the next value of a state', () => {
    expect(nextName('weights')).toBe('next/weights');
  });

  it('carries its state from one step to the next', async () => {
    const program = await compileCounter();
    await program.step({ amount: Float32Array.of(1, 2) });
    await program.step({ amount: Float32Array.of(3, 4) });
    expect(await program.readState()).toEqual({ count: Float32Array.of(2), total: Float32Array.of(14, 26) });
    await program.release();
  });

  it('returns the outputs that are not state', async () => {
    const program = await compileCounter();
    await program.step({ amount: Float32Array.of(1, 2) });
    expect(await program.step({ amount: Float32Array.of(3, 4) })).toEqual({
      seen: { type: 'float32', shape: [2], data: Float32Array.of(11, 22) },
    });
    await program.release();
  });

  it('starts with the initial state and does not modify it', async () => {
    const initial = { total: Float32Array.of(1, 2) };
    const total = input('total', [2]);
    const program = new StatefulProgram(await compileSmall(graphOf({ [nextName('total')]: mul(total, 2) })), initial);
    expect(await program.readState()).toEqual({ total: Float32Array.of(1, 2) });
    expect(await program.step({})).toEqual({});
    expect(await program.readState()).toEqual({ total: Float32Array.of(2, 4) });
    expect(initial).toEqual({ total: Float32Array.of(1, 2) });
    await program.release();
  });

  it('uses its own state even if the feeds contain another', async () => {
    const program = await compileCounter();
    await program.step({ amount: Float32Array.of(1, 2), count: Float32Array.of(100) });
    expect((await program.readState()).count).toEqual(Float32Array.of(1));
    await program.release();
  });

  it('does not modify a state that it has returned', async () => {
    const program = await compileCounter();
    await program.step({ amount: Float32Array.of(1, 2) });
    const { total } = await program.readState();
    await program.step({ amount: Float32Array.of(3, 4) });
    expect(total).toEqual(Float32Array.of(11, 22));
    await program.release();
  });

  it('reads the complete previous state even if its memory is overwritten', async () => {
    const [state, amount] = [input('state', [4]), input('amount', [4])];
    const reversed = concat(
      [3, 2, 1, 0].map((index) => slice(state, 0, index, index + 1)),
      0,
    );
    const graph = graphOf({ [nextName('state')]: add(state, mul(reversed, amount)), seen: mul(state, 3) });
    const [kept, written] = [graph, graphOf({ [nextName('state')]: graph.outputs[nextName('state')]! })];
    const statesOf = async (each: Graph) => {
      const program = new StatefulProgram(await compileSmall(each), { state: Float32Array.of(1, 2, 3, 4) });
      for (let step = 0; step < 5; step++) await program.step({ amount: Float32Array.of(1, -1, 2, 0.5) });
      const { state: last } = await program.readState();
      await program.release();
      return last;
    };
    expect(lower(kept, targets.cpu).statesInPlace.size).toBe(0);
    expect(lower(written, targets.cpu).statesInPlace.size).toBe(1);
    expect(await statesOf(written)).toEqual(await statesOf(kept));
  });

  it('is bitwise reproducible', async () => {
    const initial = random([1, 8], 6).data;
    expect(await statesOfRecurrence(50, initial)).toEqual(await statesOfRecurrence(50, initial));
  });

  it('is bitwise identical if stopped midway and resumed from the saved state in a new program', async () => {
    const initial = random([1, 8], 6).data;
    const halfWay = await statesOfRecurrence(25, initial);
    expect(await statesOfRecurrence(25, Float32Array.from(halfWay))).toEqual(await statesOfRecurrence(50, initial));
  });
});
