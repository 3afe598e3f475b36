import { InputError } from '../errors.js';
import { randomStream, shuffledIndices } from '../random.js';

/** The order of training images: shuffled each epoch, without the last short batch. It depends only on the seed. */
export class EpochSampler {
  readonly batchesPerEpoch: number;
  private order: { epoch: number; indices: Uint32Array } | undefined;

  /** @throws {InputError} if there are fewer images than a batch takes */
  constructor(
    private readonly count: number,
    private readonly batch: number,
    private readonly seed: number,
  ) {
    this.batchesPerEpoch = Math.floor(count / batch);
    if (this.batchesPerEpoch < 1)
      throw new InputError(`batch ${batch}`, `the train split has only ${count} images`, 'choose a smaller batch');
  }

  /** Returns the epoch of a batch. Epochs and batches are numbered from 0; batch numbers do not restart. */
  epochOf(batchNumber: number): number {
    return Math.floor(batchNumber / this.batchesPerEpoch);
  }

  indicesOf(batchNumber: number): Uint32Array {
    const epoch = this.epochOf(batchNumber);
    if (this.order?.epoch !== epoch)
      this.order = { epoch, indices: shuffledIndices(this.count, randomStream(this.seed, 'epoch order', epoch)) };
    const start = (batchNumber - epoch * this.batchesPerEpoch) * this.batch;
    return this.order.indices.subarray(start, start + this.batch);
  }
}

/** Keeps the random streams of epochs apart. */
const MAX_IMAGES_PER_EPOCH = 2 ** 32;

/** Mirrors images [N, C, H, W] left to right with probability 1/2. The same seed and epoch mirror the same images. */
export function flipBatch(
  pixels: Uint8Array,
  [channels, height, width]: readonly [channels: number, height: number, width: number],
  indices: ArrayLike<number>,
  seed: number,
  epoch: number,
): Uint8Array {
  const flipped = pixels.slice();
  const imageBytes = channels * height * width;
  for (let position = 0; position < indices.length; position++) {
    const draws = randomStream(seed, 'flip', epoch * MAX_IMAGES_PER_EPOCH + indices[position]!);
    if (draws.below(2) === 0) continue;
    const end = (position + 1) * imageBytes;
    for (let row = position * imageBytes; row < end; row += width) flipped.subarray(row, row + width).reverse();
  }
  return flipped;
}
