import { randomStream } from '../random.js';

/** How many images an epoch may have at most, for numbering the draws of all epochs. */
const MOST_IMAGES = 2 ** 32;

/**
 * A batch of images with each one mirrored left to right or not, with even odds. Whether an image is depends on the seed, the epoch and
 * its own index, not on the batch that it is in: nothing has to be saved to go on from any batch.
 *
 * `pixels` are bytes [N, C, H, W], and `indices` the N images' numbers in the data. The result is new memory.
 */
export function flipBatch(
  pixels: Uint8Array,
  [channels, height, width]: readonly [channels: number, height: number, width: number],
  indices: ArrayLike<number>,
  seed: number,
  epoch: number,
): Uint8Array {
  const flipped = pixels.slice();
  const imageBytes = channels * height * width;
  for (let place = 0; place < indices.length; place++) {
    if (!isFlipped(seed, epoch, indices[place]!)) continue;
    const end = (place + 1) * imageBytes;
    for (let row = place * imageBytes; row < end; row += width) flipped.subarray(row, row + width).reverse();
  }
  return flipped;
}

const isFlipped = (seed: number, epoch: number, index: number): boolean => randomStream(seed, 'flip', epoch * MOST_IMAGES + index).below(2) === 1;
