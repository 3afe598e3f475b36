import { describe, expect, it } from 'vitest';
import { imageLayout } from '../../../src/data/formats/arrays.js';
import { expectInputError } from '../../rejection.js';

describe('the layout of an array of images', () => {
  it('has one channel without an axis for it', () => {
    expect(imageLayout([5, 3, 2], 'x.npy')).toEqual({ count: 5, height: 3, width: 2, channels: 1 });
    expect(imageLayout([5, 3, 2, 3], 'x.npy')).toEqual({ count: 5, height: 3, width: 2, channels: 3 });
  });

  it.each([
    [[], 'a single value'],
    [[7], 'an array of 7'],
    [[7, 3], 'an array of 7 x 3'],
    [[7, 3, 2, 4], 'an array of 7 x 3 x 2 x 4'],
    [[7, 0, 2], 'an array of 7 x 0 x 2'],
  ])('is rejected for sizes %j, which the message states', async (sizes, found) => {
    await expectInputError(() => imageLayout(sizes, 'x.npy'), 'x.npy: ', `but got ${found}`);
  });
});
