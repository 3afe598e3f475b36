import { loadAsset, readGzip } from '../assets.js';
import { DIGIT_PADDING, padImage } from '../../../src/images/preprocessing.js';
import type { TrainingImages } from '../training/images.js';

export const TRAINING_DIGITS = 5000;
const INNER = DIGIT_PADDING.inner ** 2;
export const DIGIT_SIZE = 32;
const PIXELS = DIGIT_SIZE ** 2;

export const DIGIT_SHAPE = [1, DIGIT_SIZE, DIGIT_SIZE] as const;

/** Loads the digits of this site, and 200 others as test images. */
export async function loadDigits(): Promise<TrainingImages> {
  const bytes = await readGzip(await loadAsset('digits.gz'));
  const count = bytes.length / INNER;
  const images = new Uint8Array(count * PIXELS);
  for (let index = 0; index < count; index++) {
    padImage(
      bytes.subarray(index * INNER, (index + 1) * INNER),
      DIGIT_PADDING,
      { size: DIGIT_SIZE, channels: 1 },
      images.subarray(index * PIXELS, (index + 1) * PIXELS),
    );
  }
  return {
    shape: DIGIT_SHAPE,
    training: images.slice(0, TRAINING_DIGITS * PIXELS),
    test: images.slice(TRAINING_DIGITS * PIXELS),
  };
}
