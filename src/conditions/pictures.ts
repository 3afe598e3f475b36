/** Conditions that show a part of the image: models complete it. */
import { add, constantTensor, mul, reduceMean, slice, sub, type Value } from '../engine/index.js';
import { fromBytes } from '../images/raster.js';
import { withoutDetail } from '../networks/condition.js';
import type { Condition } from '../networks/network.js';
import { randomStream } from '../random.js';
import { drawHole } from './holes.js';

interface Format {
  channels: number;
  size: number;
}

interface Picture {
  /** As in the setting. */
  syntax: string;
  /**
   * Puts what a photo shows into its completion, both of the photo's size, as bytes [H, W, C].
   * @param isHidden 1 at hidden pixels [H, W]
   */
  merge: (photo: Uint8Array, completion: Uint8Array, isHidden: Uint8Array) => Uint8Array;
  /** Returns a problem if images of the format cannot have the condition. */
  make: (format: Format, argument: string | undefined) => Condition | string;
}

/** Shares of red, green and blue in the luminance (ITU-R BT.601). */
const LUMINANCE = [0.299, 0.587, 0.114] as const;

/** The luminance, `[1, H, W]`: models colorize. */
const gray: Picture = {
  syntax: 'gray',
  merge: (photo, completion) => {
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
  },
  make: ({ channels, size }, argument) => {
    if (argument !== undefined) return 'takes no argument';
    if (channels !== 3) return 'requires color images';
    return {
      shape: [1, size, size],
      isOptional: false,
      of: ({ x }) => luminanceOf(fromBytes(x), size * size),
      complete: (generated, condition) => add(generated, sub(condition, luminance(generated))),
    };
  },
};

const lightOf = (pixels: Uint8Array, at: number) =>
  LUMINANCE.reduce((sum, share, channel) => sum + share * pixels[at + channel]!, 0);

/** @param values [N, 3, area] */
function luminanceOf(values: Float32Array, area: number): Float32Array {
  const planes = new Float32Array(values.length / 3);
  for (let index = 0; index < planes.length; index++) {
    const at = Math.floor(index / area) * 3 * area + (index % area);
    planes[index] = LUMINANCE.reduce((sum, share, channel) => sum + share * values[at + channel * area]!, 0);
  }
  return planes;
}

const SHARES = constantTensor({
  type: 'float32',
  shape: [1, 3, 1, 1],
  data: Float32Array.from(LUMINANCE, (share) => 3 * share),
});

const luminance = (images: Value) => reduceMean(mul(images, SHARES), [1]);

/** The image with 0 in its holes, and a plane with 1 where it is shown and 0 in holes: models fill the holes. */
const mask: Picture = {
  syntax: 'mask',
  merge: (photo, completion, isHidden) => {
    const channels = photo.length / isHidden.length;
    return photo.map((value, at) => (isHidden[Math.floor(at / channels)] === 1 ? completion[at]! : value));
  },
  make: ({ channels, size }, argument) => {
    if (argument !== undefined) return 'takes no argument';
    return {
      shape: [channels + 1, size, size],
      isOptional: true,
      of: ({ x }, stream = randomStream(0, 'holes')) => {
        const holes = Array.from({ length: x.length / (channels * size * size) }, () => drawHole(size, stream));
        return shownOutside(x, { channels, size }, holes);
      },
      complete: (generated, condition) => {
        const shown = slice(condition, 1, 0, channels);
        const isShown = slice(condition, 1, channels, channels + 1);
        return add(shown, mul(generated, sub(1, isShown)));
      },
    };
  },
};

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

/** The image reduced to a side of K, and enlarged again by repeating pixels: models add detail. */
const small: Picture = {
  syntax: 'small:SIDE',
  merge: (_, completion) => completion,
  make: ({ channels, size }, argument) => {
    const side = Number(argument);
    if (!Number.isInteger(side) || side < 1 || side >= size || size % side !== 0)
      return `expected a side that divides ${size}, such as small:${size / 4}`;
    const factor = size / side;
    return {
      shape: [channels, size, size],
      isOptional: false,
      of: ({ x }) => reducedAndEnlarged(fromBytes(x), size, factor),
      complete: (generated, condition) => add(generated, sub(condition, withoutDetail(generated, factor))),
    };
  },
};

/** Replaces each block of factor x factor pixels by its mean. */
function reducedAndEnlarged(values: Float32Array, size: number, factor: number) {
  const side = size / factor;
  const blockAt = (index: number) => {
    const [row, column] = [Math.floor(index / size), index % size];
    return Math.floor(row / factor) * side + Math.floor(column / factor);
  };
  const means = new Float32Array(values.length / factor ** 2);
  for (let index = 0; index < values.length; index++) means[blockAt(index)]! += values[index]! / factor ** 2;
  return values.map((_, index) => means[blockAt(index)]!);
}

export const PICTURES = { gray, mask, small };
export type PictureName = keyof typeof PICTURES;

/** Returns the picture that a configuration conditions both networks on, if it does. */
export const pictureOf = ({ condition }: { condition: string }) => {
  const [name = ''] = condition.split(':');
  return Object.hasOwn(PICTURES, name) ? PICTURES[name as PictureName] : undefined;
};
