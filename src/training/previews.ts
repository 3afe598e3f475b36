import { drawCodes, type Prior } from '../age/prior.js';
import { drawAcrossClasses, gatherImages, type Split } from '../data/source.js';
import type { Compile } from '../engine/index.js';
import { imageGrid, pairGrid, squareColumns } from '../images/imageGrid.js';
import type { Raster } from '../images/raster.js';
import { type Label, oneHot } from '../model/conditions.js';
import { refineImages } from '../model/refinement.js';
import { imagesOf } from '../model/sampling.js';
import { TrainedModel } from '../model/trainedModel.js';
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
  private originals: ShownImages | undefined;

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
    const { images: x, labels } = this.originals;
    const data = await model.encode({ x, y: oneHot(labels, model.conditionSize) });
    return {
      samples: await sampleGrid(model, this.codes),
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

/** Samples of conditional models have a class per column. */
export async function sampleGrid(model: TrainedModel, codes: Float32Array): Promise<Raster> {
  const { conditionSize, latentSize } = model;
  const count = codes.length / latentSize;
  const columns = conditionSize > 0 ? Math.min(conditionSize, MOST_COLUMNS) : squareColumns(count);
  const labels = Array.from({ length: count }, (_, index) => (conditionSize > 0 ? index % columns : null));
  const y = oneHot(labels, conditionSize);
  const x = await model.generate({ z: codes, y });
  return imageGrid(imagesOf(model, await refineImages(model, { x, y })), columns);
}

const MOST_COLUMNS = 16;

export async function reconstructionGrid(model: TrainedModel, { images, labels }: ShownImages): Promise<Raster> {
  const x = images.subarray(0, PAIRS * model.imageElements);
  const y = oneHot(labels.slice(0, PAIRS), model.conditionSize);
  const reconstructions = imagesOf(model, await model.decode({ z: await model.encode({ x, y }), y }));
  return pairGrid(imagesOf(model, x), reconstructions, PAIRS_PER_ROW);
}

/** Bytes [N, C, H, W], with their classes if the data has any. */
interface ShownImages {
  images: Uint8Array;
  labels: readonly Label[];
}

/** Waits for images from all classes. A smaller count gives the first of them. */
export async function shownOriginals(split: Split, imageElements: number, count = PAIRS): Promise<ShownImages> {
  const indices = drawAcrossClasses(split, count);
  await split.prepare?.(indices);
  return {
    images: gatherImages(split, indices, imageElements),
    labels: indices.map((index) => split.labels?.[index] ?? null),
  };
}
