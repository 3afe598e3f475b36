import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeNpy, encodeNpy, type NumpyArray } from '../../../src/data/formats/npy.js';
import { expectInputError } from '../../rejection.js';
import { ByteWriter } from './byteWriter.js';
import { noise } from './noise.js';
import { npyBytes, tuple } from './npyBytes.js';
import { unzipSync } from 'fflate';
import { npzArchive } from '../../npzArchive.js';

const shapes = fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 4 });
const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
const written = (kind: string, littleEndian: boolean, values: readonly number[]): Uint8Array =>
  new ByteWriter(littleEndian).numbers(kind.startsWith('f') ? 'float' : 'integer', Number(kind[1]), values).done();

describe('an .npy file', () => {
  it.each(['u1', 'i1', 'u2', 'i2', 'u4', 'i4', 'u8', 'i8', 'f4', 'f8'])(
    'of %s in either byte order returns its shape and elements',
    (kind) => {
      fc.assert(
        fc.property(
          shapes,
          fc.boolean(),
          fc.constantFrom<[number, number]>([1, 0], [2, 0], [3, 0]),
          (shape, littleEndian, version) => {
            const values = Array.from({ length: sizeOf(shape) }, (_, index) => index % 128);
            const descr = `${littleEndian ? '<' : '>'}${kind}`;
            const bytes = npyBytes({ descr, shape, elements: written(kind, littleEndian, values), version });
            const array = decodeNpy(bytes, 'file.npy');
            expect({ ...array, data: Array.from(array.data, Number) }).toEqual({ shape, kind, data: values });
          },
        ),
        { numRuns: 30 },
      );
    },
  );

  it('keeps signs, fractions and 64-bit integers', () => {
    const values = (descr: string, elements: Uint8Array) =>
      decodeNpy(npyBytes({ descr, shape: [2], elements }), 'file.npy').data;
    expect(values('<i2', written('i2', true, [-2, 300]))).toEqual(Int16Array.of(-2, 300));
    expect(values('>f4', written('f4', false, [0.5, -1e30]))).toEqual(Float32Array.of(0.5, -1e30));
    expect(values('>f8', written('f8', false, [0.1, Infinity]))).toEqual(Float64Array.of(0.1, Infinity));
    expect(values('<i8', written('i8', true, [-(2 ** 53), 1]))).toEqual(BigInt64Array.of(-(2n ** 53n), 1n));
    expect(values('<u8', new Uint8Array(16).fill(255))).toEqual(BigUint64Array.of(2n ** 64n - 1n, 2n ** 64n - 1n));
  });

  it('of booleans returns bytes of 0 and 1', () => {
    expect(decodeNpy(npyBytes({ descr: '|b1', shape: [3], elements: [1, 0, 1] }), 'file.npy')).toEqual({
      shape: [3],
      kind: 'b1',
      data: Uint8Array.of(1, 0, 1),
    });
  });

  it('in Fortran order is rearranged', () => {
    fc.assert(
      fc.property(shapes, fc.constantFrom('u1', 'i2', 'f8'), (shape, kind) => {
        const strides = shape.map((_, axis) => sizeOf(shape.slice(0, axis)));
        // Each element is its position in the file.
        const expected = Array.from({ length: sizeOf(shape) }, (_, place) => {
          let rest = place;
          return [...shape.keys()].reverse().reduce((sum, axis) => {
            const index = rest % shape[axis]!;
            rest = Math.floor(rest / shape[axis]!);
            return sum + index * strides[axis]!;
          }, 0);
        });
        // A byte holds its place's remainder.
        const stored = (place: number) => (kind === 'u1' ? place % 256 : place);
        const elements = written(kind, true, [...expected.keys()].map(stored));
        const { data } = decodeNpy(npyBytes({ descr: `<${kind}`, fortran: true, shape, elements }), 'file.npy');
        expect(Array.from(data, Number)).toEqual(expected.map(stored));
      }),
    );
  });

  it('is read as the encoder wrote it', () => {
    fc.assert(
      fc.property(shapes, fc.boolean(), (shape, floats) => {
        const bytes = noise(sizeOf(shape), 7);
        const data = floats ? Float32Array.from(bytes, (byte) => byte / 7) : bytes;
        expect(decodeNpy(encodeNpy({ shape, data }), 'file.npy')).toEqual({ shape, kind: floats ? 'f4' : 'u1', data });
      }),
    );
  });

  it.each([
    ["{'shape': (2, 1), 'descr': '|u1', 'fortran_order': False}"],
    ['{"descr":"|u1","fortran_order":False,"shape":(2,1)}'],
    ["{'descr': '|u1', 'fortran_order': False, 'shape': (2L, 1L), }"],
    ["{'descr': '<u1', 'fortran_order': False, 'shape': (2, 1,), }"],
    [" \t{ 'descr' : '>u1' , 'fortran_order' : False , 'shape' : ( 2 , 1 ) } "],
  ])('may have the header %s', (literal) => {
    expect(decodeNpy(npyBytes({ literal, elements: [7, 8] }), 'file.npy')).toEqual({
      shape: [2, 1],
      kind: 'u1',
      data: Uint8Array.of(7, 8),
    });
  });
});

