import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeNpy } from '../../../src/data/formats/npy.js';
import { encodeNpy } from '../../../src/data/formats/encodeNumpy.js';
import { expectInputError } from '../../rejection.js';
import { ByteWriter } from './byteWriter.js';
import { noise } from './noise.js';
import { npyBytes, tuple } from './npyBytes.js';

const shapes = fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 4 });
const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
const written = (kind: string, littleEndian: boolean, values: readonly number[]): Uint8Array =>
  new ByteWriter(littleEndian).numbers(kind.startsWith('f') ? 'float' : 'integer', Number(kind[1]), values).done();

describe('an .npy file', () => {
  it.each(['u1', 'i1', 'u2', 'i2', 'u4', 'i4', 'u8', 'i8', 'f4', 'f8'])('of %s in either byte order gives its shape and elements', (kind) => {
    fc.assert(
      fc.property(shapes, fc.boolean(), fc.constantFrom<[number, number]>([1, 0], [2, 0], [3, 0]), (shape, littleEndian, version) => {
        const values = Array.from({ length: sizeOf(shape) }, (_, index) => index % 128);
        const descr = `${littleEndian ? '<' : '>'}${kind}`;
        const bytes = npyBytes({ descr, shape, elements: written(kind, littleEndian, values), version });
        const array = decodeNpy(bytes, 'file.npy');
        expect({ ...array, data: Array.from(array.data, Number) }).toEqual({ shape, kind, data: values });
      }),
      { numRuns: 30 },
    );
  });

  it('keeps signs, fractions and numbers of 64 bits', () => {
    const values = (descr: string, elements: Uint8Array) => decodeNpy(npyBytes({ descr, shape: [2], elements }), 'file.npy').data;
    expect(values('<i2', written('i2', true, [-2, 300]))).toEqual(Int16Array.of(-2, 300));
    expect(values('>f4', written('f4', false, [0.5, -1e30]))).toEqual(Float32Array.of(0.5, -1e30));
    expect(values('>f8', written('f8', false, [0.1, Infinity]))).toEqual(Float64Array.of(0.1, Infinity));
    expect(values('<i8', written('i8', true, [-(2 ** 53), 1]))).toEqual(BigInt64Array.of(-(2n ** 53n), 1n));
    expect(values('<u8', new Uint8Array(16).fill(255))).toEqual(BigUint64Array.of(2n ** 64n - 1n, 2n ** 64n - 1n));
  });

  it('of truth values gives bytes of 0 and 1', () => {
    expect(decodeNpy(npyBytes({ descr: '|b1', shape: [3], elements: [1, 0, 1] }), 'file.npy')).toEqual({
      shape: [3],
      kind: 'b1',
      data: Uint8Array.of(1, 0, 1),
    });
  });

  it('whose first axis is the fastest is rearranged', () => {
    fc.assert(
      fc.property(shapes, fc.constantFrom('u1', 'i2', 'f8'), (shape, kind) => {
        const strides = shape.map((_, axis) => sizeOf(shape.slice(0, axis)));
        // The element at each index is the number of its place in the file.
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
    expect(decodeNpy(npyBytes({ literal, elements: [7, 8] }), 'file.npy')).toEqual({ shape: [2, 1], kind: 'u1', data: Uint8Array.of(7, 8) });
  });
});

describe('what is no .npy file', () => {
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
  ])('is refused with the header %s', async (literal) => {
    await expectInputError(() => decodeNpy(npyBytes({ literal, elements: [1, 2] }), 'some.npy'), 'some.npy: ', 'its header is ', "'descr': '|u1'");
  });

  it.each(['|O', '<U5', '|S3', '<f2', '<c8', '<M8', '=u1', 'u1', '|u2', '|f4', '<u3', '', 'constructor'])(
    'is refused with elements of type "%s"',
    async (descr) => {
      await expectInputError(() => decodeNpy(npyBytes({ descr, shape: [1], elements: [1] }), 'some.npy'), 'some.npy: ', `"${descr}"`, 'f4');
    },
  );

  it('is refused on one line, whatever its header', async () => {
    await expectInputError(() => decodeNpy(header("'descr':\n\u2028"), 'some.npy'), '"{\'descr\':??}"');
    await expectInputError(() => decodeNpy(npyBytes({ descr: 'a\nb' }), 'some.npy'), '"a?b"');
  });

  it('is refused where elements are missing or too many', async () => {
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
      await expectInputError(() => decodeNpy(bytes, 'some.npy'), 'some.npy: ', tuple(shape).slice(0, 5), `has ${length}`);
    }
  });

  it('is refused with more axes than NumPy has', async () => {
    await expectInputError(() => decodeNpy(npyBytes({ shape: new Array<number>(65).fill(1), elements: [1] }), 'some.npy'), '65 axes', '64');
  });

  it('is refused in a format or with a header that NumPy does not write', async () => {
    await expectInputError(() => decodeNpy(npyBytes({ version: [4, 0] }), 'some.npy'), 'some.npy: ', '4.0');
    await expectInputError(() => decodeNpy(npyBytes({ version: [1, 1] }), 'some.npy'), 'some.npy: ', '1.1');
    await expectInputError(() => decodeNpy(npyBytes({ version: [2, 0], literal: ' '.repeat(10_001) }), 'some.npy'), 'some.npy: ', '10000');
  });

  it('is refused with truth values other than 0 and 1', async () => {
    await expectInputError(() => decodeNpy(npyBytes({ descr: '|b1', shape: [2], elements: [1, 2] }), 'some.npy'), 'some.npy: ', '0 and 1');
  });

  it.each([[[1, 0] as const], [[2, 0] as const]])('is refused wherever it is cut short: format %j', async (version) => {
    const whole = npyBytes({ shape: [3], elements: [1, 2, 3], version });
    for (let length = 0; length < whole.length; length++) await expectInputError(() => decodeNpy(whole.subarray(0, length), 'cut.npy'), 'cut.npy: ');
  });
});
