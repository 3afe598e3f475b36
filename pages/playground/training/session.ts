/** A worker that trains on images, and a worker that uses its weights at the same time. */
import { drawCodes } from '../../../src/age/prior.js';
import { oneHot } from '../../../src/conditions/classes.js';
import { toBytes } from '../../../src/images/raster.js';
import { randomStream } from '../../../src/random.js';
import type { WebDevice } from '../../../src/engine/runtime/web.js';
import type { OpenConfiguration } from '../../../src/training/settings.js';
import { InputError } from '../../../src/errors.js';
import { PageTraining } from '../../../src/web/pageTraining.js';
import type { ModelSource } from '../../../src/web/modelWorker.js';
import { WorkerModel } from '../../../src/web/workerModel.js';
import { openWorker } from '../workers.js';
import { LENGTH, type TrainingImages } from './images.js';

export const [SAMPLES, RECONSTRUCTIONS] = [48, 24];
/** Of a row of samples. */
const COLUMNS = 8;
/** Other classes have no samples. */
const MAX_CLASSES = 10;

/** New weights, a checkpoint to continue, or a checkpoint whose weights another configuration takes over. */
export type SessionStart =
  { configuration: OpenConfiguration; checkpoint?: Uint8Array } | { configuration?: undefined; checkpoint: Uint8Array };

/** Images [C, H, W] in 0..1, after an iteration. */
export interface Preview {
  step: number;
  samples: readonly Float32Array[];
  /** Of equal parts of the samples, in a model of classes. */
  classes: readonly string[];
  /** Of the test images. */
  reconstructions: readonly Float32Array[];
}

export class ImageSession {
  private model: WorkerModel | undefined;
  private isStopped = false;

  private constructor(
    readonly training: PageTraining,
    private readonly images: TrainingImages,
  ) {}

  /**
   * Compiles the iteration.
   * @throws {InputError} if a checkpoint is damaged, or of images of another shape
   */
  static async start(images: TrainingImages, start: SessionStart, device: WebDevice): Promise<ImageSession> {
    const worker = openWorker('training');
    try {
      const training = await PageTraining.start(worker, {
        images: images.training,
        labels: images.classes?.training,
        length: LENGTH,
        device,
        ...start,
      });
      const { size, channels } = training.configuration;
      const [expected, side] = images.shape;
      if (size !== side || channels !== expected)
        throw new InputError(
          'the checkpoint',
          `is of ${kindOf(channels)} images of ${size}x${size}, but these are ${kindOf(expected)} images of ${side}x${side}`,
        );
      return new ImageSession(training, images);
    } catch (error) {
      worker.terminate();
      throw error;
    }
  }

  /** Computes samples and reconstructions with the current weights, during training. */
  async preview(): Promise<Preview> {
    const { configuration } = this.training;
    const weights = await this.training.readWeights();
    const { step } = this.training.progress;
    if (this.model) await this.model.replaceWeights(weights);
    else this.model = await this.loadModel({ configuration, weights });
    const { model } = this;
    const pixels = this.pixels;
    const reconstruct = async (x: Uint8Array, y: Float32Array | undefined) =>
      imagesOf(await model.decode({ z: await model.encode({ x, y }), y }), pixels);
    const { z, y, shown } = this.sampleInputs();
    // Refined once, as elsewhere.
    const samples = await reconstruct(toBytes(await model.generate({ z, y })), y);
    const test = this.images.test.subarray(0, RECONSTRUCTIONS * pixels);
    const labels = this.images.classes?.test.subarray(0, test.length / pixels);
    const { length } = configuration.classes;
    const reconstructions = await reconstruct(test, length > 0 && labels ? oneHot(labels, length) : undefined);
    return { step, samples, classes: shown, reconstructions };
  }

  stop(): void {
    this.isStopped = true;
    this.training.stop();
    this.model?.stop();
  }

  /** The same codes each time. In a model of classes, each class has rows of the same codes. */
  private sampleInputs() {
    const { prior, latent, classes } = this.training.configuration;
    const shown = classes.slice(0, MAX_CLASSES);
    const stream = randomStream(0, 'samples');
    if (shown.length === 0) return { z: drawCodes(prior, SAMPLES, latent, stream), y: undefined, shown };
    const count = COLUMNS * Math.max(1, Math.floor(SAMPLES / COLUMNS / shown.length));
    const codes = drawCodes(prior, count, latent, stream);
    const labels = shown.flatMap((_, label) => Array<number>(count).fill(label));
    return { z: Float32Array.from(shown.flatMap(() => [...codes])), y: oneHot(labels, classes.length), shown };
  }

  private get pixels(): number {
    return this.images.shape.reduce((product, side) => product * side);
  }

  private async loadModel(source: ModelSource): Promise<WorkerModel> {
    const worker = openWorker('model');
    try {
      const model = await WorkerModel.load(worker, source);
      if (this.isStopped) model.stop();
      return model;
    } catch (error) {
      worker.terminate();
      throw error;
    }
  }
}

const kindOf = (channels: number): string => (channels === 1 ? 'gray' : 'color');

/** Splits values in [-1, 1] into images in 0..1. */
const imagesOf = (values: Float32Array, pixels: number): Float32Array[] =>
  Array.from({ length: values.length / pixels }, (_, index) =>
    values.slice(index * pixels, (index + 1) * pixels).map((value) => (value + 1) / 2),
  );
