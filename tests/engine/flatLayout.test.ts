import { describe, expect, it } from 'vitest';
import { graphOf, input, mul, pack, flattenTensors, tensorViews, flatLayout, unpack } from '../../src/engine/index.js';
import { expectSame } from './expectations.js';
import { gradientsAt } from './finiteDifferences.js';
import { run } from './running.js';
import { random, tensor } from './tensors.js';

const packing = flatLayout({ weight: [2, 3], scale: [], bias: [2] });
const tensors = { weight: Float32Array.of(1, 2, 3, 4, 5, 6), scale: Float32Array.of(7), bias: Float32Array.of(8, 9) };

describe('flatLayout', () => {
  it('stores tensors one after another in the order of their names', () => {
    expect(packing.size).toBe(9);
    expect([...packing.entries]).toEqual([
      ['weight', { shape: [2, 3], offset: 0 }],
      ['scale', { shape: [], offset: 6 }],
      ['bias', { shape: [2], offset: 7 }],
    ]);
  });
});

describe('flattened tensors', () => {
  it('are restored as views', () => {
    const data = flattenTensors(tensors, packing);
    expect(data).toEqual(Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9));
    expect(tensorViews(data, packing)).toEqual(tensors);
  });

  it('share memory with their views', () => {
    const data = flattenTensors(tensors, packing);
    tensorViews(data, packing).bias![1] = -1;
    expect(data[8]).toBe(-1);
  });

  it('are copies of the tensors', () => {
    const data = flattenTensors(tensors, packing);
    data[0] = -1;
    expect(tensors.weight[0]).toBe(1);
  });

  it('require each tensor in its size', () => {
    const { weight, scale, bias } = tensors;
    expect(() => flattenTensors({ weight, scale }, packing)).toThrow(
      'flat vector: bias: expected 2 elements but got none',
    );
    expect(() => flattenTensors({ weight: weight.subarray(1), scale, bias }, packing)).toThrow(
      'flat vector: weight: expected 6 elements but got 5',
    );
  });

  it('ignore tensors that the layout does not name', () => {
    expect(flattenTensors({ ...tensors, other: Float32Array.of(1) }, packing)).toEqual(
      flattenTensors(tensors, packing),
    );
  });
});

describe('packed values', () => {
  it('unpack to tensors with their names and shapes', async () => {
    const vector = input('input0', [packing.size]);
    const results = await run(graphOf(unpack(vector, packing)), [tensor([1, 2, 3, 4, 5, 6, 7, 8, 9])]);
    expectSame(results.weight!, tensor([1, 2, 3, 4, 5, 6], [2, 3]));
    expectSame(results.scale!, tensor([7], []));
    expectSame(results.bias!, tensor([8, 9]));
  });

  it('pack again to the same vector', async () => {
    const x = random([packing.size], 1);
    const vector = input('input0', [packing.size]);
    const { packed } = await run(graphOf({ packed: pack(unpack(vector, packing), packing) }), [x]);
    expectSame(packed!, x);
  });

  it('pack in the order of the layout, whatever the order of the record', async () => {
    const [bias, weight, scale] = [input('input0', [2]), input('input1', [2, 3]), input('input2', [])];
    const { packed } = await run(graphOf({ packed: pack({ bias, weight, scale }, packing) }), [
      tensor([8, 9]),
      tensor([1, 2, 3, 4, 5, 6], [2, 3]),
      tensor([7], []),
    ]);
    expectSame(packed!, tensor([1, 2, 3, 4, 5, 6, 7, 8, 9]));
  });

  it('collect the gradients of all tensors in one vector', async () => {
    const x = random([packing.size], 2);
    const scaled = await gradientsAt(
      (vector) => {
        const { weight, scale, bias } = unpack(vector, packing);
        return pack({ weight: mul(weight!, 2), scale: mul(scale!, 3), bias: mul(bias!, 4) }, packing);
      },
      [x],
    );
    const plain = await gradientsAt(
      (vector, factors) => mul(vector, factors),
      [x, tensor([2, 2, 2, 2, 2, 2, 3, 4, 4])],
    );
    expectSame(scaled[0]!, plain[0]!);
  });

  it('of one tensor are that tensor', async () => {
    const single = flatLayout({ only: [2, 2] });
    const vector = input('input0', [4]);
    const { only, packed } = await run(
      graphOf({ ...unpack(vector, single), packed: pack(unpack(vector, single), single) }),
      [tensor([1, 2, 3, 4])],
    );
    expectSame(only!, tensor([1, 2, 3, 4], [2, 2]));
    expectSame(packed!, tensor([1, 2, 3, 4]));
  });
});
