import { InputError } from '../errors.js';
import { randomStream, shuffledIndices } from '../random.js';

/**
 * The order in which training sees its images: shuffled anew each epoch, in batches, the last short one left out. A function of
 * the seed and the batch's number alone, so that nothing has to be saved to go on from any batch.
 */
export class EpochSampler {
  readonly batchesPerEpoch: number;
  private order: { readonly epoch: number; readonly indices: Uint32Array } | undefined;

  /** Throws InputError if there are fewer images than one batch takes. */
  constructor(
    private readonly count: number,
    private readonly batch: number,
    private readonly seed: number,
  ) {
    this.batchesPerEpoch = Math.floor(count / batch);
    if (this.batchesPerEpoch < 1) throw new InputError(`batch ${batch}: there are only ${count} images to train on`);
  }

  /** The epoch, counted from 0, that a batch belongs to; batches are counted from 0 through all epochs. */
  epochOf(batchNumber: number): number {
    return Math.floor(batchNumber / this.batchesPerEpoch);
  }

  /** Indices of the images of a batch. */
  indicesOf(batchNumber: number): Uint32Array {
    const epoch = this.epochOf(batchNumber);
    if (this.order?.epoch !== epoch) this.order = { epoch, indices: shuffledIndices(this.count, randomStream(this.seed, 'epoch order', epoch)) };
    const start = (batchNumber - epoch * this.batchesPerEpoch) * this.batch;
    return this.order.indices.subarray(start, start + this.batch);
  }
}
