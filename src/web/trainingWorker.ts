import { type Split, splitInMemory } from '../data/source.js';
import type { Compile } from '../engine/index.js';
import { compile, type WebDevice } from '../engine/runtime/web.js';
import { InputError } from '../errors.js';
import type { ModelWeights } from '../networks/network.js';
import { conditionalState } from '../training/conditionalStart.js';
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from '../training/checkpoint.js';
import { TrainedModel } from '../model/trainedModel.js';
import { type Configuration, iterationSpec } from '../training/configuration.js';
import { fitCodeDensity } from '../training/fitCodeDensity.js';
import { DEFAULTS, type OpenConfiguration } from '../training/settings.js';
import { requireResumable, resumedState } from '../training/resumption.js';
import { type IterationReport, modelWeights, Trainer, type TrainerState } from '../training/trainer.js';
import { digest } from './checkpoints.js';
import { oneAtATime } from '../turns.js';
import { answerRequests, type WorkerScope } from './requests.js';

/**
 * A configuration, completed by `DEFAULTS`, with new weights or the weights of a checkpoint, which may lack the
 * condition; or a checkpoint with its own configuration.
 */
export type TrainingStart = {
  /** Bytes [N, C, H, W]. */
  images: Uint8Array;
  /** The class of each image, which training with the condition `class` needs. */
  labels?: Uint8Array | undefined;
  /** Default: wasm. */
  device?: WebDevice;
  /** Replaces the length of the configuration. */
  length?: Configuration['length'];
} & (
  | { configuration: OpenConfiguration; checkpoint?: Uint8Array | undefined }
  | { configuration?: undefined; checkpoint: Uint8Array }
);

/** `run` is answered when training pauses. Requests other than `weights` pause it. */
export type TrainingRequest =
  | { type: 'start'; start: TrainingStart }
  | { type: 'run'; reportEvery: number }
  | { type: 'pause' }
  | { type: 'step' }
  | { type: 'weights' }
  | { type: 'export'; density: boolean }
  | { type: 'import'; checkpoint: Uint8Array };

export interface TrainingProgress {
  step: number;
  totalSteps: number;
}

export interface TrainingAnswer {
  progress: TrainingProgress;
  /** Answers `start`. */
  configuration?: Configuration;
  report?: IterationReport;
  weights?: ModelWeights;
  checkpoint?: Uint8Array;
}

/**
 * Answers the requests of `PageTraining`. Call it once, in a module worker.
 * @example
 * serveTraining(self);
 */
export function serveTraining(scope: WorkerScope) {
  const service = new TrainingService((report) => post(report));
  const post = answerRequests<TrainingRequest, TrainingAnswer, IterationReport>(
    scope,
    (request) => service.handle(request),
    ({ checkpoint, weights }) => [
      ...(checkpoint ? [checkpoint.buffer] : []),
      ...Object.values(weights ?? {}).map(({ buffer }) => buffer),
    ],
  );
}

const CHECKPOINT = 'the checkpoint';

/** In WebAssembly, as many as an encoder takes a few seconds for. */
const DENSITY_IMAGES = 2000;

function stateOf(checkpoint: Checkpoint, configuration: Configuration, images: number) {
  const earlier = checkpoint.configuration;
  if (earlier.condition === 'none' && configuration.condition !== 'none')
    return conditionalState(modelWeights(checkpoint.vectors, { ema: false }), earlier, configuration);
  requireResumable(configuration, { ...checkpoint, file: CHECKPOINT }, images);
  return resumedState(checkpoint, configuration);
}

/** A lack of memory is reported in many ways. */
function explain(error: unknown): never {
  if (!(error instanceof RangeError || /bad_alloc|out of memory|allocat/iu.test(String(error)))) throw error;
  throw new InputError('training', 'this browser has too little memory', 'use a smaller width or batch', {
    cause: error,
  });
}

const progressOf = ({ step, totalSteps }: Trainer) => ({ step, totalSteps });

class TrainingService {
  private training: { trainer: Trainer; configuration: Configuration; split: Split; compile: Compile } | undefined;
  /** For requests that change the trainer; they end a run before them. */
  private readonly inTurn = oneAtATime();
  private changing: Promise<unknown> = Promise.resolve();
  private reading: Promise<unknown> = Promise.resolve();

