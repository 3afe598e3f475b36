import { EpochSampler } from '../data/batches.js';
import { gatherImages, labelingOf, type Split } from '../data/source.js';
import { type CodeDensity, summarize, summarySize } from '../density/codeDensity.js';
import { fitDensity, type FittedCodes } from '../density/fitDensity.js';
import type { TrainedModel } from '../model/trainedModel.js';
import { sizeOf } from '../engine/index.js';
import type { Condition, ConditionedImages } from '../networks/network.js';
import { type RandomStream, randomStream } from '../random.js';
import type { Configuration } from './configuration.js';

/** With a third of them, classes are found in fewer samples (docs/conditions.md). */
const IMAGES = 30_000;
const CHUNK = 1000;

/**
 * Fits a density to codes of the images that training saw first, with conditions as in training. Those of a folder have
 * been decoded by then.
 * @param step iterations done
 * @param most images (default: 30,000)
 * @returns undefined before the first iteration, and of weights that diverge
 */
export async function fitCodeDensity(
  model: TrainedModel,
  split: Split,
  { batch, seed }: Configuration,
  step: number,
  most = IMAGES,
): Promise<CodeDensity | undefined> {
  const indices = firstImages(new EpochSampler(split.count, batch, seed), Math.min(most, step * batch));
  if (indices.length < 2) return undefined;
  const encoded = await encodeImages(model, split, indices, seed);
  // Weights that diverge have no finite codes.
  const all = [encoded.codes, ...(encoded.unconditional ? [encoded.unconditional.codes] : [])];
  return all.every(({ data }) => data.every(Number.isFinite)) ? fitDensity(encoded) : undefined;
}

async function encodeImages(
  model: TrainedModel,
  split: Split,
  indices: readonly number[],
  seed: number,
): Promise<FittedCodes> {
  const { latentSize: width, condition } = model;
  const rowsOf = (columns: number) => ({ data: new Float32Array(indices.length * columns), width: columns });
  const codes = rowsOf(width);
  const summaries = condition && rowsOf(summarySize(condition));
  const unconditional = condition?.parts && {
    codes: rowsOf(width),
    conditions: rowsOf(sizeOf(condition.shape)),
  };
  for (let first = 0; first < indices.length; first += CHUNK) {
    const part = indices.slice(first, first + CHUNK);
    await split.prepare?.(Uint32Array.from(part));
    const images = { x: gatherImages(split, part, model.imageElements), ...labelingOf(split, part) };
    const put = ({ data, width: columns }: ReturnType<typeof rowsOf>, rows: Float32Array) =>
      data.set(rows, first * columns);
    const y = condition && conditionsOf(condition, images, randomStream(seed, 'conditions of the density', first));
    put(codes, await model.encode({ x: images.x, y }));
    if (condition && y && summaries) put(summaries, summarize(condition, y));
    if (condition && unconditional) {
      put(unconditional.codes, await model.encode({ x: images.x }));
      put(unconditional.conditions, condition.of(images));
    }
  }
  return { codes, prior: model.prior, summaries, parts: condition?.parts, unconditional };
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
