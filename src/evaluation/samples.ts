import { drawCodes, type TrainedModel } from '../age/index.js';
import { toBytes } from '../images/index.js';
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

/** Draws samples, a thousand at a time: what `drawSamples` draws. */
export async function* sampleChunks(model: TrainedModel, count: number, seed: number): AsyncGenerator<SampleChunk> {
  const { prior, latent } = model;
  const codes = drawCodes(prior, count, latent, randomStream(seed, 'samples'));
  for (let first = 0; first < count; first += CHUNK) {
    const part = codes.subarray(first * latent, (first + CHUNK) * latent);
    yield { first, codes: part, values: await model.generate(part) };
  }
}

/** The samples of a model that a seed determines, bytes [count, C, H, W]: what is shown, written and evaluated. */
export async function drawSamples(model: TrainedModel, count: number, seed: number): Promise<Uint8Array> {
  const images = new Uint8Array(count * model.imageSize);
  for await (const { first, values } of sampleChunks(model, count, seed)) images.set(toBytes(values), first * model.imageSize);
  return images;
}
