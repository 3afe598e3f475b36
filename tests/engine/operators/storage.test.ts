import { describe, expect, it } from 'vitest';
import {
  constant,
  constantTensor,
  dequantizeLinear,
  encode,
  fromFloat16,
  graphOf,
  input,
  mul,
  relu,
} from '../../../src/engine/index.js';
import { expectShapeError } from '../expectations.js';
import { run } from '../running.js';

const int8 = (elements: readonly number[], shape: readonly number[]) =>
  constantTensor({ type: 'int8', shape, data: Int8Array.from(elements) });
const float16 = (bits: readonly number[]) =>
  constantTensor({ type: 'float16', shape: [bits.length], data: Uint16Array.from(bits) });

describe('stored constants', () => {
  it('are widened from float16', async () => {
    // 1, -2, the largest number, and the smallest above 0.
    const { y } = await run(graphOf({ y: fromFloat16(float16([0x3c00, 0xc000, 0x7bff, 0x0001])) }), []);
    expect(y).toEqual({ type: 'float32', shape: [4], data: Float32Array.of(1, -2, 65504, 2 ** -24) });
  });

  it.each([
    [0, [1, -2, 3, 40, 50, -1270]],
    [1, [1, -20, 300, 4, 50, -12700]],
  ] as const)('are multiplied with the scale of their index along axis %i', async (axis, expected) => {
    const scale = constant(axis === 0 ? [1, 10] : [1, 10, 100]);
    const { y } = await run(graphOf({ y: dequantizeLinear(int8([1, -2, 3, 4, 5, -127], [2, 3]), scale, axis) }), []);
    expect(Array.from(y!.data as Float32Array)).toEqual(expected);
  });

  it('keep their size and their name in a file', async () => {
    const elements = Int8Array.from({ length: 4000 }, (_, index) => index % 100);
    const weight = constantTensor({ type: 'int8', shape: [1, 4000], data: elements }, 'weight');
    const bytes = await encode(
      graphOf({ y: relu(mul(dequantizeLinear(weight, constant([0.5]), 0), input('x', [1]))) }),
    );
    expect(bytes.length).toBeLessThan(5000);
    expect(Buffer.from(bytes).includes('weight')).toBe(true);
  });

  it('must have the right types and scales', () => {
    expectShapeError(() => fromFloat16(constant([1])), 'Cast', 'float16');
    expectShapeError(() => dequantizeLinear(constant([1]), constant([1]), 0), 'DequantizeLinear', 'int8');
    expectShapeError(() => dequantizeLinear(int8([1, 2], [2]), constant([1]), 0), 'DequantizeLinear', 'axis 0');
  });
});
