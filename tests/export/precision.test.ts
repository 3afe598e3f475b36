import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InputError } from '../../src/errors.js';
import { PRECISIONS, type Precision, storeTensor } from '../../src/export/precision.js';
import { graphOf } from '../../src/engine/index.js';
import { run } from '../engine/running.js';

const tensors = fc
  .tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 3 }))
  .chain(([a, b, c]) =>
    fc.tuple(
      fc.constant([a, b, c]),
      fc.float32Array({ minLength: a * b * c, maxLength: a * b * c, noNaN: true, min: -8, max: 8 }),
    ),
  );

/** The largest magnitude among the elements that share an index along an axis with the element. */
function largestBeside(data: Float32Array, [, b, c]: readonly number[], axis: number, index: number): number {
  const channelOf = (position: number) =>
    axis === 0 ? Math.floor(position / (b! * c!)) : Math.floor(position / c!) % b!;
  return Math.max(...data.filter((_, position) => channelOf(position) === channelOf(index)).map(Math.abs));
}

describe('a stored tensor', () => {
  it.each(PRECISIONS)('is what networks compute with (%s)', async (precision) => {
    const data = Float32Array.from({ length: 24 }, (_, index) => Math.sin(index) * 10 ** -(index % 4));
    const { value, data: stored } = await storeTensor('weight', data, [2, 3, 4], precision);
    const { y } = await run(graphOf({ y: value }), []);
    expect(y!.data).toEqual(stored);
  });

  const bounds: Record<Precision, (data: Float32Array, shape: readonly number[], index: number) => number> = {
    float32: () => 0,
    float16: (data, _, index) => Math.max(2 ** -11 * Math.abs(data[index]!), 2 ** -25),
    // Half a step of the coarser axis; the finer one is chosen for all elements together.
    int8: (data, shape, index) =>
      Math.max(...[0, 1].map((axis) => (0.5001 * largestBeside(data, shape, axis, index)) / 127), 1e-40),
  };
  it.each(PRECISIONS)('differs by at most half a step (%s)', async (precision) => {
    await fc.assert(
      fc.asyncProperty(tensors, async ([shape, data]) => {
        const { data: stored } = await storeTensor('weight', data, shape, precision);
        stored.forEach((element, index) =>
          expect(Math.abs(element - data[index]!)).toBeLessThanOrEqual(bounds[precision](data, shape, index)),
        );
      }),
    );
  });

  it.each(PRECISIONS)('is exact if it has a single axis, or is 0 (%s)', async (precision) => {
    const bias = Float32Array.of(0.1, 1e-7, -3);
    expect((await storeTensor('bias', bias, [3], precision)).data).toEqual(bias);
    expect(Array.from((await storeTensor('weight', new Float32Array(4), [2, 2], precision)).data, Math.abs)).toEqual([
      0, 0, 0, 0,
    ]);
  });

  it('must have a known precision', async () => {
    await expect(storeTensor('weight', new Float32Array(4), [2, 2], 'bf16' as Precision)).rejects.toThrow(
      new InputError('precision', 'must be one of float32, float16, int8, not "bf16"'),
    );
  });
});
