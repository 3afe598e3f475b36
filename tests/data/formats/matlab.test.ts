import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeMatlab } from '../../../src/data/formats/matlab.js';
import { expectInputError } from '../../rejection.js';
import { ByteWriter } from './byteWriter.js';
import {
  compressed,
  element,
  matFile,
  type MatrixParts,
  matrix,
  MI,
  MX,
  type NumberType,
  numberBytes,
} from './matlabBytes.js';
import { noise } from './noise.js';

const parts: MatrixParts = {
  variable: 'y',
  sizes: [2, 3],
  mxClass: MX.double,
  stored: 'uint8',
  values: [1, 2, 3, 4, 5, 6],
};
const numbersOf = async (bytes: Uint8Array, variable = 'y'): Promise<number[]> =>
  Array.from((await decodeMatlab(bytes, 'file.mat', [variable])).get(variable)!.values, Number);

describe('a MATLAB file', () => {
  const types: readonly NumberType[] = [
    'int8',
    'uint8',
    'int16',
    'uint16',
    'int32',
    'uint32',
    'single',
    'double',
    'int64',
    'uint64',
  ];

  it.each(types)('of either byte order, compressed or not, returns numbers stored as %s', async (stored) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(127), { maxLength: 12 }),
        fc.boolean(),
        fc.boolean(),
        fc.boolean(),
        async (values, littleEndian, small, packed) => {
          const array = matrix({ ...parts, stored, sizes: [values.length, 1], values, littleEndian, small });
          const bytes = matFile([packed ? compressed(array, littleEndian) : array], littleEndian);
          const { class: title, sizes, values: read } = (await decodeMatlab(bytes, 'file.mat', ['y'])).get('y')!;
          expect({ title, sizes, read: Array.from(read, Number) }).toEqual({
            title: 'double',
            sizes: [values.length, 1],
            read: values,
          });
        },
      ),
      { numRuns: 40 },
    );
  });

  it('keeps signs, fractions and 64-bit integers', async () => {
    const array = (stored: NumberType, values: readonly number[]) =>
      matFile([matrix({ ...parts, sizes: [2, 1], stored, values })]);
    expect(await numbersOf(array('int16', [-2, 300]))).toEqual([-2, 300]);
    expect(await numbersOf(array('double', [0.1, -1e300]))).toEqual([0.1, -1e300]);
    const { values } = (await decodeMatlab(array('int64', [-(2 ** 53), 7]), 'file.mat', ['y'])).get('y')!;
    expect(values).toEqual(BigInt64Array.of(-(2n ** 53n), 7n));
  });

  it.each([
    [MX.double, 'double'],
    [MX.single, 'single'],
    [MX.int8, 'int8'],
    [MX.uint8, 'uint8'],
    [MX.int16, 'int16'],
    [MX.uint16, 'uint16'],
    [MX.int32, 'int32'],
    [MX.uint32, 'uint32'],
    [MX.int64, 'int64'],
    [MX.uint64, 'uint64'],
  ])('reports class %i as %s', async (mxClass, title) => {
    for (const array of [matrix({ ...parts, mxClass }), compressed(matrix({ ...parts, mxClass }))])
      expect((await decodeMatlab(matFile([array]), 'file.mat', ['y'])).get('y')!.class).toBe(title);
  });

  it('is parsed past text, objects, empty arrays and variables that are not requested', async () => {
    const text = matrix({
      variable: 'title',
      sizes: [1, 4],
      mxClass: MX.char,
      stored: 'uint16',
      values: [65, 66, 67, 68],
    });
    const opaque = matrix({ ...parts, variable: 'object', mxClass: MX.opaque });
    const others = [
      text,
      compressed(text),
      opaque,
      compressed(opaque),
      element(MI.matrix, new Uint8Array(0)),
      element(MI.uint8, Uint8Array.of(1, 2, 3)),
    ];
    expect(await numbersOf(matFile([...others, matrix(parts), ...others]))).toEqual([1, 2, 3, 4, 5, 6]);
    expect([...(await decodeMatlab(matFile([matrix(parts), text]), 'file.mat', [])).keys()]).toEqual([]);
  });

  it('is read from a larger buffer at any offset', async () => {
    const whole = matFile([compressed(matrix({ ...parts, stored: 'double' }))]);
    const larger = Uint8Array.from([9, 9, 9, ...whole, 9]);
    expect(await numbersOf(larger.subarray(3, 3 + whole.length))).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('may contain a large compressed array', async () => {
    const values = noise(300_000);
    const bytes = matFile([compressed(matrix({ ...parts, mxClass: MX.uint8, sizes: [300_000, 1], values }))]);
    const read = (await decodeMatlab(bytes, 'file.mat', ['y'])).get('y')!.values as Uint8Array;
    expect(Buffer.from(read).equals(values)).toBe(true);
  });
});

