import type { Prior } from '../age/prior.js';
import type { CodeDensity } from '../density/codeDensity.js';
import type { Codes, CodesAtDistance, ImageBytes } from '../model/trainedModel.js';
import { conditionOf } from '../conditions/condition.js';
import type { Condition, ModelWeights } from '../networks/network.js';
import type { Configuration } from '../training/configuration.js';
import type { ModelAnswer, ModelRequest, ModelSource } from './modelWorker.js';
import { type PageWorker, Requests } from './requests.js';

/**
 * A trained model in a worker that calls `serveModel`. Codes are [N, M], given images bytes [N, C, H, W], returned
 * ones values in [-1, 1].
 * @example
 * const model = await WorkerModel.load(new Worker('model.js', { type: 'module' }), { checkpoint });
 * const z = drawSampleCodes(model, 16, randomStream(0, 'samples'));
 * const samples = await model.generateSamples({ z });
 */
export class WorkerModel {
  private constructor(
    private readonly requests: Requests<ModelRequest, ModelAnswer>,
    readonly configuration: Configuration,
    private fitted: CodeDensity | undefined,
  ) {}

  /**
   * Loads a model.
   * @throws {InputError} if the checkpoint is damaged or of another version
   */
  static async load(worker: PageWorker, source: ModelSource) {
    const requests = new Requests<ModelRequest, ModelAnswer>(worker, 'model');
    const { configuration, density } = await requests.send({ type: 'load', source });
    return new WorkerModel(requests, configuration!, density);
  }

  /** Of codes of training images, if the checkpoint has one. */
  get density(): CodeDensity | undefined {
    return this.fitted;
  }

  get prior(): Prior {
    return this.configuration.prior;
  }

  /** Dimensions M of a code. */
  get latentSize(): number {
    return this.configuration.latent;
  }

  get condition(): Condition | undefined {
    return conditionOf(this.configuration);
  }

  /** Replaces the weights, for example by `PageTraining.readWeights`. */
  async replaceWeights(weights: ModelWeights) {
    // It describes codes of the weights before.
    this.fitted = undefined;
    await this.requests.send({ type: 'replace', weights });
  }

  /** Returns images of codes from `drawSampleCodes`. */
  generateSamples(inputs: Codes): Promise<Float32Array> {
    return this.density ? this.decode(inputs) : this.generate(inputs);
  }

  /** Returns images g(z) of samples of the prior. */
  generate(inputs: Codes): Promise<Float32Array> {
    return this.values({ type: 'generate', inputs });
  }

  /** Returns images of codes of images, or of codes at a distance (0 to 1) from them. */
  decode(inputs: CodesAtDistance): Promise<Float32Array> {
    return this.values({ type: 'decode', inputs });
  }

  /** Returns codes e(x). */
  encode(inputs: ImageBytes): Promise<Float32Array> {
    return this.values({ type: 'encode', inputs });
  }

  /** Ends the worker. */
  stop() {
    this.requests.stop();
  }

  private async values(request: ModelRequest) {
    return (await this.requests.send(request)).values!;
  }
}
