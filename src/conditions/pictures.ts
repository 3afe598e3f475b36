/** Conditions that show a part of the image: models complete it. */
import { add, constantTensor, mul, reduceMean, slice, sub, type Value } from '../engine/index.js';
import { fromBytes } from '../images/raster.js';
import { withoutDetail } from '../networks/blocks.js';
import type { Condition } from '../networks/network.js';
import { randomStream } from '../random.js';
import { drawHole } from './holes.js';
import {
  COMPLETION_PASSES,
  type Format,
  LUMINANCE,
  luminanceOf,
  mergeLuminance,
  mergeOutside,
  reducedAndEnlarged,
  shownOutside,
} from './observations.js';

interface Picture {
  /**
   * Puts what a photo shows into its completion, both of the photo's size, as bytes [H, W, C].
   * @param isHidden 1 at hidden pixels [H, W]
   */
  merge: (photo: Uint8Array, completion: Uint8Array, isHidden: Uint8Array) => Uint8Array;
  /** Returns a problem if images of the format cannot have the condition. */
  make: (format: Format, argument: string | undefined) => Condition | string;
}

/** The luminance, `[1, H, W]`: models colorize. */
const gray: Picture = {
  merge: mergeLuminance,
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

const SHARES = constantTensor({
  type: 'float32',
  shape: [1, 3, 1, 1],
  data: Float32Array.from(LUMINANCE, (share) => 3 * share),
});

const luminance = (images: Value) => reduceMean(mul(images, SHARES), [1]);

/** The image with 0 in its holes, and a plane with 1 where it is shown and 0 in holes: models fill the holes. */
const mask: Picture = {
  merge: mergeOutside,
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

/** The image reduced to a side of K, and enlarged again by repeating pixels: models add detail. */
const small: Picture = {
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

export const PICTURES = { gray, mask, small };
export type PictureName = keyof typeof PICTURES;

/** Returns the picture that a configuration conditions both networks on, if it does. */
export const pictureOf = ({ condition }: { condition: string }) => {
  const [name = ''] = condition.split(':');
  if (!Object.hasOwn(PICTURES, name)) return undefined;
  return { ...PICTURES[name as PictureName], passes: COMPLETION_PASSES[name as PictureName] };
};
