import { reshape, slice, type Value } from '../engine/index.js';
import type { RandomStream } from '../random.js';
import * as augmentations from './augmentations/index.js';
import type { Augmentation, ImageShape } from './terms.js';

export type AugmentationName = keyof typeof augmentations;

const augmentationOf = augmentations satisfies Record<string, Augmentation>;
export const AUGMENTATIONS = Object.keys(augmentations).sort() as [AugmentationName, ...AugmentationName[]];

export const parameterCount = (names: readonly AugmentationName[]): number =>
  names.reduce((sum, name) => sum + augmentationOf[name].parameters, 0);

/** Draws parameters for a number of images, row-major `[count, parameters]`. */
export const drawAugmentations = (
  names: readonly AugmentationName[],
  count: number,
  shape: ImageShape,
  stream: RandomStream,
): Float32Array =>
  Float32Array.from(
    Array.from({ length: count }, () => names.flatMap((name) => augmentationOf[name].draw(stream, shape))).flat(),
  );

/**
 * Applies augmentations one after another to images `[N, C, H, W]`.
 * @param parameters `[N, parameters]`, one row per image
 */
export function augment(x: Value, names: readonly AugmentationName[], parameters: Value): Value {
  let offset = 0;
  return names.reduce((image, name) => {
    const { parameters: count, apply } = augmentationOf[name];
    const own = Array.from({ length: count }, (_, index) =>
      reshape(slice(parameters, 1, offset + index, offset + index + 1), [x.shape[0]!, 1, 1, 1]),
    );
    offset += count;
    return apply(image, own);
  }, x);
}
