import type { ModelWeights } from '../networks/network.js';
import type { Configuration } from '../training/configuration.js';
import type { IterationReport } from '../training/trainer.js';
import { type PageWorker, Requests } from './requests.js';
import type { TrainingAnswer, TrainingProgress, TrainingRequest, TrainingStart } from './trainingWorker.js';

/**
 * Trains in a worker that calls `serveTraining`.
 * @example
 * const training = await PageTraining.start(new Worker('training.js', { type: 'module' }), { configuration, images });
 * training.onReport = ({ step, scalars }) => console.log(step, scalars['encoder.match_x']);
 * await training.run();
 */
export class PageTraining {
  /** Receives reports while training runs. */
  onReport: (report: IterationReport) => void = () => undefined;
  private trained: Configuration | undefined;
  private current: TrainingProgress = { step: 0, totalSteps: 0 };
  private readonly requests: Requests<TrainingRequest, TrainingAnswer, IterationReport>;

  private constructor(worker: PageWorker) {
    this.requests = new Requests(worker, 'training', (report: IterationReport) => {
      this.current = { ...this.current, step: report.step };
      this.onReport(report);
    });
  }

  /**
   * Compiles an iteration in a worker.
   * @throws {InputError} if the device cannot be used, or the checkpoint does not fit
   */
  static async start(worker: PageWorker, start: TrainingStart) {
    const training = new PageTraining(worker);
    training.trained = (await training.request({ type: 'start', start })).configuration;
    return training;
  }

  get configuration(): Configuration {
    return this.trained!;
  }

  /** As of the last answer or report. */
  get progress(): TrainingProgress {
    return this.current;
  }

  /**
   * Trains to the end, or until `pause` or another request.
   * @param reportEvery iterations between two reports (default: 1)
   */
  async run(reportEvery = 1): Promise<TrainingProgress> {
    return (await this.request({ type: 'run', reportEvery })).progress;
  }

  /** Ends a run after its current iteration. */
  async pause(): Promise<TrainingProgress> {
    return (await this.request({ type: 'pause' })).progress;
  }

  /** Trains one iteration; undefined if none is left. */
  async step(): Promise<IterationReport | undefined> {
    return (await this.request({ type: 'step' })).report;
  }

  /** Returns the weights after the last iteration, of the EMA if there is one. A run continues. */
  async readWeights(): Promise<ModelWeights> {
    return (await this.request({ type: 'weights' })).weights!;
  }

  /**
   * Returns the bytes of a checkpoint. Pauses a run.
   * @param options what it contains
   * @param options.density whether it has a density of codes, from which models draw samples, which takes seconds to
   * fit (default: false)
   */
  async exportCheckpoint({ density = false } = {}): Promise<Uint8Array> {
    return (await this.request({ type: 'export', density })).checkpoint!;
  }

  /**
   * Continues from a checkpoint. Pauses a run.
   * @throws {InputError} if it is damaged, or of another configuration
   */
  async importCheckpoint(checkpoint: Uint8Array): Promise<TrainingProgress> {
    return (await this.request({ type: 'import', checkpoint })).progress;
  }

  /** Ends the worker. What was not exported is lost. */
  stop() {
    this.requests.stop();
  }

  private async request(request: TrainingRequest) {
    const answer = await this.requests.send(request);
    this.current = answer.progress;
    return answer;
  }
}
