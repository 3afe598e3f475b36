/** Differences between a model and the same model with weights in fewer bits. */
import { drawCodes } from '../age/prior.js';
import { toBytes } from '../images/raster.js';
import type { TrainedModel } from '../model/trainedModel.js';
import { randomStream } from '../random.js';

/** Mean and largest difference between two results. */
export interface Difference {
  readonly mean: number;
  readonly max: number;
}

/** The cost of storing weights with fewer bits. */
export interface PrecisionCost {
  /** Differences of pixels in 0..1, for images of the same latent samples. */
  readonly images: Difference;
  /** Angles between codes of the same images, in degrees. */
  readonly angles: Difference;
  /** FID with float32 and with the stored weights, if it was measured. */
  readonly fid?: {
    readonly float32: number;
    readonly stored: number;
    readonly samples: number;
    readonly images: number;
    readonly extractor: string;
  };
}

/** Latent samples on which models are compared. */
const SAMPLES = 500;

/** Compares the outputs of two models of the same networks. */
export async function compareOutputs(model: TrainedModel, stored: TrainedModel): Promise<PrecisionCost> {
  const { prior, latentSize } = model;
  const codes = drawCodes(prior, SAMPLES, latentSize, randomStream(0, 'comparison of precisions'));
  const [images, storedImages] = [await model.generate({ z: codes }), await stored.generate({ z: codes })];
  const pixels = toBytes(images);
  const [encoded, storedEncoded] = [await model.encode({ x: pixels }), await stored.encode({ x: pixels })];
  return {
    // Values are in [-1, 1].
    images: summarize(images.map((value, index) => Math.abs(value - storedImages[index]!) / 2)),
    angles: summarize(
      Float64Array.from({ length: SAMPLES }, (_, row) =>
        angleBetween(
          encoded.subarray(row * latentSize, (row + 1) * latentSize),
          storedEncoded.subarray(row * latentSize, (row + 1) * latentSize),
        ),
      ),
    ),
  };
}

function summarize(values: Float32Array | Float64Array): Difference {
  let [sum, max] = [0, 0];
  for (const value of values) {
    sum += value;
    max = Math.max(max, value);
  }
  return { mean: sum / values.length, max };
}

/** Returns the angle between two vectors in degrees, from the chord between their directions: a cosine near 1 has no digits left. */
function angleBetween(a: Float32Array, b: Float32Array): number {
  const [lengthOfA, lengthOfB] = [Math.hypot(...a), Math.hypot(...b)];
  const chord = Math.hypot(...Array.from(a, (value, index) => value / lengthOfA - b[index]! / lengthOfB));
  return (2 * Math.asin(Math.min(1, chord / 2)) * 180) / Math.PI;
}
