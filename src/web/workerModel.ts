/** A trained model in a worker of a page: the page's side. */
import type { Codes, CodesAtDistance, ImageBytes } from '../model/trainedModel.js';
import type { ModelWeights } from '../networks/network.js';
import type { Configuration } from '../training/configuration.js';
import type { ModelAnswer, ModelRequest, ModelSource } from './protocol.js';
import { type PageWorker, Requests } from './requests.js';

/**
 * A trained model in a worker that calls `serveModel`. Codes are [N, M]; images going in are bytes [N, C, H, W], those coming out values in
 * [-1, 1].
 * @example
 * const model = await WorkerModel.load(new Worker('model.js', { type: 'module' }), { checkpoint });
 * const z = drawCodes('sphere', 16, model.configuration.latent, randomStream(0, 'samples'));
 * const samples = await model.generate({ z });
 */
export class WorkerModel {
  private constructor(
    private readonly requests: Requests<ModelRequest, ModelAnswer>,
    /** The configuration that the model was trained with. */
    readonly configuration: Configuration,
  ) {}

  /**
   * Loads a model.
   * @throws {InputError} if the checkpoint is damaged or of another version
   */
  static async load(worker: PageWorker, source: ModelSource): Promise<WorkerModel> {
    const requests = new Requests<ModelRequest, ModelAnswer>(worker, 'model');
    const { configuration } = await requests.send({ type: 'load', source });
    return new WorkerModel(requests, configuration!);
  }

  /** Takes over other weights of the same networks, such as newer ones of a training (`PageTraining.readWeights`). */
  async replaceWeights(weights: ModelWeights): Promise<void> {
    await this.requests.send({ type: 'replace', weights });
  }

  /** g(z): samples of the prior to images. */
  generate(inputs: Codes): Promise<Float32Array> {
    return this.values({ type: 'generate', inputs });
  }

  /** g(c): codes of images, or codes at a distance (0 to 1) from those, to images. */
  decode(inputs: CodesAtDistance): Promise<Float32Array> {
    return this.values({ type: 'decode', inputs });
  }

  /** e(x): images to codes. */
  encode(inputs: ImageBytes): Promise<Float32Array> {
    return this.values({ type: 'encode', inputs });
  }

  /** Ends the worker. */
  stop(): void {
    this.requests.stop();
  }

  private async values(request: ModelRequest): Promise<Float32Array> {
    return (await this.requests.send(request)).values!;
  }
}
