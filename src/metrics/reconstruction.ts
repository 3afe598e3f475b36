import { drawCodes } from '../age/prior.js';
import { allIndices, inChunks, type Progress } from '../model/chunks.js';
import { conditionsIn } from '../model/imageConditions.js';
import type { TrainedModel } from '../model/trainedModel.js';
import type { Split } from '../data/source.js';
import { fromBytes } from '../images/raster.js';
import { meanCosine } from '../numerics/features.js';
import { randomStream } from '../random.js';

/** A multiple of the batch of programs, so that nothing is padded. */
const DRAWS_AT_A_TIME = 500;

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

/**
 * Scores a model on all images of a split and on `draws` seeded codes from the prior. Conditions are those of the images.
 */
export async function scoreReconstruction(
  model: TrainedModel,
  split: Split,
  { draws = 2000, seed = 0, onProgress }: ReconstructionScoring = {},
): Promise<ReconstructionScores> {
  let [absolute, squared] = [0, 0];
  const all = allIndices(split.count);
  for (const { images, first } of inChunks(split, model.imageElements, undefined, onProgress)) {
    const originals = fromBytes(images);
    const count = images.length / model.imageElements;
    const y = conditionsIn(model, split, all.subarray(first, first + count));
    const reconstructions = await model.decode({ z: await model.encode({ x: images, y }), y });
    for (let index = 0; index < originals.length; index++) {
      const difference = reconstructions[index]! - originals[index]!;
      absolute += Math.abs(difference);
      squared += difference * difference;
    }
  }
  const [pixels, width] = [split.count * model.imageElements, model.latentSize];
  const codes = drawCodes(model.prior, draws, width, randomStream(seed, 'evaluation codes'));
  const recovered = new Float32Array(codes.length);
  for (let first = 0; first < draws; first += DRAWS_AT_A_TIME) {
    const z = codes.subarray(first * width, (first + DRAWS_AT_A_TIME) * width);
    const indices = Uint32Array.from({ length: z.length / width }, (_, index) => (first + index) % split.count);
    const y = conditionsIn(model, split, indices);
    recovered.set(await model.encodeGenerated({ x: await model.generate({ z, y }), y }), first * width);
  }
  return {
    reconstruction_l1: absolute / pixels,
    reconstruction_mse: squared / pixels,
    latent_cosine: meanCosine({ data: codes, width }, { data: recovered, width }),
  };
}
