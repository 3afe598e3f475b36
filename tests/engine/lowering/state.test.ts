import { describe, expect, it } from 'vitest';
import {
  add,
  graphOf,
  input,
  matMul,
  mul,
  nextName,
  reshape,
  slice,
  sub,
  type Value,
} from '../../../src/engine/index.js';
import { lower } from '../../../src/engine/lowering/lower.js';
import { statesInPlace } from '../../../src/engine/lowering/state.js';
import { targets } from '../running.js';

const state = input('state', [4]);
const other = input('other', [4]);
const inPlace = (next: Value, outputs: Record<string, Value> = {}) => [
  ...statesInPlace(graphOf({ [nextName('state')]: next, ...outputs }, [state, other])),
];

describe('a state vector is updated in place', () => {
  it('if the next one is computed from it element by element', () => {
    expect(inPlace(add(state, other))).toEqual(['state']);
    expect(inPlace(mul(state, 0.5))).toEqual(['state']);
  });

  it('if everything else that reads it is used for the next one', () => {
    expect(inPlace(sub(state, mul(slice(state, 0, 1, 2), other)))).toEqual(['state']);
    expect(inPlace(sub(state, reshape(matMul(reshape(state, [2, 2]), reshape(other, [2, 2])), [4])))).toEqual([
      'state',
    ]);
  });

  it('if the next one has further uses', () => {
    const next = add(state, other);
    expect(inPlace(next, { product: mul(next, other) })).toEqual(['state']);
  });

  it('only on the CPU', () => {
    const graph = graphOf({ [nextName('state')]: add(state, other) });
    expect(lower(graph, targets.plain).statesInPlace).toEqual(new Set());
    expect(lower(graph, targets.cpu).statesInPlace).toEqual(new Set(['state']));
    expect(lower(graph, targets.blocked).statesInPlace).toEqual(new Set(['state']));
  });
});

describe('a state vector is not updated in place', () => {
  it('if something else reads it, perhaps later', () => {
    expect(inPlace(add(state, other), { before: mul(state, other) })).toEqual([]);
    expect(inPlace(add(state, other), { before: mul(reshape(state, [2, 2]), 2) })).toEqual([]);
  });

  it('if it is itself an output, in any shape', () => {
    expect(inPlace(add(state, other), { before: reshape(state, [2, 2]) })).toEqual([]);
    expect(inPlace(state)).toEqual([]);
  });

  it('if the writing operator reads it at other positions', () => {
    const [pair, next] = [input('state', [2, 2]), nextName('state')];
    expect([...statesInPlace(graphOf({ [next]: matMul(pair, pair) }))]).toEqual([]);
    expect([...statesInPlace(graphOf({ [next]: mul(matMul(pair, pair), 2) }))]).toEqual(['state']);
  });

  it('if an operator would broadcast it to a larger next one', () => {
    const scalar = input('state', [1]);
    expect([...statesInPlace(graphOf({ [nextName('state')]: add(scalar, other) }))]).toEqual([]);
  });
});
