import { drawCodes } from '../age/prior.js';
import { toBytes } from '../images/raster.js';
import type { TrainedModel } from '../model/trainedModel.js';
import { meanOf } from '../numerics/features.js';
import { randomStream } from '../random.js';

export interface Difference {
  mean: number;
  max: number;
}

export interface PrecisionCost {
  /** Differences of pixels in 0..1, for images of the same latent samples. */
  images: Difference;
  /** Angles between codes of the same images, in degrees. */
  angles: Difference;
  /** FID with float32 and with the stored weights, if it was measured. */
  fid?: {
    float32: number;
    stored: number;
    samples: number;
    images: number;
    extractor: string;
  };
}

const SAMPLES = 500;

export async function compareOutputs(model: TrainedModel, stored: TrainedModel): Promise<PrecisionCost> {
  const { prior, latentSize } = model;
  const codes = drawCodes(prior, SAMPLES, latentSize, randomStream(0, 'comparison of precisions'));
  const [images, storedImages] = [await model.generate({ z: codes }), await stored.generate({ z: codes })];
  const pixels = toBytes(images);
  const [encoded, storedEncoded] = [await model.encode({ x: pixels }), await stored.encode({ x: pixels })];
  const angles = Float32Array.from({ length: SAMPLES }, (_, row) => {
    const [start, end] = [row * latentSize, (row + 1) * latentSize];
    return angleBetween(encoded.subarray(start, end), storedEncoded.subarray(start, end));
  });
  return {
    // Values are in [-1, 1].
    images: summarize(images.map((value, index) => Math.abs(value - storedImages[index]!) / 2)),
    angles: summarize(angles),
  };
}

const summarize = (values: Float32Array): Difference => ({
  mean: meanOf(values),
  max: values.reduce((max, value) => Math.max(max, value), 0),
});

/** In degrees, by the chord between directions, because a cosine near 1 has no digits left. */
function angleBetween(a: Float32Array, b: Float32Array) {
  const [lengthOfA, lengthOfB] = [Math.hypot(...a), Math.hypot(...b)];
  const chord = Math.hypot(...Array.from(a, (value, index) => value / lengthOfA - b[index]! / lengthOfB));
  return (2 * Math.asin(Math.min(1, chord / 2)) * 180) / Math.PI;
}
