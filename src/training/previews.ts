import { drawCodes, type Prior } from '../age/prior.js';
import { drawAcrossClasses, gatherImages, labelingOf, type Split } from '../data/source.js';
import { type Compile, sizeOf } from '../engine/index.js';
import { imageGrid, pairGrid, squareColumns } from '../images/imageGrid.js';
import type { Raster } from '../images/raster.js';
import { refineImages } from '../model/refinement.js';
import { imagesOf } from '../model/sampling.js';
import { TrainedModel } from '../model/trainedModel.js';
import type { Condition, ConditionedImages } from '../networks/network.js';
import { randomStream } from '../random.js';
import { type Configuration, iterationSpec } from './configuration.js';
import { modelWeights, type TrainingVectors } from './trainer.js';

const SAMPLES = 64;
const PAIRS = 32;
const PAIRS_PER_ROW = 4;
/** Enough to show how codes fill the sphere. */
const CODES = 512;

export interface Preview {
  samples: Raster;
  reconstructions: Raster;
  /** Codes of test images [N, M]. */
  codes: { shape: readonly [count: number, latent: number]; data: Float32Array };
}

/** Shows the same codes and test images every time. */
export class Previews {
  private readonly model: TrainedModel;
  private readonly codes: Float32Array;
  private originals: ConditionedImages | undefined;

  constructor(
    configuration: Configuration,
    private readonly test: Split,
    vectors: TrainingVectors,
    compile: Compile,
  ) {
    const { pair, objective } = iterationSpec(configuration);
    this.model = TrainedModel.of(pair, objective.prior, modelWeights(vectors), compile);
    this.codes = previewCodes(objective.prior, configuration.latent, configuration.seed);
  }

  /** Uses the EMA weights if there are any. */
  async draw(vectors: TrainingVectors): Promise<Preview> {
    const model = this.model.withWeights(modelWeights(vectors));
    const { latentSize, imageElements } = model;
    this.originals ??= await shownOriginals(this.test, imageElements, CODES);
    const { x } = this.originals;
    const data = await model.encode({ x, y: model.condition?.of(this.originals) });
    return {
      samples: await sampleGrid(model, this.codes, this.originals),
      reconstructions: await reconstructionGrid(model, this.originals),
      codes: { shape: [data.length / latentSize, latentSize], data },
    };
  }

  release(): Promise<void> {
    return this.model.release();
  }
}

/** [64, M]. */
export const previewCodes = (prior: Prior, latentSize: number, seed: number): Float32Array =>
  drawCodes(prior, SAMPLES, latentSize, randomStream(seed, 'preview codes'));

const MOST_COLUMNS = 16;

/** Of conditional models, columns have the conditions of images, if there are any. */
export async function sampleGrid(model: TrainedModel, codes: Float32Array, originals = NO_IMAGES) {
  const { condition, latentSize } = model;
  const count = codes.length / latentSize;
  const columns = condition?.shape.length === 1 ? Math.min(condition.shape[0]!, MOST_COLUMNS) : squareColumns(count);
  const shown = firstOf(originals, model, columns);
  const y = shown.x.length > 0 && condition ? inColumns(condition.of(shown), condition, columns, count) : undefined;
  const x = await model.generate({ z: codes, y });
  return imageGrid(imagesOf(model, await refineImages(model, { x, y })), columns);
}

const NO_IMAGES: ConditionedImages = { x: new Uint8Array(0), labels: null };

/** Repeats conditions [n, ...shape] in each row of `columns` images. */
function inColumns(conditions: Float32Array, { shape }: Condition, columns: number, count: number) {
  const size = sizeOf(shape);
  const result = new Float32Array(count * size);
  for (let index = 0; index < count; index++) {
    const from = ((index % columns) * size) % conditions.length;
    result.set(conditions.subarray(from, from + size), index * size);
  }
  return result;
}

/** At most `count`. */
const firstOf = (images: ConditionedImages, { imageElements }: TrainedModel, count: number): ConditionedImages => ({
  x: images.x.subarray(0, count * imageElements),
  labels: images.labels && Array.from(images.labels).slice(0, count),
  ...(images.descriptions && { descriptions: images.descriptions.slice(0, count) }),
});

export async function reconstructionGrid(model: TrainedModel, originals: ConditionedImages): Promise<Raster> {
  const shown = firstOf(originals, model, PAIRS);
  const y = model.condition?.of(shown);
  const reconstructions = imagesOf(model, await model.decode({ z: await model.encode({ x: shown.x, y }), y }));
  return pairGrid(imagesOf(model, shown.x), reconstructions, PAIRS_PER_ROW);
}

/** Waits for images from all classes. A smaller count gives the first of them. */
export async function shownOriginals(split: Split, imageElements: number, count = PAIRS): Promise<ConditionedImages> {
  const indices = drawAcrossClasses(split, count);
  await split.prepare?.(indices);
  return { x: gatherImages(split, indices, imageElements), ...labelingOf(split, indices) };
}
