import { drawSampleCodes } from '../density/codeDensity.js';
import { InputError } from '../errors.js';
import { type ImageBatch, toBytes } from '../images/raster.js';
import { type RandomStream, randomStream } from '../random.js';
import { guided, requireGuidance } from './guidance.js';
import { drawCodesAround } from './paths.js';
import { distanceAt, noiseOfSample, passesOf, refineImages, type Refinement, requirePasses } from './refinement.js';
import { repeated } from '../numerics/features.js';
import type { Codes, TrainedModel } from './trainedModel.js';

/** Images in memory: a multiple of the model's batch, so that nothing is padded, and even. */
const CHUNK = 500;

export interface SamplingOptions extends Refinement {
  count: number;
  /** Of all samples, or of the first if each has its own. */
  seed: number;
  isSeedPerImage?: boolean;
  /** Around a code [M] by `drawCodesAround` (default: anywhere, by `drawSampleCodes`). */
  around?: { code: Float32Array; spread: number };
  /** For the normal prior only. */
  temperature?: number | undefined;
  /** For the density only (`drawSampleCodes`). */
  truncation?: number | undefined;
  /** The condition of all samples of a conditional model, [...shape] (default: unknown). */
  condition?: Float32Array | undefined;
  /** Applied to codes [N, M] before decoding. */
  move?: (codes: Float32Array) => Float32Array;
}

/**
 * @throws {InputError} if the temperature is not positive, or the prior is a sphere, which fixes the length of codes; if
 *   there is a truncation without a density
 */
export function sampleImages(model: TrainedModel, options: SamplingOptions): AsyncGenerator<ImageBatch> {
  const { temperature, truncation, around } = options;
  requirePasses(options);
  requireGuidance(model, options.condition !== undefined, options.guidance);
  if (temperature !== undefined && model.prior === 'sphere')
    throw new InputError(
      `temperature ${temperature}`,
      'requires the prior normal, because codes on the sphere have length 1',
      'sample around the code of an image',
    );
  if (temperature !== undefined && !(temperature > 0))
    throw new InputError(`temperature ${temperature}`, 'must be above 0');
  if (truncation !== undefined && (around || model.density === undefined))
    throw new InputError(
      `truncation ${truncation}`,
      around ? 'has no effect around the code of an image' : 'requires a density of codes',
      around ? 'set the spread instead' : 'use a checkpoint with a density, and draw from it',
    );
  return generateBatches(model, options);
}

async function* generateBatches(model: TrainedModel, options: SamplingOptions): AsyncGenerator<ImageBatch> {
  const { count, seed, isSeedPerImage = false, around, temperature = 1, truncation } = options;
  const { move = (codes: Float32Array) => codes, condition } = options;
  const { prior, latentSize } = model;
  // The part of the variance that comes from the prior.
  const distance = around ? distanceAt(around.spread) : 1;
  const drawFrom = (stream: RandomStream, size: number) =>
    around
      ? drawCodesAround(prior, around.code, around.spread, size, stream)
      : drawSampleCodes(model, size, stream, condition && repeated(condition, size), truncation);
  const drawEach = (first: number, size: number) => {
    const codes = new Float32Array(size * latentSize);
    for (let index = 0; index < size; index++)
      codes.set(drawFrom(randomStream(seed + first + index, 'samples'), 1), index * latentSize);
    return codes;
  };
  // Chunks of an even size leave a stream's codes as they are.
  const stream = randomStream(seed, 'samples');
  for (let first = 0; first < count; first += CHUNK) {
    const size = Math.min(CHUNK, count - first);
    const drawn = isSeedPerImage ? drawEach(first, size) : drawFrom(stream, size);
    const z = move(drawn.map((value) => temperature * value));
    const y = condition && repeated(condition, size);
    const generate = (codes: Codes) => (around ? model.decode({ ...codes, distance }) : model.generateSamples(codes));
    const x = await guided(model, generate, { z, y }, options.guidance);
    const noiseOf = (index: number) =>
      isSeedPerImage ? noiseOfSample(seed + first + index, 0) : noiseOfSample(seed, first + index);
    // Codes around an image are not drawn from the density.
    const refine = passesOf(around ? {} : model, options);
    yield imagesOf(model, await refineImages(model, { x, y }, { ...options, refine }, noiseOf));
  }
}

/** @param values bytes, or values in [-1, 1], [N, C, H, W] */
export function imagesOf({ pair, imageElements }: TrainedModel, values: Float32Array | Uint8Array): ImageBatch {
  const data = values instanceof Uint8Array ? values : toBytes(values);
  return { shape: pair.encoder.inputShape as [number, number, number], count: data.length / imageElements, data };
}
