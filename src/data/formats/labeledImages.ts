import { InputError } from '../../errors.js';

/** Images as a published file holds them. */
export interface LabeledImages {
  readonly count: number;
  /** 1 (grey) or 3 (RGB). */
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  /** Bytes [count, C, H, W]. */
  readonly pixels: Uint8Array;
  /** Class numbers from 0, one an image, or null. */
  readonly labels: Uint8Array | null;
}

/**
 * The layout of an array of images [N, H, W] or [N, H, W, C], as bytes interleave channels. Throws InputError, which begins with `name`,
 * for other numbers of axes, for channels other than 1 or 3, and where there is no image or no pixel.
 */
export function imageLayout(sizes: readonly number[], name: string): Pick<LabeledImages, 'count' | 'height' | 'width' | 'channels'> {
  const [count, height, width, channels = 1] = sizes;
  if (sizes.length < 3 || sizes.length > 4 || (channels !== 1 && channels !== 3))
    throw new InputError(
      `${name}: an array of ${sizes.join(' x ')}, images are [N, H, W] (grey) or [N, H, W, C] with 1 or 3 channels, N images of H rows and W columns`,
    );
  if (sizes.includes(0)) throw new InputError(`${name}: an array of ${sizes.join(' x ')} holds no image, at least one pixel is needed`);
  return { count: count!, height: height!, width: width!, channels };
}

/** Bytes [N, H, W, C] as [N, C, H, W]; grey images are the given bytes themselves, not a copy. */
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
