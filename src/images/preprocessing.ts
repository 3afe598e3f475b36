import type { Crop, DecodeOptions } from './decoding.js';
import type { Padding } from './padding.js';

/** What is done to an image so that it becomes a square of the wanted size. */
interface PreprocessingSteps {
  /** Rows and columns of the square before padding. */
  readonly square: number;
  /** How the image becomes that square. */
  readonly crop: Crop;
  /** The border that is added then, if any. */
  readonly padding: Padding | undefined;
}

/**
 * Returns what is done to an image of some width and height, whether it comes from a data set or from the user. An image of the final size
 * is not changed, because it was prepared before or a model generated it. An image of the size inside the border is only padded.
 */
export function preprocessingSteps(width: number, height: number, { size, crop = 'center', padding }: DecodeOptions): PreprocessingSteps {
  const has = (wanted: number) => width === wanted && height === wanted;
  if (has(size)) return { square: size, crop: 'stretch', padding: undefined };
  const square = padding ? padding.inner : size;
  return { square, crop: has(square) ? 'stretch' : crop, padding: padding ?? undefined };
}

/** Whether the steps depend on the width and height of the image: reading these first takes time. */
export const needsDimensions = ({ crop, padding }: DecodeOptions): boolean => crop === 'celeba' || (padding ?? undefined) !== undefined;
