import { describe, expect, it } from 'vitest';
import { type ComparableImages, fromBytes } from '../../../src/images/raster.js';
import { imageSimilarity } from '../../../src/metrics/catalog/reconstruction.js';
import { expectWithin } from '../../expectWithin.js';
import { expectInputError } from '../../rejection.js';
import { reference } from '../samples.js';

describe('image similarity', () => {
  const { shape, bytes, values } = reference.images;
  const a = { shape, data: Uint8Array.from(reference.images.a) };
  const b = { shape, data: Uint8Array.from(reference.images.b) };
  const asValues = ({ data }: { data: Uint8Array }): ComparableImages => ({ shape, data: fromBytes(data) });
  const scores = ['l1', 'mse', 'psnr', 'ssim'] as const;

  it.each(scores)('has the %s of scikit-image for bytes and for values in [-1, 1]', (score) => {
    expectWithin(imageSimilarity(a, b)[score], bytes[score], 1e-9);
    expectWithin(imageSimilarity(asValues(a), asValues(b))[score], values[score], 1e-9);
  });

  it('is perfect for equal images', () => {
    const { l1, mse, psnr, ssim } = imageSimilarity(a, a);
    expect([l1, mse, psnr]).toEqual([0, 0, Infinity]);
    expectWithin(ssim, 1, 1e-12);
  });

  it('of scaled bytes is that of scaled values', () => {
    const [ofBytes, ofValues] = [imageSimilarity(a, b), imageSimilarity(asValues(a), asValues(b))];
    expectWithin(ofValues.l1, ofBytes.l1 / 127.5, 1e-6);
    expectWithin(ofValues.mse, ofBytes.mse / 127.5 ** 2, 1e-6);
    expectWithin(ofValues.psnr, ofBytes.psnr, 1e-5);
  });

  it('is the mean over images', () => {
    const size = a.data.length / 2;
    const of = (start: number) =>
      imageSimilarity(
        { shape, data: a.data.subarray(start, start + size) },
        { shape, data: b.data.subarray(start, start + size) },
      );
    for (const score of scores) expectWithin(imageSimilarity(a, b)[score], (of(0)[score] + of(size)[score]) / 2, 1e-12);
  });

  it('is symmetric', () => {
    for (const score of scores) expectWithin(imageSimilarity(a, b)[score], imageSimilarity(b, a)[score], 1e-12);
  });

  it('rejects images that cannot be compared', async () => {
    await expectInputError(() => imageSimilarity(a, { ...b, shape: [3, 16, 13] }), '[3, 13, 16]', '[3, 16, 13]');
    await expectInputError(() => imageSimilarity(a, asValues(b)), 'bytes', 'one kind');
    await expectInputError(
      () => imageSimilarity(a, { shape, data: b.data.subarray(1) }),
      'same whole number of images',
    );
    const none = { shape, data: new Uint8Array(0) };
    await expectInputError(() => imageSimilarity(none, none), 'whole number of images');
    const small: ComparableImages = { shape: [1, 10, 20], data: new Uint8Array(200) };
    await expectInputError(() => imageSimilarity(small, small), '10x20', '11x11');
    const broken = asValues(b);
    broken.data[17] = NaN;
    await expectInputError(() => imageSimilarity(asValues(a), broken), 'number 17', 'NaN');
  });
});
