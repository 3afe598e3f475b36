import { drawCodes } from '../age/prior.js';
import type { TrainedModel } from './trainedModel.js';
import { randomStream } from '../random.js';

/** Samples that are in memory as floating-point values at once; a multiple of what the model runs on at a time, so that nothing is padded. */
const CHUNK = 1000;

/** Some samples, as the generator makes them. */
export interface SampleChunk {
  /** Where the first of them stands among all. */
  readonly first: number;
  /** From the prior [n, M]. */
  readonly codes: Float32Array;
  /** In [-1, 1], [n, C, H, W]. */
  readonly values: Float32Array;
}

/** Draws the samples of a model that a seed determines, a thousand at a time: those that `sample` writes. */
export async function* sampleChunks(model: TrainedModel, count: number, seed: number): AsyncGenerator<SampleChunk> {
  const { prior, latentSize } = model;
  const codes = drawCodes(prior, count, latentSize, randomStream(seed, 'samples'));
  for (let first = 0; first < count; first += CHUNK) {
    const part = codes.subarray(first * latentSize, (first + CHUNK) * latentSize);
    yield { first, codes: part, values: await model.generate(part) };
  }
}
