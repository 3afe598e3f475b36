import { gatherImages, labelingOf, type Split } from '../data/source.js';
import { fillUnknown, isComplete, predictConditions } from '../density/conditionPredictor.js';
import { repeated } from '../numerics/features.js';
import type { ConditionedImages } from '../networks/network.js';
import type { TrainedModel } from './trainedModel.js';

type ImageEncoder = Pick<TrainedModel, 'condition' | 'density' | 'latentSize' | 'encode'>;

/** Returns conditions [N, K] of images, changed to what is known of another condition [K]. */
export const changedConditions = ({ condition }: TrainedModel, conditions: Float32Array, to: Float32Array) =>
  fillUnknown(repeated(to, conditions.length / to.length), conditions, condition!.parts!);

/** Returns conditions [N, ...shape] of images in a split, or undefined without a condition. */
export function conditionsIn({ condition, imageElements }: TrainedModel, split: Split, indices: Uint32Array) {
  if (condition === undefined) return undefined;
  // Only pictures depend on pixels.
  const x = gatherImages(split, condition.shape.length > 1 ? indices : [], imageElements);
  return condition.of({ x, ...labelingOf(split, indices) });
}

/**
 * Returns conditions of images, [N, ...shape]: what is known of them, and else what the model predicts from their codes
 * without a condition, so that codes hold only what the condition leaves open.
 * @param images labels may be null for any class, and descriptions empty
 * @returns undefined if the model has no condition, or one that shows a part of the image and may be unknown
 */
export async function conditionsOfImages(
  model: ImageEncoder,
  images: ConditionedImages,
): Promise<Float32Array | undefined> {
  const { condition, density } = model;
  if (condition === undefined) return undefined;
  const { parts } = condition;
  if (parts === undefined) return condition.isOptional ? undefined : condition.of(images);
  const known = condition.of(images);
  if (density === undefined || isComplete(known, parts)) return known;
  const codes = { data: await model.encode({ x: images.x }), width: model.latentSize };
  return fillUnknown(known, predictConditions(density.predictor, codes, parts), parts);
}