describe('an invalid MATLAB file', () => {
  it.each([
    ['empty', new Uint8Array(0), 'level 5'],
    ['shorter than a header', matFile([]).subarray(0, 127), '127 bytes'],
    ['of another format', noise(300), 'IM or MI'],
    ['of MATLAB 7.3', matFile([], true, 0x0200), '0x200'],
    ['of MATLAB 7.3 and big-endian', matFile([], false, 0x0200), 'save the file with -v7'],
  ])('is rejected if it is %s', async (_, bytes, text) => {
    await expectInputError(() => decodeMatlab(bytes, 'some.mat', ['X']), 'some.mat: ', text);
  });

  it('is rejected with its variables if one is missing', async () => {
    await expectInputError(
      () => decodeMatlab(matFile([matrix(parts)]), 'some.mat', ['y', 'X']),
      'some.mat: ',
      'variable X',
      '"y"',
    );
    await expectInputError(
      () => decodeMatlab(matFile([]), 'some.mat', ['X']),
      'some.mat: ',
      'variable X',
      'no variables',
    );
    const many = [...'abcdefgh'].map((variable) => matrix({ ...parts, variable }));
    await expectInputError(() => decodeMatlab(matFile(many), 'some.mat', ['X']), '"e", ...');
  });

  it('is rejected in one line, whatever its names', async () => {
    const bytes = matFile([matrix({ ...parts, variable: `a\nb\u2028${'c'.repeat(100)}` })]);
    await expectInputError(() => decodeMatlab(bytes, 'some.mat', ['X']), '"a?b?c', 'c..."');
  });

  it('is rejected if a variable occurs twice', async () => {
    await expectInputError(
      () => decodeMatlab(matFile([matrix(parts), compressed(matrix(parts))]), 'some.mat', ['y']),
      'some.mat: ',
      '"y" twice',
    );
  });

  it.each([
    ['text', { mxClass: MX.char }, 'class 4'],
    ['a cell', { mxClass: MX.cell }, 'class 1'],
    ['complex', { flags: 8 }, 'class 6, complex'],
  ])('is rejected if a variable is %s', async (_, change, text) => {
    for (const array of [matrix({ ...parts, ...change }), compressed(matrix({ ...parts, ...change }))])
      await expectInputError(() => decodeMatlab(matFile([array]), 'some.mat', ['y']), 'some.mat: ', '"y"', text);
  });

  it('is rejected if values are missing or extra', async () => {
    const few = matrix({ ...parts, values: [1, 2, 3, 4, 5] });
    await expectInputError(
      () => decodeMatlab(matFile([few]), 'some.mat', ['y']),
      'some.mat: ',
      '2 x 3',
      '6 bytes',
      'got 5',
    );
  });

  it('is rejected if values have a different storage type', async () => {
    const array = matrix(parts);
    array[array.length - 16] = MI.matrix;
    await expectInputError(() => decodeMatlab(matFile([array]), 'some.mat', ['y']), 'some.mat: ', 'type 14');
  });

  it('is rejected if its sizes or flags are inconsistent', async () => {
    const negative = matrix({ ...parts, sizes: [0xffffffff, 1] });
    await expectInputError(() => decodeMatlab(matFile([negative]), 'some.mat', ['y']), 'some.mat: ', '-1 x 1');
    const vector = matrix({ ...parts, sizes: [6] });
    await expectInputError(() => decodeMatlab(matFile([vector]), 'some.mat', ['y']), 'some.mat: ', 'sizes 6');
    const flagless = element(MI.matrix, element(MI.uint32, Uint8Array.of(6, 0, 0, 0)));
    await expectInputError(
      () => decodeMatlab(matFile([flagless]), 'some.mat', ['y']),
      'some.mat: ',
      '4 bytes of flags',
    );
    const long = element(MI.matrix, new ByteWriter(true).u32(65_536 * 5 + MI.uint32, 0).done());
    await expectInputError(() => decodeMatlab(matFile([long]), 'some.mat', ['y']), 'some.mat: ', '5 bytes at byte 0');
  });

  it.each([
    ['plain', matFile([matrix({ ...parts, stored: 'double' })])],
    ['compressed', matFile([compressed(matrix({ ...parts, stored: 'double' }))])],
    ['big-endian', matFile([matrix({ ...parts, stored: 'double', littleEndian: false })], false)],
  ])('is rejected if truncated at any position: %s', async (_, whole) => {
    for (let length = 0; length < whole.length; length++) {
      await expectInputError(() => decodeMatlab(whole.subarray(0, length), 'cut.mat', ['y']), 'cut.mat: ');
    }
  });
});