  constructor(private readonly report: (report: IterationReport) => void) {}

  async handle(request: TrainingRequest): Promise<TrainingAnswer> {
    if (request.type === 'weights') {
      const { trainer } = this.started();
      const { vectors } = await this.readState(trainer);
      return { weights: modelWeights(vectors), progress: progressOf(trainer) };
    }
    return this.inTurn(async (isLatest) => {
      const answer = await this.answer(request, isLatest);
      return { ...answer, progress: progressOf(this.started().trainer) };
    }).catch(explain);
  }

  /** Waits for the current iteration and earlier reads, because a tensor on a GPU is read once at a time. */
  private readState(trainer: Trainer) {
    const state = Promise.all([this.changing, this.reading]).then(() => trainer.readState());
    this.reading = state.catch(() => undefined);
    return state;
  }

  private async answer(request: TrainingRequest, isLatest: () => boolean): Promise<Omit<TrainingAnswer, 'progress'>> {
    await this.reading;
    if (request.type === 'start') return this.start(request.start);
    const { trainer, configuration, split } = this.started();
    if (request.type === 'run') await this.run(trainer, request.reportEvery, isLatest);
    if (request.type === 'import') {
      const state = stateOf(await decodeCheckpoint(request.checkpoint, CHECKPOINT, digest), configuration, split.count);
      await this.change(() => trainer.restore(state));
    }
    if (request.type === 'step' && trainer.step < trainer.totalSteps)
      return { report: await this.change(() => trainer.iterate()) };
    if (request.type === 'export') {
      const state = await this.readState(trainer);
      const density = request.density ? await this.fitDensity(state) : undefined;
      return { checkpoint: encodeCheckpoint({ configuration, ...state, density }, digest) };
    }
    return {};
  }

  private async fitDensity({ vectors, step }: TrainerState) {
    const { configuration, split, compile } = this.started();
    const { pair } = iterationSpec(configuration);
    const model = TrainedModel.of(pair, configuration.prior, modelWeights(vectors), compile);
    return fitCodeDensity(model, split, configuration, step, DENSITY_IMAGES).finally(() => model.release());
  }

  private async start({ configuration: given, images, labels, device, checkpoint: bytes, length }: TrainingStart) {
    await this.training?.trainer.release();
    this.training = undefined;
    const checkpoint = bytes && (await decodeCheckpoint(bytes, CHECKPOINT, digest));
    const settings = given ? { ...DEFAULTS, ...given } : checkpoint!.configuration;
    const configuration = { ...settings, ...(length && { length }) };
    const { channels, size } = configuration;
    const imageBytes = channels * size ** 2;
    if (images.length % imageBytes !== 0)
      throw new InputError(
        'training',
        `the images are not ${size}x${size} with ${channels} ${channels === 1 ? 'channel' : 'channels'}, as the networks require`,
      );
    const split = splitInMemory(images, imageBytes, labels ?? null);
    const state = checkpoint && stateOf(checkpoint, configuration, split.count);
    const compileHere: Compile = (graph) => compile(graph, device && { device });
    const trainer = await Trainer.create(configuration, split, compileHere, state);
    this.training = { trainer, configuration, split, compile: compileHere };
    return { configuration };
  }

  private async run(trainer: Trainer, reportEvery: number, isLatest: () => boolean) {
    while (isLatest() && trainer.step < trainer.totalSteps) {
      const next = trainer.step + 1;
      if (next % reportEvery === 0 || next === trainer.totalSteps)
        this.report(await this.change(() => trainer.iterate()));
      else await this.change(() => trainer.iterateUnread());
      // Requests get their turn.
      await new Promise((resolve) => void setTimeout(resolve));
    }
  }

  private change<T>(action: () => Promise<T>) {
    const change = this.reading.then(action);
    this.changing = change.catch(() => undefined);
    return change;
  }

  private started() {
    if (this.training === undefined) throw new InputError('training', 'not started', 'send start first');
    return this.training;
  }
}
