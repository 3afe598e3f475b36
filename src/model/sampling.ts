import { drawCodes } from '../age/prior.js';
import { InputError } from '../errors.js';
import { type ImageBatch, toBytes } from '../images/raster.js';
import { type RandomStream, randomStream } from '../random.js';
import { drawCodesAround } from './paths.js';
import type { TrainedModel } from './trainedModel.js';

/** Images in memory: a multiple of the model's batch, so that nothing is padded, and even. */
const CHUNK = 500;

export interface SamplingOptions {
  readonly count: number;
  /** Of all samples, or of the first if each has its own. */
  readonly seed: number;
  readonly isSeedPerImage?: boolean;
  /** Around a code [M] by `drawCodesAround` (default: samples of the prior). */
  readonly around?: { readonly code: Float32Array; readonly spread: number };
  /** For the normal prior only. */
  readonly temperature?: number | undefined;
  /** Applied to codes [N, M] before decoding. */
  readonly move?: (codes: Float32Array) => Float32Array;
}

/** @throws {InputError} if the temperature is not positive, or the prior is a sphere, which fixes the length of codes */
export function sampleImages(model: TrainedModel, options: SamplingOptions): AsyncGenerator<ImageBatch> {
  requireTemperature(model, options.temperature);
  return generateBatches(model, options);
}

async function* generateBatches(model: TrainedModel, options: SamplingOptions): AsyncGenerator<ImageBatch> {
  const { count, around, temperature = 1, move = (codes) => codes } = options;
  // The part of the variance that comes from the prior.
  const distance = around ? Math.sin((around.spread * Math.PI) / 2) ** 2 : 1;
  const draw = codeSource(model, options);
  for (let first = 0; first < count; first += CHUNK) {
    const codes = move(draw(first, Math.min(CHUNK, count - first)).map((value) => temperature * value));
    yield imagesOf(model, await (around ? model.decode({ z: codes, distance }) : model.generate({ z: codes })));
  }
}

/** @param values bytes, or values in [-1, 1], [N, C, H, W] */
export function imagesOf({ pair, imageElements }: TrainedModel, values: Float32Array | Uint8Array): ImageBatch {
  const data = values instanceof Uint8Array ? values : toBytes(values);
  return { shape: pair.encoder.inputShape as [number, number, number], count: data.length / imageElements, data };
}

/** Draws codes [count, M] from sample `first` on, in consecutive calls. */
function codeSource({ prior, latentSize }: TrainedModel, { seed, isSeedPerImage = false, around }: SamplingOptions) {
  const drawFrom = (stream: RandomStream, count: number) =>
    around
      ? drawCodesAround(prior, around.code, around.spread, count, stream)
      : drawCodes(prior, count, latentSize, stream);
  // Chunks of an even size do not change the codes of a stream.
  const stream = randomStream(seed, 'samples');
  if (!isSeedPerImage) return (_: number, count: number) => drawFrom(stream, count);
  return (first: number, count: number) => {
    const codes = new Float32Array(count * latentSize);
    for (let index = 0; index < count; index++)
      codes.set(drawFrom(randomStream(seed + first + index, 'samples'), 1), index * latentSize);
    return codes;
  };
}

function requireTemperature({ prior }: TrainedModel, temperature: number | undefined) {
  if (temperature === undefined) return;
  if (prior === 'sphere') {
    throw new InputError(
      `temperature ${temperature}`,
      'requires the prior normal, because codes on the sphere have length 1',
      'sample around the code of an image',
    );
  }
  if (!(temperature > 0)) throw new InputError(`temperature ${temperature}`, 'must be above 0');
}
