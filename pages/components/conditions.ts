/** Conditions of a page's model. */
import { encodeDescription } from '../../src/conditions/attributes.js';
import { oneHot } from '../../src/conditions/classes.js';
import {
  COMPLETION_PASSES,
  luminanceOf,
  mergeLuminance,
  reducedAndEnlarged,
  shownOutside,
} from '../../src/conditions/observations.js';
import { InputError } from '../../src/errors.js';
import { channelsFirst, channelsLast, toBytes } from '../../src/images/raster.js';
import type { ModelInfo } from './networks.js';

/** What a visitor chooses: a class, or attributes by name. */
export interface Choice {
  label: number | null;
  attributes: Readonly<Record<string, string>>;
}

const NOTHING_CHOSEN: Choice = { label: null, attributes: {} };

/** Returns the condition [K], or undefined if nothing is chosen. */
export function conditionOfChoice({ condition }: ModelInfo, { label, attributes }: Choice): Float32Array | undefined {
  if (condition === undefined) return undefined;
  if (label !== null) return oneHot([label], condition.classes.length);
  return Object.keys(attributes).length > 0 ? encodeDescription(condition.attributes, attributes) : undefined;
}

/** Returns a choice if the model has what it names, and else none. Addresses may name anything. */
export function fittingChoice(model: ModelInfo, { label, attributes }: Choice): Choice {
  try {
    return conditionOfChoice(model, { label, attributes }) ? { label, attributes } : NOTHING_CHOSEN;
  } catch (error) {
    if (error instanceof InputError) return NOTHING_CHOSEN;
    throw error;
  }
}

/** Returns the choice that a condition [K] stands for. A mixture of classes is the larger one, or none if it is even. */
export function choiceOfCondition({ condition }: ModelInfo, values: Float32Array | undefined): Choice {
  if (condition === undefined || values === undefined) return NOTHING_CHOSEN;
  if (condition.classes.length > 0) return { label: chosenClass(values), attributes: {} };
  const attributes: Record<string, string> = {};
  let start = 0;
  for (const attribute of condition.attributes) {
    const { name } = attribute;
    const size = 'values' in attribute ? attribute.values.length : 2;
    const part = values.subarray(start, (start += size));
    if ('values' in attribute) {
      const label = chosenClass(part);
      if (label !== null) attributes[name] = attribute.values[label]!;
    } else if (part[0]! > 0.5)
      attributes[name] = String(attribute.low + ((part[1]! + 1) / 2) * (attribute.high - attribute.low));
  }
  return { label: null, attributes };
}

function chosenClass(values: Float32Array): number | null {
  const label = values.findIndex((value) => value > 0.5);
  return label < 0 ? null : label;
}

/** Whether the model only completes images that it is shown a part of. */
export const isCompleting = ({ condition }: ModelInfo): boolean => /^(?:gray|small:)/u.test(condition?.setting ?? '');

/** Whether visitors paint holes that the model fills. Such models draw whole images too. */
export const fillsHoles = ({ condition }: ModelInfo): boolean => condition?.setting === 'mask';

/** How often a completion is reconstructed. */
export const completionPasses = ({ condition }: ModelInfo): number =>
  COMPLETION_PASSES[condition!.setting.split(':')[0] as keyof typeof COMPLETION_PASSES];

/**
 * Puts what is shown of the original into a completion, both [C, H, W] in 0..1: its luminance, or what is outside of the
 * hole.
 */
export function withShownPart(
  { condition, shape }: ModelInfo,
  original: Float32Array,
  completion: Float32Array,
  hole?: Uint8Array,
): Float32Array {
  if (hole) return completion.map((value, at) => (hole[at % hole.length] === 1 ? value : original[at]!));
  if (condition?.setting !== 'gray') return completion;
  const [, height, width] = shape;
  const [photo, colors] = [original, completion].map((image) =>
    channelsLast({ shape, count: 1, data: Uint8Array.from(image, (value) => Math.round(255 * value)) }),
  ) as [Uint8Array, Uint8Array];
  const merged = channelsFirst({ width, height, channels: 3, data: mergeLuminance(photo, colors) });
  return Float32Array.from(merged, (value) => value / 255);
}

/**
 * Returns what a model of pictures is shown of an image.
 * @param image [C, H, W] in 0..1
 * @param hole 1 at hidden pixels [H, W], of models that fill holes
 */
export function conditionOfImage(
  { condition, shape: [channels, size] }: ModelInfo,
  image: Float32Array,
  hole?: Uint8Array,
): Float32Array | undefined {
  const [name, side] = condition?.setting.split(':') ?? [];
  const values = image.map((value) => 2 * value - 1);
  if (name === 'gray') return luminanceOf(values, size * size);
  if (name === 'small') return reducedAndEnlarged(values, size, size / Number(side));
  return name === 'mask' && hole ? shownOutside(toBytes(values), { channels, size }, [hole]) : undefined;
}
