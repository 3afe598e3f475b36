import type { TrainedModel } from './trainedModel.js';
import { gatherImages, type Split } from '../data/source.js';

/** Images that are in memory at once. */
const CHUNK = 5000;

/** The codes [N, M] of a split's images, all of them or those at `indices`, however many there are. */
export async function encodeSplit(model: TrainedModel, split: Split, indices?: ArrayLike<number>): Promise<Float32Array> {
  const codes = new Float32Array((indices?.length ?? split.count) * model.latentSize);
  let position = 0;
  for await (const chunk of encodedChunks(model, split, indices)) {
    codes.set(chunk, position);
    position += chunk.length;
  }
  return codes;
}

/** The same codes a few thousand at a time, in order. */
export async function* encodedChunks(model: TrainedModel, split: Split, indices?: ArrayLike<number>): AsyncGenerator<Float32Array> {
  const count = indices?.length ?? split.count;
  for (let start = 0; start < count; start += CHUNK) {
    const places = Array.from({ length: Math.min(CHUNK, count - start) }, (_, place) => indices?.[start + place] ?? start + place);
    yield await model.encode(gatherImages(split, places, model.imageElements));
  }
}
