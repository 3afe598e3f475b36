/** Training in a worker of a page: the worker's side. */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { splitInMemory } from '../data/source.js';
import { compile } from '../engine/runtime/web.js';
import { InputError } from '../errors.js';
import { decodeCheckpoint, type Digest, encodeCheckpoint } from '../training/checkpoint.js';
import type { Configuration } from '../training/configuration.js';
import { requireResumable, resumedState } from '../training/resumption.js';
import { type IterationReport, modelWeights, Trainer, type TrainerState } from '../training/trainer.js';
import type { TrainingAnswer, TrainingEvent, TrainingRequest, TrainingStart } from './protocol.js';
import { answerRequests, type WorkerScope } from './requests.js';

/** SHA-256 of consecutive pieces, as in checkpoints. */
export const digest: Digest = (...pieces) => bytesToHex(pieces.reduce((hash, piece) => hash.update(piece), sha256.create()).digest());

/**
 * Answers the requests of `PageTraining`. Call it once, in a module worker.
 * @example
 * serveTraining(self);
 */
export function serveTraining(scope: WorkerScope): void {
  const service = new TrainingService((report) => post(report));
  const post = answerRequests<TrainingRequest, TrainingAnswer, TrainingEvent>(
    scope,
    (request) => service.handle(request),
    ({ checkpoint, weights }) => [...(checkpoint ? [checkpoint.buffer] : []), ...Object.values(weights ?? {}).map(({ buffer }) => buffer)],
  );
}

/**
 * The state in a checkpoint of a configuration.
 * @throws {InputError} if it is damaged, or a setting differs that may not change
 */
async function stateIn(bytes: Uint8Array, configuration: Configuration, images: number): Promise<TrainerState> {
  const file = 'the checkpoint';
  const checkpoint = await decodeCheckpoint(bytes, file, digest);
  requireResumable(configuration, { ...checkpoint, file }, images, (key) => key);
  return resumedState(checkpoint, configuration);
}

class TrainingService {
  private training: { readonly trainer: Trainer; readonly configuration: Configuration; readonly images: number } | undefined;
  /** The number of the latest request that ends a run. */
  private latest = 0;
  /** The last request that changes the trainer: they are handled one after another. */
  private last: Promise<unknown> = Promise.resolve();
  private iteration: Promise<unknown> = Promise.resolve();
  private reading: Promise<unknown> = Promise.resolve();

  constructor(private readonly report: (report: IterationReport) => void) {}

  async handle(request: TrainingRequest): Promise<TrainingAnswer> {
    if (request.type === 'weights') return this.readWeights();
    // A run before it ends now.
    const number = ++this.latest;
    const result = this.last.then(() => this.answer(request, () => number === this.latest));
    this.last = result.catch(() => undefined);
    return result;
  }

  /** Reads the weights between two iterations. */
  private async readWeights(): Promise<TrainingAnswer> {
    const { trainer } = this.started();
    const read = this.iteration.then(async () => ({
      weights: modelWeights((await trainer.readState()).vectors),
      progress: { step: trainer.step, totalSteps: trainer.totalSteps },
    }));
    this.reading = read.catch(() => undefined);
    return read;
  }

  private async answer(request: TrainingRequest, isLatest: () => boolean): Promise<TrainingAnswer> {
    await this.reading;
    if (request.type === 'start') await this.start(request.start);
    const { trainer, configuration, images } = this.started();
    const progress = () => ({ step: trainer.step, totalSteps: trainer.totalSteps });
    if (request.type === 'run') await this.run(trainer, request.reportEvery, isLatest);
    if (request.type === 'import') await trainer.restore(await stateIn(request.checkpoint, configuration, images));
    if (request.type === 'step' && trainer.step < trainer.totalSteps) return { report: await this.iterate(trainer), progress: progress() };
    if (request.type === 'export') return { checkpoint: encodeCheckpoint({ configuration, ...(await trainer.readState()) }, digest), progress: progress() };
    return { progress: progress() };
  }

  private async start({ configuration, images, device, checkpoint }: TrainingStart): Promise<void> {
    await this.training?.trainer.release();
    this.training = undefined;
    const split = splitInMemory(images, configuration.channels * configuration.size ** 2, null);
    const state = checkpoint && (await stateIn(checkpoint, configuration, split.count));
    const trainer = await Trainer.create(configuration, split, (graph) => compile(graph, device === undefined ? {} : { device }), state);
    this.training = { trainer, configuration, images: split.count };
  }

  /** Iterates until another request comes, or training ends. */
  private async run(trainer: Trainer, reportEvery: number, isLatest: () => boolean): Promise<void> {
    while (isLatest() && trainer.step < trainer.totalSteps) {
      const report = await this.iterate(trainer);
      if (report.step % reportEvery === 0 || report.step === trainer.totalSteps) this.report(report);
      // Requests get their turn.
      await new Promise((resolve) => void setTimeout(resolve));
      await this.reading;
    }
  }

  private iterate(trainer: Trainer): Promise<IterationReport> {
    const report = trainer.iterate();
    this.iteration = report.catch(() => undefined);
    return report;
  }

  private started() {
    if (this.training === undefined) throw new InputError('training: not started; send start first');
    return this.training;
  }
}
