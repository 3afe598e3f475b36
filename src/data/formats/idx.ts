import { InputError } from '../../errors.js';
import { gunzip, isGzip } from './compression.js';
import { channelPlanes, elementCount, imageLayout, type LabeledImages } from './arrays.js';

/** An array of bytes in the format of MNIST. */
export interface IdxArray {
  readonly sizes: readonly number[];
  readonly data: Uint8Array;
}

const UNSIGNED_BYTE = 0x08;

/**
 * Reads an IDX file, optionally compressed by gzip: two zero bytes, the element type, the number of axes, their sizes
 * (32 bits, big-endian), then the elements.
 * @throws {InputError} if the bytes are no such file
 */
export async function decodeIdx(bytes: Uint8Array, name: string): Promise<IdxArray> {
  const file = isGzip(bytes) ? await gunzip(bytes, name) : bytes;
  const [zero, secondZero, type, axes] = file;
  if (zero !== 0 || secondZero !== 0 || axes === undefined || axes === 0)
    throw new InputError(
      name,
      'not an IDX file: it does not start with two zero bytes, the element type and the number of axes',
    );
  if (type !== UNSIGNED_BYTE)
    throw new InputError(
      name,
      `expected an IDX file of unsigned bytes (0x8) but got element type 0x${type!.toString(16)}`,
    );
  const header = 4 + 4 * axes;
  if (file.length < header) throw new InputError(name, 'truncated IDX file: it ends inside its header');
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  const sizes = Array.from({ length: axes }, (_, axis) => view.getUint32(4 + 4 * axis));
  const expected = header + elementCount(sizes);
  if (file.length !== expected)
    throw new InputError(
      name,
      `corrupt IDX file: expected ${expected} bytes for an array of ${sizes.join(' x ')} but got ${file.length}`,
    );
  return { sizes, data: file.subarray(header) };
}

/** A file, with its name for messages. */
export interface NamedBytes {
  readonly bytes: Uint8Array;
  readonly name: string;
}

/**
 * Reads images [N, H, W] or [N, H, W, C] from an IDX file, and their labels [N] from another, as MNIST and its
 * relatives are published.
 * @throws {InputError} that starts with the name of the invalid file
 */
export async function decodeIdxImages(images: NamedBytes, labels: NamedBytes | null): Promise<LabeledImages> {
  const { sizes, data } = await decodeIdx(images.bytes, images.name);
  const layout = imageLayout(sizes, images.name);
  const pixels = channelPlanes(data, layout.channels, layout.height, layout.width);
  return { ...layout, pixels, labels: labels && (await decodeLabels(labels, layout.count, images.name)) };
}

async function decodeLabels({ bytes, name }: NamedBytes, count: number, images: string): Promise<Uint8Array> {
  const { sizes, data } = await decodeIdx(bytes, name);
  if (sizes.length !== 1 || sizes[0] !== count)
    throw new InputError(
      name,
      `expected ${count} labels along one axis for the images in ${images} but got an array of ${sizes.join(' x ')}`,
    );
  return data;
}