describe('an invalid .npy file', () => {
  const header = (entries: string) => npyBytes({ literal: `{${entries}}`, elements: [1, 2] });

  it.each([
    [''],
    ['{'],
    ['}'],
    ['{}'],
    ['None'],
    ["{'descr': '|u1', 'fortran_order': False, 'shape': (2,)"],
    ["{'descr': '|u1', 'fortran_order': False, 'shape': (2,)} 1"],
    ["('descr': '|u1', 'fortran_order': False, 'shape': (2,)}"],
    ["{'descr': '|u1', 'fortran_order': False, 'shape': (2)}"],
    ["{'descr': '|u1', 'fortran_order': False, 'shape': (2 1)}"],
    ["{'descr': '|u1', 'fortran_order': False, 'shape': (,)}"],
    ["{'descr': '|u1', 'fortran_order': False, 'shape': (-2,)}"],
    ["{'descr': '|u1', 'fortran_order': False, 'shape': (2.0,)}"],
    ["{'descr': '|u1', 'fortran_order': False, 'shape': [2]}"],
    ["{'descr': '|u1', 'fortran_order': False, 'shape': 2}"],
    ["{'descr': '|u1', 'fortran_order': False, 'shape': (99999999999999999999,)}"],
    ["{'descr': '|u1', 'fortran_order': 0, 'shape': (2,)}"],
    ["{'descr': '|u1', 'fortran_order': 'False', 'shape': (2,)}"],
    ["{'descr': '|u1' 'fortran_order': False, 'shape': (2,)}"],
    ["{'descr' '|u1', 'fortran_order': False, 'shape': (2,)}"],
    ["{'descr': '|u1', 'fortran_order': False}"],
    ["{'descr': '|u1', 'fortran_order': False, 'shape': (2,), 'more': 'x'}"],
    ["{'descr': '|u1', 'fortran_order': False, 'shape': (2,), 'shape': (2,)}"],
    ["{descr: '|u1', 'fortran_order': False, 'shape': (2,)}"],
    ["{'descr': [('red', '|u1')], 'fortran_order': False, 'shape': (2,)}"],
    ["{'descr': '|u\\x31', 'fortran_order': False, 'shape': (2,)}"],
    ["{'descr': '|u1', 'fortran_order': False, 'shape': (2,)".padEnd(9000, ', (')],
  ])('is rejected with the header %s', async (literal) => {
    await expectInputError(
      () => decodeNpy(npyBytes({ literal, elements: [1, 2] }), 'some.npy'),
      'some.npy: ',
      'its header is ',
      "'descr': '|u1'",
    );
  });

  it.each(['|O', '<U5', '|S3', '<f2', '<c8', '<M8', '=u1', 'u1', '|u2', '|f4', '<u3', '', 'constructor'])(
    'is rejected with elements of type "%s"',
    async (descr) => {
      await expectInputError(
        () => decodeNpy(npyBytes({ descr, shape: [1], elements: [1] }), 'some.npy'),
        'some.npy: ',
        `"${descr}"`,
        'f4',
      );
    },
  );

  it('is rejected in one line, whatever its header', async () => {
    await expectInputError(() => decodeNpy(header("'descr':\n\u2028"), 'some.npy'), '"{\'descr\':??}"');
    await expectInputError(() => decodeNpy(npyBytes({ descr: 'a\nb' }), 'some.npy'), 'a?b');
  });

  it('is rejected if elements are missing or extra', async () => {
    for (const [shape, descr, length] of [
      [[2, 3], '|u1', 5],
      [[2, 3], '|u1', 7],
      [[3], '<f4', 11],
      [[0], '|u1', 1],
      [[1e9, 1e9, 1e9], '<f8', 8],
      [new Array<number>(40).fill(2 ** 53 - 1), '<f8', 8],
      [[...new Array<number>(40).fill(2 ** 53 - 1), 0], '|u1', 0],
    ] as const) {
      const bytes = npyBytes({ descr, shape, elements: noise(length) });
      await expectInputError(
        () => decodeNpy(bytes, 'some.npy'),
        'some.npy: ',
        tuple(shape).slice(0, 5),
        `has ${length}`,
      );
    }
  });

  it('is rejected with more axes than NumPy supports', async () => {
    await expectInputError(
      () => decodeNpy(npyBytes({ shape: new Array<number>(65).fill(1), elements: [1] }), 'some.npy'),
      '65 axes',
      '64',
    );
  });

  it('is rejected with a version or header that NumPy does not write', async () => {
    await expectInputError(() => decodeNpy(npyBytes({ version: [4, 0] }), 'some.npy'), 'some.npy: ', '4.0');
    await expectInputError(() => decodeNpy(npyBytes({ version: [1, 1] }), 'some.npy'), 'some.npy: ', '1.1');
    await expectInputError(
      () => decodeNpy(npyBytes({ version: [2, 0], literal: ' '.repeat(10_001) }), 'some.npy'),
      'some.npy: ',
      '10000',
    );
  });

  it('is rejected with booleans other than 0 and 1', async () => {
    await expectInputError(
      () => decodeNpy(npyBytes({ descr: '|b1', shape: [2], elements: [1, 2] }), 'some.npy'),
      'some.npy: ',
      '0 and 1',
    );
  });

  it.each([[[1, 0] as const], [[2, 0] as const]])(
    'is rejected if truncated at any position: format %j',
    async (version) => {
      const whole = npyBytes({ shape: [3], elements: [1, 2, 3], version });
      for (let length = 0; length < whole.length; length++)
        await expectInputError(() => decodeNpy(whole.subarray(0, length), 'cut.npy'), 'cut.npy: ');
    },
  );
});

