/** What pictures show of images, and how they are put into photos. Without graphs, so that pages stay small. */
import { fromBytes } from '../images/raster.js';

export interface Format {
  channels: number;
  size: number;
}

/**
 * How often completions are reconstructed by default (docs/conditions.md). The code of a sample says what is around a
 * hole, too, and only reconstructions agree with what is shown there.
 */
export const COMPLETION_PASSES = { gray: 1, mask: 3, small: 1 } as const;

/** Shares of red, green and blue in the luminance (ITU-R BT.601). */
export const LUMINANCE = [0.299, 0.587, 0.114] as const;

const lightOf = (pixels: Uint8Array, at: number) =>
  LUMINANCE.reduce((sum, share, channel) => sum + share * pixels[at + channel]!, 0);

/** @param values [N, 3, area] */
export function luminanceOf(values: Float32Array, area: number): Float32Array {
  const planes = new Float32Array(values.length / 3);
  for (let index = 0; index < planes.length; index++) {
    const at = Math.floor(index / area) * 3 * area + (index % area);
    planes[index] = LUMINANCE.reduce((sum, share, channel) => sum + share * values[at + channel * area]!, 0);
  }
  return planes;
}

/**
 * Returns conditions `mask` [N, C + 1, H, W].
 * @param images bytes [N, C, H, W]
 * @param holes 1 at hidden pixels [H, W], per image
 */
export function shownOutside(images: Uint8Array, { channels, size }: Format, holes: readonly Uint8Array[]) {
  const area = size * size;
  const values = fromBytes(images);
  const conditions = new Float32Array(holes.length * (channels + 1) * area);
  for (const [index, hole] of holes.entries()) {
    const start = index * (channels + 1) * area;
    for (let pixel = 0; pixel < area; pixel++) {
      if (hole[pixel] === 1) continue;
      for (let channel = 0; channel < channels; channel++)
        conditions[start + channel * area + pixel] = values[(index * channels + channel) * area + pixel]!;
      conditions[start + channels * area + pixel] = 1;
    }
  }
  return conditions;
}

/** Replaces each block of factor x factor pixels by its mean. */
export function reducedAndEnlarged(values: Float32Array, size: number, factor: number) {
  const side = size / factor;
  const blockAt = (index: number) => {
    const [row, column] = [Math.floor(index / size), index % size];
    return Math.floor(row / factor) * side + Math.floor(column / factor);
  };
  const means = new Float32Array(values.length / factor ** 2);
  for (let index = 0; index < values.length; index++) means[blockAt(index)]! += values[index]! / factor ** 2;
  return values.map((_, index) => means[blockAt(index)]!);
}

/** Gives pixels [H, W, 3] of a completion the luminance of the photo. */
export function mergeLuminance(photo: Uint8Array, completion: Uint8Array): Uint8Array {
  const merged = new Uint8Array(photo.length);
  for (let at = 0; at < photo.length; at += 3) {
    const light = lightOf(photo, at);
    const difference = [0, 1, 2].map((channel) => completion[at + channel]! - lightOf(completion, at));
    // Less color, where the color would change the luminance because it cannot be shown.
    const share = Math.min(
      1,
      ...difference.map((each) => (each > 0 ? (255 - light) / each : each < 0 ? -light / each : 1)),
    );
    for (const [channel, each] of difference.entries()) merged[at + channel] = Math.round(light + share * each);
  }
  return merged;
}

/** Takes pixels [H, W, C] of a completion where the photo is hidden. */
export function mergeOutside(photo: Uint8Array, completion: Uint8Array, isHidden: Uint8Array): Uint8Array {
  const channels = photo.length / isHidden.length;
  return photo.map((value, at) => (isHidden[Math.floor(at / channels)] === 1 ? completion[at]! : value));
}
