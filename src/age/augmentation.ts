import type { Value } from '../engine/index.js';
import type { RandomStream } from '../random.js';
import * as augmentations from './augmentations/index.js';
import { columnsOf } from './distortion.js';
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
  const columns = columnsOf(parameters);
  return names.reduce((image, name) => {
    const { parameters: count, apply } = augmentationOf[name];
    return apply(image, columns.splice(0, count));
  }, x);
}
