import { gatherImages, type Split } from '../data/source.js';
import type { ImageBatch } from '../images/raster.js';
import type { Memorization } from './memorization.js';

/** Samples on the sheet, two in a row. */
const SHOWN = 24;
const PER_ROW = 2;

/** Pictures of samples, each with its nearest training images at its right. */
export interface NearestSheet {
  readonly images: ImageBatch;
  readonly columns: number;
}

/**
 * The samples that come nearest to a training image, most suspicious first.
 * @param samples bytes [N, C, H, W]
 * @param places of the training images that were searched, in their split
 */
export function nearestSheet(near: Memorization, samples: Uint8Array, training: Split, places: Uint32Array, shape: ImageBatch['shape']): NearestSheet {
  const bytes = shape.reduce((product, size) => product * size, 1);
  const order = Array.from(near.distances.keys()).sort((a, b) => near.distances[a]! - near.distances[b]!);
  const shown = order.slice(0, SHOWN);
  const data = new Uint8Array(shown.length * (near.count + 1) * bytes);
  shown.forEach((sample, row) => {
    const start = row * (near.count + 1) * bytes;
    data.set(samples.subarray(sample * bytes, (sample + 1) * bytes), start);
    const k = near.k.subarray(sample * near.count, (sample + 1) * near.count);
    gatherImages(
      training,
      k.map((neighbour) => places[neighbour]!),
      bytes,
      data.subarray(start + bytes),
    );
  });
  return { images: { shape, count: data.length / bytes, data }, columns: PER_ROW * (near.count + 1) };
}