describe('a compressed MATLAB array', () => {
  /** A compressed element that declares `size` bytes for its array, and inflates to the given bytes. */
  const lying = (inner: Uint8Array, size: number): Uint8Array => {
    const changed = Uint8Array.from(inner);
    new DataView(changed.buffer).setUint32(4, size, true);
    return compressed(changed);
  };
  const bombParts: MatrixParts = { ...parts, mxClass: MX.uint8, values: new Uint8Array(5_000_000), sizes: [2, 3] };

  it('is inflated no further than its sizes allow', async () => {
    const bomb = matFile([compressed(matrix(bombParts))]);
    expect(bomb.length).toBeLessThan(10_000);
    await expectInputError(() => decodeMatlab(bomb, 'bomb.mat', ['y']), 'bomb.mat: ', '2 x 3', 'its limit is 64');
  });

  it('is inflated no further than it declares', async () => {
    const inner = matrix(bombParts);
    await expectInputError(
      () => decodeMatlab(matFile([lying(inner, 64)]), 'bomb.mat', ['y']),
      'bomb.mat: ',
      'got more',
    );
  });

  it('takes no more memory than its bytes can contain', async () => {
    const huge = matrix({ ...parts, mxClass: MX.uint8, sizes: [65_000, 65_000] });
    const bytes = matFile([lying(huge, 65_000 * 65_000)]);
    await expectInputError(() => decodeMatlab(bytes, 'huge.mat', ['y']), 'huge.mat: ', `${65_000 * 65_000 + 8}`);
    const beyond = matrix({ ...parts, mxClass: MX.uint8, sizes: new Array<number>(32).fill(0x7fffffff) });
    await expectInputError(() => decodeMatlab(matFile([lying(beyond, 0xffffffff)]), 'huge.mat', ['y']), 'huge.mat: ');
  });

  it('is rejected if shorter than declared', async () => {
    const inner = matrix(parts);
    await expectInputError(
      () => decodeMatlab(matFile([lying(inner, inner.length)]), 'short.mat', ['y']),
      'short.mat: ',
      'expected 80 bytes',
    );
  });

  it('is rejected if its checksum, header or type is wrong', async () => {
    const array = compressed(matrix(parts));
    const changed = (at: number) =>
      matFile([array.map((byte, index) => (index === (at + array.length) % array.length ? byte ^ 1 : byte))]);
    await expectInputError(() => decodeMatlab(changed(-1), 'bad.mat', ['y']), 'bad.mat: ', 'incorrect data check');
    await expectInputError(() => decodeMatlab(changed(8), 'bad.mat', ['y']), 'bad.mat: ', 'incorrect header check');
    const other = compressed(element(MI.double, numberBytes('double', [1])));
    await expectInputError(() => decodeMatlab(matFile([other]), 'bad.mat', ['y']), 'bad.mat: ', 'type 9');
    const short = element(MI.compressed, deflateSync(Uint8Array.of(1, 2, 3)));
    await expectInputError(() => decodeMatlab(matFile([short]), 'bad.mat', ['y']), 'bad.mat: ', 'truncated');
  });
});
