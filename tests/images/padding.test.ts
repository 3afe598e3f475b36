import { describe, expect, it } from 'vitest';
import { paddedSize, padImage, requirePaddable } from '../../src/images/padding.js';
import { expectInputError } from '../rejection.js';

const PADDING = { inner: 2, border: 1, value: 9 };
const padded = (image: readonly number[], size: number, channels: number): number[] => {
  const target = new Uint8Array(channels * size * size);
  padImage(Uint8Array.from(image), PADDING, { size, channels }, target);
  return Array.from(target);
};

describe('padding', () => {
  it('puts an image into the middle of a border', () => {
    expect(padded([1, 2, 3, 4], 4, 1)).toEqual([9, 9, 9, 9, 9, 1, 2, 9, 9, 3, 4, 9, 9, 9, 9, 9]);
  });

  it('pads each channel, and repeats a single one', () => {
    const plane = padded([1, 2, 3, 4], 4, 1);
    expect(padded([1, 2, 3, 4], 4, 3)).toEqual([...plane, ...plane, ...plane]);
    const other = padded([5, 6, 7, 8], 4, 1);
    expect(padded([1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4], 4, 3)).toEqual([...plane, ...other, ...plane]);
  });

  it('repeats each pixel in a multiple of the padded size', () => {
    const small = padded([1, 2, 3, 4], 4, 1);
    expect(padded([1, 2, 3, 4], 8, 1)).toEqual(Array.from({ length: 64 }, (_, place) => small[4 * Math.floor(place / 16) + Math.floor((place % 8) / 2)]));
  });

  it('is refused in any other size', async () => {
    expect(paddedSize(PADDING)).toBe(4);
    for (const size of [4, 8, 12]) requirePaddable(size, PADDING);
    for (const size of [2, 6, 33]) await expectInputError(() => requirePaddable(size, PADDING), `size ${size}`, '2x2', '4x4');
  });
});
