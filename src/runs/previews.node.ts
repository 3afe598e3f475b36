import { drawCodes } from '../age/prior.js';
import { TrainedModel } from '../model/trainedModel.js';
import { firstImages, type Split } from '../data/source.js';
import { type ImageBatch, toBytes } from '../images/raster.js';
import { imageGrid, pairGrid, squareColumns } from '../images/imageGrid.js';
import type { Compile } from '../engine/index.js';
import { encodePng } from '../images/files.node.js';
import { randomStream } from '../random.js';
import { type Configuration, iterationSpec } from '../training/configuration.js';
import type { RunFolder } from './runFolder.node.js';
import { modelWeights, type TrainingVectors } from '../training/trainer.js';

const SAMPLES = 64;
const PAIRS = 32;
const PAIRS_PER_ROW = 4;

/** Draws the pictures of a run: samples of the same codes and reconstructions of the same test images every time. */
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

  /** Draws both pictures with the weights of an iteration; returns their paths. */
  async write(folder: RunFolder, step: number, vectors: TrainingVectors): Promise<{ readonly samples: string; readonly reconstructions: string }> {
    const model = this.model.withWeights(modelWeights(vectors));
    const samples = this.batchOf(toBytes(await model.generate(this.codes)));
    const originals = (this.originals ??= await this.readOriginals());
    const reconstructions = this.batchOf(toBytes(await model.decode(await model.encode(originals))));
    const pictures = {
      samples: imageGrid(samples, squareColumns(SAMPLES)),
      reconstructions: pairGrid(this.batchOf(originals), reconstructions, PAIRS_PER_ROW),
    };
    return {
      samples: await folder.writePicture('samples', step, await encodePng(pictures.samples)),
      reconstructions: await folder.writePicture('reconstructions', step, await encodePng(pictures.reconstructions)),
    };
  }

  release(): Promise<void> {
    return this.model.release();
  }

  /** The first test images, as soon as they can be had. */
  private async readOriginals(): Promise<Uint8Array> {
    await this.test.prepare?.(Array.from({ length: Math.min(PAIRS, this.test.count) }, (_, index) => index));
    return firstImages(this.test, PAIRS, this.model.imageElements);
  }

  private batchOf(data: Uint8Array): ImageBatch {
    const shape = this.model.pair.encoder.inputShape as [number, number, number];
    return { shape, count: data.length / this.model.imageElements, data };
  }
}
