import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import {
  add,
  constant,
  encode,
  forAnyBatch,
  graphOf,
  input,
  matMul,
  mul,
  reduceMean,
  relu,
  reshape,
  type Value,
} from '../../src/engine/index.js';
import type { ComputedValue } from '../../src/engine/value.js';
import { expectCloseElements, expectShapeError } from './expectations.js';

/** A function of x [N, 4] whose Reshape depends on N. */
const halves = (batch: number, x: Value) =>
  mul(
    reshape(relu(matMul(x, constant([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16], [4, 4]))), [batch, 2, 2]),
    0.5,
  );

describe('a graph for batches of any size', () => {
  it.each([1, 2, 7])('runs with %i', async (batch) => {
    const { graph, batchAxes } = forAnyBatch((size) => graphOf({ y: halves(size, input('x', [size, 4])) }));
    expect(batchAxes).toEqual({ x: 0, y: 0 });
    const session = await InferenceSession.create(await encode(graph, { batchAxes }));
    const data = Float32Array.from({ length: 4 * batch }, (_, index) => index - 2);
    const { y } = await session.run({ x: new Tensor('float32', data, [batch, 4]) });
    expect(y!.dims).toEqual([batch, 2, 2]);
    const expected = Array.from({ length: 4 * batch }, (_, index) => {
      const row = data.subarray(4 * Math.floor(index / 4), 4 * Math.floor(index / 4) + 4);
      return (
        0.5 *
        Math.max(
          0,
          row.reduce((sum, value, k) => sum + value * (4 * k + (index % 4) + 1), 0),
        )
      );
    });
    expectCloseElements(Array.from(y!.data as Float32Array), expected, 1e-6);
    await session.release();
  });

  it('may have other sizes that equal the batch size from which it was generalized', () => {
    const { graph } = forAnyBatch((size) => graphOf({ y: reshape(relu(input('x', [size, 2018])), [size, 1009, 2]) }));
    expect((graph.outputs.y as ComputedValue).attributes).toEqual({ shape: [-1, 1009, 2] });
  });

  it('has inputs without a batch as well', () => {
    const build = (size: number) =>
      graphOf({
        y: add(input('x', [size, 3]), input('bias', [3])),
        mean: reduceMean(input('z', [5, size]), [0], { keepAxes: false }),
      });
    expect(forAnyBatch(build).batchAxes).toEqual({ x: 0, z: 1, y: 0, mean: 0 });
  });

  it('is rejected if anything but shapes depends on the size of the batch', () => {
    const x = (size: number) => input('x', [size, 2]);
    const positions = (size: number) =>
      constant(
        Float32Array.from({ length: size }, (_, index) => index),
        [size, 1],
      );
    expectShapeError(
      () => forAnyBatch((size) => graphOf({ y: add(x(size), positions(size)) })),
      'forAnyBatch',
      'constant',
    );
    expectShapeError(() => forAnyBatch((size) => graphOf({ y: mul(x(size), 1 / size) })), 'forAnyBatch', 'constant');
    expectShapeError(
      () => forAnyBatch((size) => graphOf({ y: size > 1010 ? relu(mul(x(size), 2)) : relu(x(size)) })),
      'forAnyBatch',
      'operators',
    );
  });
});
