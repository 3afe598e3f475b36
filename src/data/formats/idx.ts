import { InputError } from '../../errors.js';
import { gunzip } from './compression.js';
import { channelPlanes, elementCount, imageLayout, type LabeledImages, viewOf } from './arrays.js';

/** An array of bytes in the format of MNIST. */
export interface IdxArray {
  sizes: readonly number[];
  data: Uint8Array;
}

const UNSIGNED_BYTE = 0x08;

/**
 * Reads an IDX file of bytes, optionally compressed by gzip.
 * @throws {InputError} if the bytes are no such file
 */
export async function decodeIdx(bytes: Uint8Array, name: string): Promise<IdxArray> {
  const file = await gunzip(bytes, name);
  const [zero, secondZero, type = 0, axes = 0] = file;
  const refusal = (problem: string) => new InputError(name, problem);
  if (zero !== 0 || secondZero !== 0 || axes === 0)
    throw refusal('not an IDX file: it does not start with two zero bytes, the element type and the number of axes');
  if (type !== UNSIGNED_BYTE)
    throw refusal(`expected an IDX file of unsigned bytes (0x8) but got element type 0x${type.toString(16)}`);
  const header = 4 + 4 * axes;
  if (file.length < header) throw refusal('truncated IDX file: it ends inside its header');
  const view = viewOf(file);
  const sizes = Array.from({ length: axes }, (_, axis) => view.getUint32(4 + 4 * axis));
  const expected = header + elementCount(sizes);
  if (file.length === expected) return { sizes, data: file.subarray(header) };
  const array = sizes.join(' x ');
  throw refusal(`corrupt IDX file: expected ${expected} bytes for an array of ${array} but got ${file.length}`);
}

/** A file, with its name for messages. */
export interface NamedBytes {
  bytes: Uint8Array;
  name: string;
}

/**
 * Reads images [N, H, W] or [N, H, W, C] from an IDX file, and their labels [N] from another.
 * @throws {InputError} that starts with the name of the invalid file
 */
export async function decodeIdxImages(images: NamedBytes, labels: NamedBytes | null): Promise<LabeledImages> {
  const { sizes, data } = await decodeIdx(images.bytes, images.name);
  const layout = imageLayout(sizes, images.name);
  const pixels = channelPlanes(data, layout);
  if (labels === null) return { ...layout, pixels, labels };
  const { bytes, name } = labels;
  const found = await decodeIdx(bytes, name);
  const { count } = layout;
  if (found.sizes.length === 1 && found.sizes[0] === count) return { ...layout, pixels, labels: found.data };
  const array = found.sizes.join(' x ');
  throw new InputError(
    name,
    `expected ${count} labels along one axis for the images in ${images.name} but got an array of ${array}`,
  );
}
