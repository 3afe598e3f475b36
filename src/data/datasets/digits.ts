import { type Padding, padImage } from '../../images/padding.js';
import type { LabeledImages } from '../formats/labeledImages.js';
import { type ImageFormat, type Split, splitInMemory } from '../source.js';

/**
 * How MNIST and its relatives are prepared: 28x28 in the middle of 32x32, with black around. Their digits are light on black, as published;
 * nothing is inverted.
 */
export const DIGIT_PADDING: Padding = { inner: 28, border: 2, value: 0 };

/** Whether these are images of the size in which MNIST and its relatives are published. */
export const isMnistLike = ({ height, width, channels }: Pick<LabeledImages, 'height' | 'width' | 'channels'>): boolean =>
  hasSize({ height, width }, DIGIT_PADDING.inner) && channels === 1;

export const hasSize = ({ height, width }: Pick<LabeledImages, 'height' | 'width'>, size: number): boolean => height === size && width === size;

/** Images of the size inside a border: they are padded when they are copied, so that memory holds them as published. */
export function paddedSplit({ count, pixels, labels, channels, height, width }: LabeledImages, padding: Padding, format: ImageFormat): Split {
  const [bytes, imageBytes] = [channels * height * width, format.channels * format.size ** 2];
  return {
    count,
    labels,
    copyImage: (index, target, offset) =>
      padImage(pixels.subarray(index * bytes, (index + 1) * bytes), padding, format, target.subarray(offset, offset + imageBytes)),
  };
}

/** Images that are published in the wanted format already. */
export const arraySplit = ({ pixels, channels, height, width, labels }: LabeledImages): Split => splitInMemory(pixels, channels * height * width, labels);
