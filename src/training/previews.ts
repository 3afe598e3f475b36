import { drawCodes } from '../age/prior.js';
import { firstImages, type Split } from '../data/source.js';
import type { Compile } from '../engine/index.js';
import { imageGrid, pairGrid, squareColumns } from '../images/imageGrid.js';
import type { Raster } from '../images/raster.js';
import { imagesOf } from '../model/sampling.js';
import { TrainedModel } from '../model/trainedModel.js';
import { randomStream } from '../random.js';
import { type Configuration, iterationSpec } from './configuration.js';
import { modelWeights, type TrainingVectors } from './trainer.js';

const SAMPLES = 64;
const PAIRS = 32;
const PAIRS_PER_ROW = 4;

/** Draws the previews of a run: image grids of the same latent samples and the same test images every time. */
export class Previews {
  private readonly model: TrainedModel;
  private readonly codes: Float32Array;
  private originals: Uint8Array | undefined;

  constructor(
    configuration: Configuration,
    private readonly test: Split,
    vectors: TrainingVectors,
    compile: Compile,
  ) {
    const { pair, objective } = iterationSpec(configuration);
    this.model = TrainedModel.of(pair, objective.prior, modelWeights(vectors), compile);
    this.codes = drawCodes(objective.prior, SAMPLES, configuration.latent, randomStream(configuration.seed, 'preview codes'));
  }

  /** Draws samples, and test images next to their reconstructions, with the EMA weights if there are any. */
  async draw(vectors: TrainingVectors): Promise<{ readonly samples: Raster; readonly reconstructions: Raster }> {
    const model = this.model.withWeights(modelWeights(vectors));
    const samples = imagesOf(model, await model.generate(this.codes));
    const originals = (this.originals ??= await this.readOriginals());
    const reconstructions = imagesOf(model, await model.decode(await model.encode(originals)));
    return {
      samples: imageGrid(samples, squareColumns(SAMPLES)),
      reconstructions: pairGrid(imagesOf(model, originals), reconstructions, PAIRS_PER_ROW),
    };
  }

  release(): Promise<void> {
    return this.model.release();
  }

  /** Returns the first test images, once they are decoded. */
  private async readOriginals(): Promise<Uint8Array> {
    await this.test.prepare?.(Array.from({ length: Math.min(PAIRS, this.test.count) }, (_, index) => index));
    return firstImages(this.test, PAIRS, this.model.imageElements);
  }
}
