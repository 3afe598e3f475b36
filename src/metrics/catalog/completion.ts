import { drawSampleCodes } from '../../density/codeDensity.js';
import { gatherImages } from '../../data/source.js';
import { graphOf, input } from '../../engine/index.js';
import { fromBytes } from '../../images/raster.js';
import { drawnIndices, inChunks } from '../../model/chunks.js';
import { noiseOfSample, refineImages } from '../../model/refinement.js';
import { repeated } from '../../numerics/features.js';
import { runInBatches } from '../../model/trainedModel.js';
import { randomStream } from '../../random.js';
import type { EvaluationContext } from '../evaluationContext.js';
import type { ContextEntry } from '../metric.js';
import { imageSimilarity } from './reconstruction.js';

const isDefinedFor = ({ condition = '' }: { condition?: string }) => /^(gray|mask|small:)/.test(condition);

/** What models that are conditioned on pictures make of the part that these do not show. */
export const completion: ContextEntry = {
  group: 'reconstruction',
  dependsOn: ['images', 'imageCount', 'refinement'],
  metrics: {
    completion_l1: {
      meaning: 'mean absolute difference of x and g(z, y), for the part y of x that the model is shown and a random z',
      better: 'lower',
      range: '0 or more; pixels are in [-1, 1]',
      goodValue: 'as for reconstruction_l1, if y leaves nothing open',
      reference: 'mean over all pixels, also the known ones, of up to 2,000 images',
      isDefinedFor,
    },
    completion_l1_relative: {
      meaning: 'completion_l1, divided by that of the mean training image, into which y is put as into samples',
      better: 'lower',
      range: '0 or more',
      goodValue: '1 means no better than the mean image, for example because the model ignores y',
      reference: 'the mean of up to 2,000 training images',
      isDefinedFor,
    },
    completion_ssim: {
      meaning: 'structural similarity of x and g(z, y)',
      better: 'higher',
      range: '-1 to 1',
      goodValue: '1 is exact',
      reference: 'as for ssim',
      isDefinedFor,
    },
    completion_diversity: {
      meaning: 'mean absolute difference of g(z, y) for two random z and the same y',
      better: 'none',
      range: '0 or more',
      goodValue:
        '0 means that z has no effect; the completions of an image that has many differ by more than completion_l1',
      reference: 'mean over all pixels of up to 2,000 images',
      isDefinedFor,
    },
  },
  needs: [],
  compute: async (context) => {
    const { model } = context.subject;
    if (model.condition?.complete === undefined) return { metrics: {} };
    const { shape } = context;
    const rows = drawnIndices({ count: context.indices.length }, MOST_IMAGES, context.subject.seed);
    const sums = { completion_l1: 0, ofMean: 0, completion_ssim: 0, completion_diversity: 0 };
    const completedMean = await meanCompletion(context);
    for (let first = 0; first < rows.length; first += AT_A_TIME) {
      const chunk = rows.subarray(first, first + AT_A_TIME);
      const share = chunk.length / rows.length;
      const originals = { shape, data: originalsOf(context, chunk) };
      const y = context.conditionsOf(chunk)!;
      const [completed, other] = [
        await completions(context, y, first, 'first'),
        await completions(context, y, first, 'second'),
      ];
      const { l1, ssim } = imageSimilarity({ shape, data: completed }, originals);
      sums.completion_l1 += share * l1;
      sums.completion_ssim += share * ssim;
      sums.completion_diversity += share * imageSimilarity({ shape, data: completed }, { shape, data: other }).l1;
      sums.ofMean += share * imageSimilarity({ shape, data: await completedMean.of(y) }, originals).l1;
    }
    await completedMean.release();
    const { ofMean, ...metrics } = sums;
    return { metrics: { ...metrics, completion_l1_relative: metrics.completion_l1 / ofMean } };
  },
};

const MOST_IMAGES = 2000;
const AT_A_TIME = 500;

function originalsOf({ subject: { model, source, split }, indices }: EvaluationContext, rows: Uint32Array) {
  const images = rows.map((row) => indices[row]!);
  return fromBytes(gatherImages(source[split], images, model.imageElements));
}

/** Of random codes, refined as samples are. */
async function completions({ subject }: EvaluationContext, y: Float32Array, first: number, which: string) {
  const { model, seed } = subject;
  const count = y.length / model.conditionElements;
  const z = drawSampleCodes(model, count, randomStream(seed, `${which} completions`, first), y);
  const noiseOf = (index: number) => noiseOfSample(seed, first + index);
  return refineImages(model, { x: await model.generateSamples({ z, y }), y }, subject, noiseOf);
}

function meanTrainingImage({ subject: { model, source, seed } }: EvaluationContext) {
  const indices = drawnIndices(source.train, MOST_IMAGES, seed);
  const mean = new Float32Array(model.imageElements);
  for (const { images } of inChunks(source.train, model.imageElements, indices)) {
    const values = fromBytes(images);
    for (let index = 0; index < values.length; index++) mean[index % mean.length]! += values[index]! / indices.length;
  }
  return mean;
}

/** Puts what conditions show into the mean training image. */
async function meanCompletion(context: EvaluationContext) {
  const { model, compile } = context.subject;
  const { complete, shape } = model.condition!;
  const [x, condition] = [input('x', [AT_A_TIME, ...model.pair.encoder.inputShape]), input('y', [AT_A_TIME, ...shape])];
  const program = await compile(graphOf({ result: complete!(x, condition) }));
  const mean = meanTrainingImage(context);
  return {
    of: async (y: Float32Array) => {
      const count = y.length / model.conditionElements;
      const options = { feeds: {}, items: { x: repeated(mean, count), y }, count, batch: AT_A_TIME };
      return (await runInBatches(program, { ...options, widths: { result: mean.length } })).result;
    },
    release: () => program.release(),
  };
}
