import { drawAcrossClasses, gatherImages, labelingOf, type Split } from '../data/source.js';
import { drawSampleCodes } from '../density/codeDensity.js';
import { sizeOf } from '../engine/index.js';
import { imageGrid, pairGrid } from '../images/imageGrid.js';
import type { Raster } from '../images/raster.js';
import { refineImages } from '../model/refinement.js';
import { imagesOf } from '../model/sampling.js';
import type { TrainedModel } from '../model/trainedModel.js';
import type { Condition, ConditionedImages } from '../networks/network.js';
import { randomStream } from '../random.js';

/** At most; rows are complete. */
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

/** Shows the same test images every time, and before a density is fitted the same codes of the prior. */
export class Previews {
  private originals: ConditionedImages | undefined;

  constructor(
    private readonly seed: number,
    private readonly test: Split,
  ) {}

  async draw(model: TrainedModel): Promise<Preview> {
    const { latentSize, imageElements } = model;
    this.originals ??= await shownOriginals(this.test, imageElements, CODES);
    const { x } = this.originals;
    const data = await model.encode({ x, y: model.condition?.of(this.originals) });
    return {
      samples: await sampleGrid(model, this.seed, this.originals),
      reconstructions: await reconstructionGrid(model, this.originals),
      codes: { shape: [data.length / latentSize, latentSize], data },
    };
  }
}

/** Columns for conditions of which there are more than `MOST_COLUMNS`. */
const [MOST_COLUMNS, COLUMNS] = [16, 8];

/**
 * Shows up to 64 samples. Of conditional models, columns have the conditions of images, if there are any.
 * @param seed of the run
 */
export async function sampleGrid(model: TrainedModel, seed: number, originals = NO_IMAGES) {
  const { condition } = model;
  const conditions = condition?.shape.length === 1 ? condition.shape[0]! : Infinity;
  const columns = conditions > MOST_COLUMNS ? COLUMNS : conditions;
  const count = SAMPLES - (SAMPLES % columns);
  const shown = firstOf(originals, model, columns);
  const y = shown.x.length > 0 && condition ? inColumns(condition.of(shown), condition, columns, count) : undefined;
  const z = drawSampleCodes(model, count, randomStream(seed, 'preview codes'), y);
  const x = await model.generateSamples({ z, y });
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
