import { EpochSampler } from '../data/batches.js';
import { gatherImages, labelingOf, type Split } from '../data/source.js';
import { type CodeDensity, summarize, summarySize } from '../density/codeDensity.js';
import { fitDensity } from '../density/fitDensity.js';
import type { TrainedModel } from '../model/trainedModel.js';
import { sizeOf } from '../engine/index.js';
import type { Condition, ConditionedImages } from '../networks/network.js';
import { type RandomStream, randomStream } from '../random.js';
import type { Configuration } from './configuration.js';

const MAX_IMAGES = 10_000;
const CHUNK = 1000;

/**
 * Fits a density to codes of the images that training saw first, up to 10,000 of them, with conditions as in training.
 * Those of a folder have been decoded by then.
 * @param step iterations done
 * @returns undefined before the first iteration, and of weights that diverge
 */
export async function fitCodeDensity(
  model: TrainedModel,
  split: Split,
  { batch, seed }: Configuration,
  step: number,
): Promise<CodeDensity | undefined> {
  const indices = firstImages(new EpochSampler(split.count, batch, seed), Math.min(MAX_IMAGES, step * batch));
  if (indices.length < 2) return undefined;
  const [width, numbers] = [model.latentSize, summarySize(model.condition)];
  const codes = new Float32Array(indices.length * width);
  const summaries = new Float32Array(indices.length * numbers);
  for (let first = 0; first < indices.length; first += CHUNK) {
    const part = indices.slice(first, first + CHUNK);
    await split.prepare?.(Uint32Array.from(part));
    const x = gatherImages(split, part, model.imageElements);
    const stream = randomStream(seed, 'conditions of the density', first);
    const y = model.condition && conditionsOf(model.condition, { x, ...labelingOf(split, part) }, stream);
    codes.set(await model.encode({ x, y }), first * width);
    if (model.condition && y) summaries.set(summarize(model.condition, y), first * numbers);
  }
  // Weights that diverge have no finite codes.
  if (!codes.every(Number.isFinite)) return undefined;
  return fitDensity({
    codes: { data: codes, width },
    ...(numbers > 0 && { summaries: { data: summaries, width: numbers } }),
  });
}

/** One in so many images is encoded without a condition, so that samples can be drawn without one too. */
const UNKNOWN_EVERY = 5;

/** Numbers are known completely, because the density is linear in what is known. Pictures are drawn as in training. */
function conditionsOf(condition: Condition, images: ConditionedImages, stream: RandomStream): Float32Array {
  if (condition.shape.length > 1) return condition.of(images, stream);
  const width = sizeOf(condition.shape);
  return condition.of(images).map((value, at) => (Math.floor(at / width) % UNKNOWN_EVERY === 0 ? 0 : value));
}

function firstImages(sampler: EpochSampler, count: number) {
  const batches = Math.min(sampler.batchesPerEpoch, Math.ceil(count / sampler.indicesOf(0).length));
  return Array.from({ length: batches }, (_, number) => [...sampler.indicesOf(number)])
    .flat()
    .slice(0, count);
}
