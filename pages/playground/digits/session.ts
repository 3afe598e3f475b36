/** A worker that trains on the digits, and a worker that uses its weights at the same time. */
import { drawCodes } from '../../../src/age/prior.js';
import { toBytes } from '../../../src/images/raster.js';
import { randomStream } from '../../../src/random.js';
import type { WebDevice } from '../../../src/engine/runtime/web.js';
import type { Configuration } from '../../../src/training/configuration.js';
import { InputError } from '../../../src/errors.js';
import { PageTraining } from '../../../src/web/pageTraining.js';
import type { ModelSource } from '../../../src/web/modelWorker.js';
import { WorkerModel } from '../../../src/web/workerModel.js';
import { openWorker } from '../workers.js';
import { LENGTH } from './configuration.js';
import { DIGIT_SIZE, type Digits } from './data.js';

export const [SAMPLES, RECONSTRUCTIONS] = [48, 16];
const PIXELS = DIGIT_SIZE ** 2;

/** Images [1, 32, 32] in 0..1, after an iteration. */
export interface Preview {
  step: number;
  samples: readonly Float32Array[];
  /** Test digits, each before its reconstruction. */
  pairs: readonly Float32Array[];
}

export class DigitsSession {
  private model: WorkerModel | undefined;
  private isStopped = false;

  private constructor(
    readonly training: PageTraining,
    private readonly digits: Digits,
  ) {}

  /**
   * Compiles the iteration.
   * @param from a configuration for fresh weights, or the bytes of a checkpoint for gray images of 32x32
   */
  static async start(digits: Digits, from: Configuration | Uint8Array, device: WebDevice): Promise<DigitsSession> {
    const worker = openWorker('training');
    try {
      const what = from instanceof Uint8Array ? { checkpoint: from } : { configuration: from };
      const training = await PageTraining.start(worker, { images: digits.training, length: LENGTH, device, ...what });
      const { size, channels } = training.configuration;
      if (size !== DIGIT_SIZE || channels !== 1)
        throw new InputError('the checkpoint', `is of images of ${size}x${size}, but digits are gray images of 32x32`);
      return new DigitsSession(training, digits);
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
    const codes = drawCodes(configuration.prior, SAMPLES, configuration.latent, randomStream(0, 'samples'));
    const { model } = this;
    const reconstruct = async (x: Uint8Array) => imagesOf(await model.decode({ z: await model.encode({ x }) }));
    // Refined once, as elsewhere.
    const samples = await reconstruct(toBytes(await model.generate({ z: codes })));
    const originals = this.digits.test.subarray(0, RECONSTRUCTIONS * PIXELS);
    const pairs = (await reconstruct(originals)).flatMap((image, index) => [
      Float32Array.from(originals.subarray(index * PIXELS, (index + 1) * PIXELS), (byte) => byte / 255),
      image,
    ]);
    return { step, samples, pairs };
  }

  stop(): void {
    this.isStopped = true;
    this.training.stop();
    this.model?.stop();
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

/** Splits values in [-1, 1] into images in 0..1. */
const imagesOf = (values: Float32Array): Float32Array[] =>
  Array.from({ length: values.length / PIXELS }, (_, index) =>
    values.slice(index * PIXELS, (index + 1) * PIXELS).map((value) => (value + 1) / 2),
  );