interface Parsed {
  version: readonly number[];
  header: string;
  shape: readonly number[];
  type: string;
  body: Uint8Array;
}

/** Parses an .npy file as NumPy's format document describes it. */
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

const filledShapes = fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 4 });

describe('an encoded .npy file', () => {
  it('of bytes contains its shape, type and elements', () => {
    fc.assert(
      fc.property(filledShapes, fc.nat(255), (shape, first) => {
        const data = Uint8Array.from({ length: sizeOf(shape) }, (_, index) => first + index);
        const parsed = parseNpy(encodeNpy({ shape, data }));
        expect(parsed).toMatchObject({ version: [1, 0], shape, type: '|u1' });
        expect(parsed.body).toEqual(data);
      }),
    );
  });

  it('of float32 contains little-endian elements', () => {
    const data = Float32Array.of(1.5, -2, 1e-30, Infinity, 0, 3);
    const parsed = parseNpy(encodeNpy({ shape: [2, 3], data }));
    expect(parsed).toMatchObject({ shape: [2, 3], type: '<f4' });
    expect(floatsIn(parsed.body)).toEqual(Array.from(data));
  });

  it('aligns its elements to 64 bytes, whatever the length of its shape', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(1, 10, 100, 1000), { maxLength: 3 }),
        fc.integer({ min: 0, max: 30 }),
        (shape, ones) => {
          const whole = [...shape, ...new Array<number>(ones).fill(1)];
          const data = new Uint8Array(sizeOf(whole));
          const bytes = encodeNpy({ shape: whole, data });
          const start = bytes.length - data.length;
          expect(start % 64).toBe(0);
          expect(parseNpy(bytes).header.length).toBe(start - 10);
          expect(parseNpy(bytes).shape).toEqual(whole);
        },
      ),
      { numRuns: 30 },
    );
  });

  it('writes the shape of a vector as a Python tuple', () => {
    expect(parseNpy(encodeNpy({ shape: [3], data: new Uint8Array(3) })).header).toContain("'shape': (3,), ");
  });

  it('contains only the viewed range of a larger buffer', () => {
    const larger = Float32Array.of(9, 1, 2, 9);
    expect(floatsIn(parseNpy(encodeNpy({ shape: [2], data: larger.subarray(1, 3) })).body)).toEqual([1, 2]);
  });
});

describe('an encoded .npz archive', () => {
  it('contains each array as an .npy file of its name', () => {
    const arrays: Record<string, NumpyArray> = {
      arr_0: { shape: [2, 2], data: Uint8Array.of(1, 2, 3, 4) },
      codes: { shape: [1, 3], data: Float32Array.of(0.5, -0.5, 0) },
    };
    const files = unzipSync(npzArchive(arrays));
    expect(Object.keys(files)).toEqual(['arr_0.npy', 'codes.npy']);
    for (const [name, array] of Object.entries(arrays))
      expect(Array.from(files[`${name}.npy`]!)).toEqual(Array.from(encodeNpy(array)));
  });
});
