import { toBytes } from '../images/raster.js';
import type { CodeDensity } from '../density/codeDensity.js';
import { InputError, setting, text } from '../errors.js';
import { type RandomStream, randomStream } from '../random.js';
import { guided } from './guidance.js';
import { drawCodesAround } from './paths.js';
import type { ImageValues, TrainedModel } from './trainedModel.js';

export const DRAW_FROM = ['density', 'prior'] as const;
export type DrawFrom = (typeof DRAW_FROM)[number];

/**
 * Returns a model that draws samples as asked.
 * @param from the density of codes of training images, or the prior (default: the density, if there is one)
 * @throws {InputError} if there is no density
 */
export function drawingFrom(model: TrainedModel, from: DrawFrom | undefined): TrainedModel {
  if (from === 'prior') return model.drawingFromPrior();
  if (from === 'density' && model.density === undefined)
    throw new InputError(
      text`${setting('drawFrom')} density`,
      'these weights have no density of codes',
      text`choose prior, or fit one with train ${setting('resume')}`,
    );
  return model;
}

export interface Refinement {
  /** How often each sample is reconstructed (default: `passesOf`). */
  refine?: number | undefined;
  /** The spread, 0 (default) to 1, by which the first pass moves codes at random; later passes move them less. */
  refineNoise?: number | undefined;
  /** How much the condition of a conditional model counts (`guided`; default: 1). */
  guidance?: number | undefined;
}

/** @throws {InputError} if there is noise, but no pass that adds it */
export function requirePasses({ refine, refineNoise = 0 }: Refinement) {
  if (refine === 0 && refineNoise > 0)
    throw new InputError(
      text`${setting('refineNoise')} ${refineNoise}`,
      text`has no effect with ${setting('refine')} 0`,
      text`set ${setting('refine')} to at least 1`,
    );
}

/**
 * How often samples are reconstructed. Codes of the prior lie between codes of images, so a pass repairs them; it would only
 * blur samples of the density (docs/recipes.md).
 */
export const passesOf = (
  { density }: { density?: CodeDensity | undefined },
  { refine, refineNoise = 0 }: Refinement = {},
): number => refine ?? (density && refineNoise === 0 ? 0 : 1);

/** Of the sample with an index among those of a seed, however many there are. */
export const noiseOfSample = (seed: number, index: number): RandomStream => randomStream(seed, 'refinement', index);

/**
 * Reconstructs generated images several times. Their codes are then codes of images, which decode more cleanly. With
 * noise, pass k of N moves each code by (N - k) / N of it, k counted from 0, as in Sphere Encoder (arXiv 2602.15030).
 * @param noiseOf the noise of image `index` (default: as for samples of seed 0)
 */
export async function refineImages(
  model: TrainedModel,
  { x, y }: ImageValues,
  { refineNoise = 0, guidance, ...passes }: Refinement = {},
  noiseOf = (index: number) => noiseOfSample(0, index),
): Promise<Float32Array> {
  const { prior, latentSize: width } = model;
  const refine = passesOf(model, { ...passes, refineNoise });
  const streams = refineNoise > 0 ? Array.from({ length: x.length / model.imageElements }, (_, i) => noiseOf(i)) : [];
  let images = x;
  for (let pass = 0; pass < refine; pass++) {
    const z = await model.encode({ x: toBytes(images), y });
    const spread = refineNoise * (1 - pass / refine);
    for (const [index, stream] of streams.entries()) {
      const code = z.subarray(index * width, (index + 1) * width);
      code.set(drawCodesAround(prior, code, spread, 1, stream));
    }
    const distance = distanceAt(spread);
    images = await guided(model, (codes) => model.decode({ ...codes, distance }), { z, y }, guidance);
  }
  return images;
}

/** The share of variance, 0 to 1, that a spread adds to codes. */
export const distanceAt = (spread: number): number => Math.sin((spread * Math.PI) / 2) ** 2;
