import { unzipSync } from 'fflate';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeNpy, encodeNpz, type NumpyArray } from '../../../src/data/formats/encodeNumpy.js';

interface Parsed {
  readonly version: readonly number[];
  readonly header: string;
  readonly shape: readonly number[];
  readonly type: string;
  readonly body: Uint8Array;
}

/** Takes an .npy file apart as NumPy's format document describes it. */
function parseNpy(bytes: Uint8Array): Parsed {
  expect(Array.from(bytes.subarray(0, 6))).toEqual([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]);
  const length = bytes[8]! + 256 * bytes[9]!;
  const header = new TextDecoder().decode(bytes.subarray(10, 10 + length));
  const [, type, shape] = /^\{'descr': '(.+)', 'fortran_order': False, 'shape': \((.*)\), \} *\n$/.exec(header)!;
  // A Python tuple: one element takes a comma, more take none at the end.
  const sizes = shape!.replace(/^(\d+),$/, '$1').split(', ');
  return {
    version: Array.from(bytes.subarray(6, 8)),
    header,
    shape: shape === '' ? [] : sizes.map(Number),
    type: type!,
    body: bytes.subarray(10 + length),
  };
}

const floatsIn = (body: Uint8Array): number[] => {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  return Array.from({ length: body.length / 4 }, (_, index) => view.getFloat32(4 * index, true));
};

const shapes = fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 4 });
const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

describe('an .npy file', () => {
  it('of bytes holds its shape, its type and its elements', () => {
    fc.assert(
      fc.property(shapes, fc.nat(255), (shape, first) => {
        const data = Uint8Array.from({ length: sizeOf(shape) }, (_, index) => first + index);
        const parsed = parseNpy(encodeNpy({ shape, data }));
        expect(parsed).toMatchObject({ version: [1, 0], shape, type: '|u1' });
        expect(parsed.body).toEqual(data);
      }),
    );
  });

  it('of float32 holds its elements with the least significant byte first', () => {
    const data = Float32Array.of(1.5, -2, 1e-30, Infinity, 0, 3);
    const parsed = parseNpy(encodeNpy({ shape: [2, 3], data }));
    expect(parsed).toMatchObject({ shape: [2, 3], type: '<f4' });
    expect(floatsIn(parsed.body)).toEqual(Array.from(data));
  });

  it('has its elements at a multiple of 64 bytes, whatever the length of its shape', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(1, 10, 100, 1000), { maxLength: 3 }), fc.integer({ min: 0, max: 30 }), (shape, ones) => {
        const whole = [...shape, ...new Array<number>(ones).fill(1)];
        const data = new Uint8Array(sizeOf(whole));
        const bytes = encodeNpy({ shape: whole, data });
        const start = bytes.length - data.length;
        expect(start % 64).toBe(0);
        expect(parseNpy(bytes).header.length).toBe(start - 10);
        expect(parseNpy(bytes).shape).toEqual(whole);
      }),
      { numRuns: 30 },
    );
  });

  it('writes the shape of a vector as Python does a tuple of one', () => {
    expect(parseNpy(encodeNpy({ shape: [3], data: new Uint8Array(3) })).header).toContain("'shape': (3,), ");
  });

  it('takes the part of a larger memory that the array is', () => {
    const larger = Float32Array.of(9, 1, 2, 9);
    expect(floatsIn(parseNpy(encodeNpy({ shape: [2], data: larger.subarray(1, 3) })).body)).toEqual([1, 2]);
  });
});

describe('an .npz archive', () => {
  it('holds each array as an .npy file of its name', () => {
    const arrays: Record<string, NumpyArray> = {
      arr_0: { shape: [2, 2], data: Uint8Array.of(1, 2, 3, 4) },
      codes: { shape: [1, 3], data: Float32Array.of(0.5, -0.5, 0) },
    };
    const files = unzipSync(encodeNpz(arrays));
    expect(Object.keys(files)).toEqual(['arr_0.npy', 'codes.npy']);
    for (const [name, array] of Object.entries(arrays)) expect(Array.from(files[`${name}.npy`]!)).toEqual(Array.from(encodeNpy(array)));
  });
});
