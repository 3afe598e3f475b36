import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeCifar } from '../../../src/data/formats/cifar.js';
import { errorOf, expectInputError } from '../../rejection.js';
import { InputError } from '../../../src/errors.js';
import { cifarBytes, cifarPicture } from './cifarBytes.js';

describe('decodeCifar', () => {
  it('returns the images and label bytes of CIFAR-10', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(9), { minLength: 1, maxLength: 5 }), (labels) => {
        const pictures = labels.map((_, index) => cifarPicture(index));
        const bytes = cifarBytes(labels.map((label, index) => ({ labels: [label], picture: pictures[index]! })));
        const images = decodeCifar(bytes, 'cifar10', 'data_batch_1.bin');
        expect(images).toMatchObject({ count: labels.length, channels: 3, height: 32, width: 32 });
        expect(Array.from(images.labels!)).toEqual(labels);
        expect(Buffer.from(images.pixels).equals(Buffer.concat(pictures))).toBe(true);
      }),
      { numRuns: 20 },
    );
  });

  it('returns the fine labels of CIFAR-100, the second of both', () => {
    const bytes = cifarBytes([
      { labels: [19, 99], picture: cifarPicture(1) },
      { labels: [0, 7], picture: cifarPicture(2) },
    ]);
    const images = decodeCifar(bytes, 'cifar100', 'train.bin');
    expect(Array.from(images.labels!)).toEqual([99, 7]);
    expect(images.pixels.subarray(3072)).toEqual(cifarPicture(2));
  });

  it('keeps channels in the order red, green, blue, and rows before columns', () => {
    const picture = new Uint8Array(3072);
    picture[0] = 1; // red, first row, first column
    picture[1] = 2; // red, first row, second column
    picture[32] = 3; // red, second row, first column
    picture[1024] = 4; // green
    picture[2048] = 5; // blue
    const { pixels, height, width } = decodeCifar(cifarBytes([{ labels: [0], picture }]), 'cifar10', 'file');
    const at = (channel: number, row: number, column: number) => pixels[(channel * height + row) * width + column];
    expect([at(0, 0, 0), at(0, 0, 1), at(0, 1, 0), at(1, 0, 0), at(2, 0, 0)]).toEqual([1, 2, 3, 4, 5]);
  });
});

describe('an invalid CIFAR file', () => {
  const whole = cifarBytes([0, 1].map((label) => ({ labels: [label], picture: cifarPicture(label) })));

  it('is rejected if truncated within a record', async () => {
    for (const length of [0, 1, 3072, 3074, whole.length - 1])
      await expectInputError(
        () => decodeCifar(whole.subarray(0, length), 'cifar10', 'cut.bin'),
        'cut.bin:',
        `${length} bytes`,
        '3073',
        '.bin',
      );
    expect(await errorOf(() => decodeCifar(whole.subarray(0, 3073), 'cifar10', 'cut.bin'))).toBeUndefined();
  });

  it('is rejected if it belongs to the other data set', async () => {
    expect(await errorOf(() => decodeCifar(whole, 'cifar100', 'test_batch.bin'))).toBeInstanceOf(InputError);
  });

  it.each([
    ['cifar10', [10], ['got 10', 'CIFAR-10', 'below 10']],
    ['cifar100', [20, 0], ['got 20', 'CIFAR-100', 'below 20']],
    ['cifar100', [0, 100], ['got 100', 'CIFAR-100', 'below 100']],
  ] as const)('is rejected if a label of %s is %s', async (kind, labels, texts) => {
    const good = { labels: labels.map(() => 0), picture: cifarPicture(1) };
    const bytes = cifarBytes([good, { labels, picture: cifarPicture(2) }]);
    await expectInputError(() => decodeCifar(bytes, kind, 'labels.bin'), 'labels.bin:', 'image 1', ...texts);
  });
});
