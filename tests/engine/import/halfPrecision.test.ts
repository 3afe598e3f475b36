import { Float16Array } from '@petamoriken/float16';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromBfloat16, fromFloat16, toBfloat16, toFloat16 } from '../../../src/engine/import/halfPrecision.js';

const ALL = Uint16Array.from({ length: 2 ** 16 }, (_, bits) => bits);

describe('float16', () => {
  it('has the values of IEEE 754', () => {
    const expected = new Float16Array(ALL.buffer);
    expect(ALL.every((bits) => Object.is(fromFloat16(bits), expected[bits]))).toBe(true);
  });

  it('rounds to the nearest value, ties to even', () => {
    const reference = new Float16Array(1);
    const bits = new Uint16Array(reference.buffer);
    const number = fc.oneof(
      fc.float({ noNaN: true }),
      fc.float({ min: -1, max: 1, noNaN: true }),
      // Between two neighbors.
      fc.nat(0x7bfe).map((each) => (fromFloat16(each) + fromFloat16(each + 1)) / 2),
    );
    fc.assert(
      fc.property(number, (element) => {
        reference[0] = element;
        return toFloat16(element) === bits[0];
      }),
      { numRuns: 2000 },
    );
    expect(Number.isNaN(fromFloat16(toFloat16(NaN)))).toBe(true);
  });
});

describe('bfloat16', () => {
  it('is the upper half of a float32', () => {
    const isNumber = (bits: number) => !Number.isNaN(fromBfloat16(bits));
    expect(ALL.filter(isNumber).every((bits) => toBfloat16(fromBfloat16(bits)) === bits)).toBe(true);
    expect(fromBfloat16(0x3f80)).toBe(1);
    expect(Number.isNaN(fromBfloat16(toBfloat16(NaN)))).toBe(true);
  });

  it('rounds ties to even', () => {
    expect([1 + 2 ** -8, 1 + 3 * 2 ** -8, 1 + 2 ** -8 + 2 ** -20].map(toBfloat16)).toEqual([0x3f80, 0x3f82, 0x3f81]);
  });
});
