/** Training in a worker of a page: the page's side. */
import { InputError } from '../errors.js';
import type { IterationReport } from '../training/trainer.js';
import type { Reply, Request, TrainingProgress, TrainingStart } from './protocol.js';

/** What a `Worker` has. */
export interface TrainingWorker {
  addEventListener(type: 'message' | 'error', listener: (event: { readonly data?: unknown; readonly message?: string }) => void): void;
  postMessage(message: unknown): void;
  terminate(): void;
}

interface Waiting {
  readonly resolve: (answer: Extract<Reply, { type: 'answer' }>) => void;
  readonly reject: (error: Error) => void;
}

/**
 * A training in a worker that calls `serveTraining`.
 * @example
 * const training = await PageTraining.start(new Worker('training.js', { type: 'module' }), { configuration, images });
 * training.onReport = ({ step, scalars }) => console.log(step, scalars['encoder.match_x']);
 * await training.run();
 */
export class PageTraining {
  /** Receives the reports of iterations while training runs. */
  onReport: (report: IterationReport) => void = () => undefined;
  private readonly waiting = new Map<number, Waiting>();
  private requests = 0;
  /** Why the worker answers no more. */
  private failure: Error | undefined;
  private current: TrainingProgress = { step: 0, totalSteps: 0 };

  private constructor(private readonly worker: TrainingWorker) {
    worker.addEventListener('message', ({ data }) => this.receive(data as Reply));
    // Without memory or its script, a worker answers nothing.
    worker.addEventListener('error', ({ message }) => this.fail(new InputError(`training: the worker failed (${message ?? 'its script cannot be loaded'})`)));
  }

  /**
   * Compiles an iteration in a worker.
   * @throws {InputError} if the device cannot be used, or the checkpoint does not fit
   */
  static async start(worker: TrainingWorker, start: TrainingStart): Promise<PageTraining> {
    const training = new PageTraining(worker);
    await training.request({ type: 'start', start });
    return training;
  }

  /** Where the training stood at the last answer or report. */
  get progress(): TrainingProgress {
    return this.current;
  }

  /**
   * Trains until `pause` or another request, or to the end.
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

  /** The bytes of a checkpoint, as in a run folder. Pauses a run. */
  async exportCheckpoint(): Promise<Uint8Array> {
    return (await this.request({ type: 'export' })).checkpoint!;
  }

  /**
   * Continues from a checkpoint. Pauses a run.
   * @throws {InputError} if it is damaged, or of another configuration
   */
  async importCheckpoint(checkpoint: Uint8Array): Promise<TrainingProgress> {
    return (await this.request({ type: 'import', checkpoint })).progress;
  }

  /** Ends the worker. What was not exported is lost. */
  stop(): void {
    this.worker.terminate();
    this.fail(new InputError('training: stopped'));
  }

  private request(request: Request): Promise<Extract<Reply, { type: 'answer' }>> {
    if (this.failure) return Promise.reject(this.failure);
    const id = this.requests++;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.worker.postMessage({ ...request, id });
    });
  }

  private receive(reply: Reply): void {
    if (reply.type === 'report') {
      this.current = { ...this.current, step: reply.report.step };
      this.onReport(reply.report);
      return;
    }
    const waiting = this.waiting.get(reply.id);
    this.waiting.delete(reply.id);
    if (reply.type === 'answer') {
      this.current = reply.progress;
      waiting?.resolve(reply);
    } else waiting?.reject(reply.isInputError ? new InputError(reply.message) : new Error(reply.message));
  }

  private fail(error: Error): void {
    this.failure ??= error;
    for (const { reject } of this.waiting.values()) reject(error);
    this.waiting.clear();
  }
}
