import type { ImageBatch } from '../images/raster.js';
import type { TrainedModel } from '../model/trainedModel.js';

export { openRun, type OpenedRun, readCheckpoint } from '../runs/runFolder.node.js';

/** Returns bytes [N, C, H, W] of a model's images as a batch. */
export function picturesOf(model: TrainedModel, data: Uint8Array): ImageBatch {
  const shape = model.pair.encoder.inputShape as [number, number, number];
  return { shape, count: data.length / model.imageElements, data };
}
