import { InputError } from '../../errors.js';
import { classNumbers } from './classNumbers.js';
import { channelPlanes, imageLayout, type LabeledImages } from './labeledImages.js';
import type { DecodedNumpyArray } from './npy.js';
import { pythonTuple } from './npyHeader.js';
import { decodeNpz } from './npz.js';

/** `arr_0` is the name that numpy.savez gives an array without one. */
const IMAGES = ['images', 'arr_0'] as const;
const LABELS = 'labels';

/**
 * Reads images from an `.npz` archive: `images` (or else `arr_0`), bytes [N, H, W] or [N, H, W, C], and, if it is there, `labels`,
 * integers [N] from 0 to 255. Throws InputError, which begins with `name`, if the bytes are no such archive.
 */
export function decodeNpzImages(bytes: Uint8Array, name: string): LabeledImages {
  const arrays = decodeNpz(bytes, name, [...IMAGES, LABELS]);
  const key = IMAGES.find((each) => arrays.has(each));
  if (key === undefined)
    throw new InputError(`${name}: an .npz archive without images, they should be an array "${IMAGES.join('" or "')}" of bytes [N, H, W, C]`);
  const { shape, kind, data } = arrays.get(key)!;
  if (kind !== 'u1' || !(data instanceof Uint8Array))
    throw new InputError(`${name}: "${key}" is an array of ${kind}, images are bytes (u1, which NumPy calls uint8) from 0 to 255`);
  const layout = imageLayout(shape, `${name}: "${key}"`);
  const labels = arrays.get(LABELS);
  return {
    ...layout,
    pixels: channelPlanes(data, layout.channels, layout.height, layout.width),
    labels: labels === undefined ? null : labelBytes(labels, layout.count, `${name}: "${LABELS}"`),
  };
}

function labelBytes({ shape, kind, data }: DecodedNumpyArray, count: number, name: string): Uint8Array {
  if (shape.length !== 1 || shape[0] !== count)
    throw new InputError(`${name} has the shape ${pythonTuple(shape)}, it should be (${count},), one label an image`);
  if (!/^[ui]/.test(kind)) throw new InputError(`${name} is an array of ${kind}, labels are integers (u1, i8, ...) from 0 to 255`);
  return classNumbers(data, 0, 255, name);
}
