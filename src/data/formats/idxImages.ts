import { InputError } from '../../errors.js';
import { decodeIdx } from './idx.js';
import { channelPlanes, imageLayout, type LabeledImages } from './labeledImages.js';

/** A file's bytes and what errors call it. */
export interface NamedBytes {
  readonly bytes: Uint8Array;
  readonly name: string;
}

/**
 * Reads images [N, H, W] or [N, H, W, C] from an IDX file and, if given, their labels [N] from another, as MNIST, Fashion-MNIST and EMNIST
 * are published; either may be compressed by gzip. Throws InputError, which begins with the name of the file that is wrong.
 */
export function decodeIdxImages(images: NamedBytes, labels: NamedBytes | null): LabeledImages {
  const { sizes, data } = decodeIdx(images.bytes, images.name);
  const layout = imageLayout(sizes, images.name);
  const pixels = channelPlanes(data, layout.channels, layout.height, layout.width);
  return { ...layout, pixels, labels: labels && decodeLabels(labels, layout.count, images.name) };
}

function decodeLabels({ bytes, name }: NamedBytes, count: number, images: string): Uint8Array {
  const { sizes, data } = decodeIdx(bytes, name);
  if (sizes.length !== 1 || sizes[0] !== count)
    throw new InputError(`${name}: an IDX file of ${sizes.join(' x ')} bytes, labels of the images in ${images} should be ${count} bytes along one axis`);
  return data;
}
