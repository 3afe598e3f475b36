import { InputError } from '../../errors.js';
import type { Elements } from './elements.js';

/** Images of a published file. */
export interface LabeledImages {
  readonly count: number;
  /** 1 (grayscale) or 3 (RGB). */
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  /** Bytes [count, C, H, W]. */
  readonly pixels: Uint8Array;
  /** Class indices from 0, one per image, or null. */
  readonly labels: Uint8Array | null;
}

/**
 * Returns the layout of an array of images [N, H, W] or [N, H, W, C].
 * @throws {InputError} that starts with `name` for other numbers of axes or channels, and if there is no pixel
 */
export function imageLayout(sizes: readonly number[], name: string): Pick<LabeledImages, 'count' | 'height' | 'width' | 'channels'> {
  const [count, height, width, channels = 1] = sizes;
  if (sizes.length < 3 || sizes.length > 4 || (channels !== 1 && channels !== 3))
    throw new InputError(`${name}: expected images [N, H, W] (grayscale) or [N, H, W, C] of 1 or 3 channels but got an array of ${sizes.join(' x ')}`);
  if (sizes.includes(0)) throw new InputError(`${name}: expected at least one pixel but got an array of ${sizes.join(' x ')}`);
  return { count: count!, height: height!, width: width!, channels };
}

/** Converts bytes [N, H, W, C] to [N, C, H, W]. Grayscale images are returned without a copy. */
export function channelPlanes(interleaved: Uint8Array, channels: number, height: number, width: number): Uint8Array {
  if (channels === 1) return interleaved;
  const planes = new Uint8Array(interleaved.length);
  const area = height * width;
  for (let image = 0; image < interleaved.length; image += channels * area) {
    for (let channel = 0; channel < channels; channel++) {
      const plane = image + channel * area;
      for (let pixel = 0; pixel < area; pixel++) planes[plane + pixel] = interleaved[image + pixel * channels + channel]!;
    }
  }
  return planes;
}

/**
 * Converts labels of any type to bytes.
 * @throws {InputError} that starts with `name` unless all are integers from `min` to `max` (at most 255)
 */
export function classNumbers(labels: Elements, min: number, max: number, name: string): Uint8Array {
  const numbers = new Uint8Array(labels.length);
  for (let index = 0; index < labels.length; index++) {
    const label = Number(labels[index]);
    if (!Number.isInteger(label) || label < min || label > max)
      throw new InputError(`${name}: image ${index}: expected a label from ${min} to ${max} but got ${label}`);
    numbers[index] = label;
  }
  return numbers;
}
