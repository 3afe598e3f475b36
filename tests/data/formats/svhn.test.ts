import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeSvhn } from '../../../src/data/formats/svhn.js';
import { expectInputError } from '../../rejection.js';
import { compressed, matFile, type MatrixParts, matrix, MX } from './matlabBytes.js';
import { noise } from './noise.js';

const pixels = (count: number): MatrixParts => ({
  variable: 'X',
  sizes: [32, 32, 3, count],
  mxClass: MX.uint8,
  stored: 'uint8',
  values: noise(3072 * count),
});
const digits = (labels: readonly number[]): MatrixParts => ({
  variable: 'y',
  sizes: [labels.length, 1],
  mxClass: MX.uint8,
  stored: 'uint8',
  values: labels,
});
const svhnFile = (x: MatrixParts, y: MatrixParts): Uint8Array =>
  matFile([compressed(matrix(x)), compressed(matrix(y))]);

describe('decodeSvhn', () => {
  it('transposes [row, column, color, image] to [N, C, H, W]', async () => {
    const stored = noise(3 * 3072);
    const images = await decodeSvhn(svhnFile(pixels(3), digits([1, 2, 3])), 'train_32x32.mat');
    expect(images).toMatchObject({ count: 3, channels: 3, height: 32, width: 32 });
    fc.assert(
      fc.property(fc.nat(2), fc.nat(2), fc.nat(31), fc.nat(31), (image, color, row, column) => {
        expect(images.pixels[((image * 3 + color) * 32 + row) * 32 + column]).toBe(
          stored[row + 32 * (column + 32 * (color + 3 * image))],
        );
      }),
    );
  });

  it('labels images with their digits, 10 being 0', async () => {
    expect(Array.from((await decodeSvhn(svhnFile(pixels(3), digits([10, 1, 9])), 'file')).labels!)).toEqual([0, 1, 9]);
  });

  it('accepts labels of other types, either order and byte order, and other variables', async () => {
    const other = matrix({
      variable: 'other',
      sizes: [1, 1],
      mxClass: MX.double,
      stored: 'uint8',
      values: [1],
      littleEndian: false,
    });
    const y = matrix({ ...digits([10, 5]), mxClass: MX.double, stored: 'double', littleEndian: false });
    const x = matrix({ ...pixels(2), littleEndian: false });
    expect(Array.from((await decodeSvhn(matFile([y, other, x], false), 'file')).labels!)).toEqual([0, 5]);
  });

  it('accepts a single image, whose last axis MATLAB drops', async () => {
    expect((await decodeSvhn(svhnFile({ ...pixels(1), sizes: [32, 32, 3] }, digits([4])), 'file')).count).toBe(1);
  });
});

describe('an invalid SVHN file', () => {
  it.each([
    ['has no X', matFile([matrix(digits([1]))]), ['variable X', '"y"']],
    ['has no y', matFile([matrix(pixels(1))]), ['variable y', '"X"']],
    [
      'has images of another shape',
      svhnFile({ ...pixels(3), sizes: [96, 32, 3, 1] }, digits([1])),
      ['uint8 96 x 32 x 3 x 1', '32 x 32 x 3 x N'],
    ],
    ['has five axes', svhnFile({ ...pixels(1), sizes: [32, 32, 3, 1, 1] }, digits([1])), ['32 x 32 x 3 x 1 x 1']],
    ['has no images', svhnFile({ ...pixels(0), values: [] }, digits([])), ['32 x 32 x 3 x 0']],
    ['has float images', svhnFile({ ...pixels(1), mxClass: MX.double }, digits([1])), ['double', 'uint8']],
    ['has signed bytes', svhnFile({ ...pixels(1), stored: 'int8' }, digits([1])), ['uint8']],
    ['has too few labels', svhnFile(pixels(2), digits([1])), ['1 x 1', '2 x 1']],
    ['has labels in a row', svhnFile(pixels(2), { ...digits([1, 2]), sizes: [1, 2] }), ['1 x 2', '2 x 1']],
    ['has labels along three axes', svhnFile(pixels(2), { ...digits([1, 2]), sizes: [2, 1, 1] }), ['2 x 1 x 1']],
    ['has the label 0', svhnFile(pixels(2), digits([1, 0])), ['image 1', 'got 0', '1 to 10']],
    ['has the label 11', svhnFile(pixels(1), digits([11])), ['image 0', 'got 11']],
    [
      'has a fractional label',
      svhnFile(pixels(1), { ...digits([1.5]), mxClass: MX.double, stored: 'double' }),
      ['got 1.5'],
    ],
  ])('is rejected if it %s', async (_, bytes, texts) => {
    await expectInputError(() => decodeSvhn(bytes, 'some.mat'), 'some.mat: ', ...texts);
  });

  it('is rejected if much of it is missing', async () => {
    const whole = svhnFile(pixels(2), digits([1, 2]));
    for (const length of [0, 64, 128, 132, 200, 3000, whole.length - 40, whole.length - 1])
      await expectInputError(() => decodeSvhn(whole.subarray(0, length), 'cut.mat'), 'cut.mat: ');
  });
});
