import { drawCodes } from '../age/prior.js';
import { inChunks, type Progress } from '../model/chunks.js';
import type { TrainedModel } from '../model/trainedModel.js';
import type { Split } from '../data/source.js';
import { fromBytes } from '../images/raster.js';
import { meanCosine } from '../numerics/features.js';
import { randomStream } from '../random.js';

/** Of pixels in [-1, 1]. */
export interface ReconstructionScores {
  /** Mean |g(e(x)) - x| over images and pixels. */
  reconstruction_l1: number;
  /** Mean (g(e(x)) - x)^2. */
  reconstruction_mse: number;
  /** Mean cosine of e(g(z)) with z over samples from the prior; 1 is perfect. */
  latent_cosine: number;
}

export interface ReconstructionScoring {
  /** Number of codes from the prior, and their seed. */
  draws?: number;
  seed?: number;
  /** Receives the number of scored images. */
  onProgress?: Progress | undefined;
}

/** Scores a model on all images of a split and on `draws` seeded codes from the prior. */
export async function scoreReconstruction(
  model: TrainedModel,
  split: Split,
  { draws = 2000, seed = 0, onProgress }: ReconstructionScoring = {},
): Promise<ReconstructionScores> {
  let [absolute, squared] = [0, 0];
  for (const { images } of inChunks(split, model.imageElements, undefined, onProgress)) {
    const originals = fromBytes(images);
    const reconstructions = await model.decode({ z: await model.encode({ x: images }) });
    for (let index = 0; index < originals.length; index++) {
      const difference = reconstructions[index]! - originals[index]!;
      absolute += Math.abs(difference);
      squared += difference * difference;
    }
  }
  const [pixels, width] = [split.count * model.imageElements, model.latentSize];
  const codes = drawCodes(model.prior, draws, width, randomStream(seed, 'evaluation codes'));
  const recovered = await model.encodeGenerated({ x: await model.generate({ z: codes }) });
  return {
    reconstruction_l1: absolute / pixels,
    reconstruction_mse: squared / pixels,
    latent_cosine: meanCosine({ data: codes, width }, { data: recovered, width }),
  };
}
