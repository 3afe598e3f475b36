import { ADAM, type StateName } from '../age/update.js';
import { drawAugmentations } from '../age/augmentation.js';
import { drawDistortions } from '../age/distortion.js';
import { type AverageName, EMA_NAMES, iterationOf, type IterationSpec, stateSize } from '../age/iteration.js';
import { activeTerms } from '../age/plan.js';
import { minDivergence } from '../age/divergences.js';
import { drawCodes } from '../age/prior.js';
import type { ModelWeights } from '../networks/network.js';
import { EpochSampler, flipBatch } from '../data/batches.js';
import { gatherImages, type Split } from '../data/source.js';
import {
  adaptRunningStats,
  initialParameters,
  initialStatistics,
  NETWORK_NAMES,
  type NetworkName,
} from '../networks/network.js';
import { adamScalars, type Compile, StatefulProgram } from '../engine/index.js';
import { randomStream } from '../random.js';
import { type Configuration, iterationSpec } from './configuration.js';
import { emaDecayAt, type IterationPosition, learningRateAt, type PlannedStage, Stages } from './schedule.js';

/** The flat vectors that training updates; EMA vectors only if the configuration asks for them. */
export type TrainingVectors = Readonly<Record<StateName, Float32Array>> &
  Readonly<Partial<Record<AverageName, Float32Array>>>;

/** The state of training between two iterations. */
export interface TrainerState {
  readonly vectors: TrainingVectors;
  /** Iterations done. */
  readonly step: number;
  /** Factor of the learning rate, halved by each rollback; 1 if there was none. */
  readonly rateScale: number;
}

/** The result of one iteration. */
export interface IterationReport {
  /** Iterations done, this one included. */
  readonly step: number;
  /** Epoch of its images, counted from 0. */
  readonly epoch: number;
  /** Learning rate of both networks. */
  readonly learningRate: number;
  /**
   * Means over a network's updates, such as `encoder.loss`, `encoder.KL_real`, `encoder.grad_norm` and `encoder.code_variance_real`.
   * `encoder.KL_real_gap` is the divergence above its lower bound, and `generator.match_z_cosine` the mean cosine behind the distance `cos`.
   */
  readonly scalars: Readonly<Record<string, number>>;
}

/**
 * Returns the iterations of a configuration's length on the given number of images.
 * @throws {InputError} if there are fewer images than in a batch
 */
export const totalStepsFor = (configuration: Configuration, images: number): number =>
  new Stages(configuration, new EpochSampler(images, configuration.batch, configuration.seed).batchesPerEpoch)
    .totalSteps;

/** Trains both networks one iteration at a time. All random numbers are functions of the seed and the iteration. */
export class Trainer {
  private elapsed = 0;
  /** The state while no program holds it. */
  private entering: TrainingVectors | undefined;

  private constructor(
    private readonly configuration: Configuration,
    private readonly split: Split,
    private readonly sampler: EpochSampler,
    private readonly stages: Stages,
    private readonly compile: Compile,
    private current: CompiledStage,
    private done: number,
    private scale: number,
  ) {}

  /**
   * Compiles the iteration of a configuration.
   * @param split the images to train on
   * @param start the state to continue from (default: fresh weights from the seed)
   */
  static async create(
    configuration: Configuration,
    split: Split,
    compile: Compile,
    start: TrainerState = initialState(configuration),
  ): Promise<Trainer> {
    const sampler = new EpochSampler(split.count, configuration.batch, configuration.seed);
    const stages = new Stages(configuration, sampler.batchesPerEpoch);
    const { stage } = stages.at(start.step);
    const current = await compileStage(configuration, stage, compile, start.vectors);
    return new Trainer(configuration, split, sampler, stages, compile, current, start.step, start.rateScale);
  }

  /** Iterations done. */
  get step(): number {
    return this.done;
  }

  /** Seconds inside ONNX Runtime so far. */
  get runtimeSeconds(): number {
    return this.elapsed / 1000;
  }

  /** Returns the epochs that are complete after `step` iterations. */
  epochsAfter(step: number): number {
    return this.sampler.epochOf(this.stages.at(step).batch);
  }

  get batchesPerEpoch(): number {
    return this.sampler.batchesPerEpoch;
  }

  /** Number of learned parameters of each network. */
  get parameterCounts(): Readonly<Record<NetworkName, number>> {
    const { encoder, generator } = this.current.spec.pair;
    return { encoder: encoder.parameters.size, generator: generator.parameters.size };
  }

  /** Iterations of the configured length. */
  get totalSteps(): number {
    return this.stages.totalSteps;
  }

  /** Factor of the learning rate, halved by each rollback; 1 if there was none. */
  get rateScale(): number {
    return this.scale;
  }

  /** Returns a copy of the state after the last iteration. */
  async readState(): Promise<TrainerState> {
    const [step, rateScale] = [this.done, this.scale];
    const copied =
      this.entering &&
      Object.fromEntries(Object.entries(this.entering).map(([name, vector]) => [name, vector.slice()]));
    return { vectors: (copied ?? (await this.current.program.readState())) as TrainingVectors, step, rateScale };
  }

  /** Continues from another state of the same training run. */
  async restore({ vectors, step, rateScale }: TrainerState): Promise<void> {
    [this.done, this.scale] = [step, rateScale];
    await this.enter(this.stages.at(step).stage, vectors);
  }

  async iterate(): Promise<IterationReport> {
    const { epoch, learningRate, report } = await this.advance(true);
    return { step: this.done, epoch, learningRate, scalars: this.named(report!.data as Float32Array) };
  }

  /** Without the report, which a device need not be waited for. */
  async iterateUnread(): Promise<void> {
    await this.advance(false);
  }

  private async advance(reads: boolean) {
    const position = this.stages.at(this.done);
    if (position.stage !== this.current.stage) await this.enter(position.stage, (await this.readState()).vectors);
    const epoch = this.sampler.epochOf(position.batch);
    const learningRate =
      this.scale * learningRateAt({ step: this.done, totalSteps: this.totalSteps, epoch }, this.configuration);
    const feeds = await this.feedsOf(position, learningRate);
    const start = performance.now();
    const running = this.current.program.step(feeds, reads);
    this.prefetch(this.done + 1);
    const { report } = await running;
    this.elapsed += performance.now() - start;
    this.done++;
    return { epoch, learningRate, report };
  }

  endProfiling(): void {
    this.current.program.endProfiling();
  }

  release(): Promise<void> {
    return this.current.program.release();
  }

  private async enter(stage: PlannedStage, vectors: TrainingVectors): Promise<void> {
    // Compilation may fail, and the old program is released first, because a device may have too little memory for both.
    this.entering = vectors;
    await this.current.program.release();
    this.current = await compileStage(this.configuration, stage, this.compile, vectors);
    this.entering = undefined;
  }

  private async feedsOf(position: IterationPosition, learningRate: number) {
    const { encoder, generator } = position.stage.plans;
    const { batch, channels, size, latent, prior, seed, ema, augment } = this.configuration;
    const updates = encoder.updates + generator.updates;
    const shape = [channels, size, size] as const;
    const stream = (purpose: string) => randomStream(seed, purpose, this.done);
    const schedules = NETWORK_NAMES.map((network) => [
      `${network}.schedule`,
      schedule(position, network, learningRate),
    ]);
    return {
      images: await this.imagesFrom(position.batch, encoder.updates),
      codes: drawCodes(prior, updates * batch, latent, stream('training codes')),
      ...(Object.fromEntries(schedules) as Record<string, Float32Array>),
      ...(augment.length > 0 && {
        augmentation: drawAugmentations(augment, 2 * updates * batch, shape, stream('augmentation')),
      }),
      ...(activeTerms(encoder).has('align') && {
        distortions: drawDistortions(encoder.updates * batch, shape, stream('distortions')),
      }),
      ...(ema > 0 && { ema_decay: Float32Array.of(emaDecayAt(this.done, this.configuration)) }),
    };
  }

  /** [updates, batch, C, H, W]. */
  private async imagesFrom(firstBatch: number, updates: number): Promise<Uint8Array> {
    const { batch, channels, size, flip, seed } = this.configuration;
    const imageBytes = channels * size * size;
    const images = new Uint8Array(updates * batch * imageBytes);
    for (let number = 0; number < updates; number++) {
      const indices = this.sampler.indicesOf(firstBatch + number);
      await this.split.prepare?.(indices);
      const target = images.subarray(number * batch * imageBytes, (number + 1) * batch * imageBytes);
      gatherImages(this.split, indices, imageBytes, target);
      if (flip)
        target.set(flipBatch(target, [channels, size, size], indices, seed, this.sampler.epochOf(firstBatch + number)));
    }
    return images;
  }

  /** Errors surface when the images are used. */
  private prefetch(step: number): void {
    if (this.split.prepare === undefined || step >= this.totalSteps) return;
    const { batch, stage } = this.stages.at(step);
    for (let number = 0; number < stage.plans.encoder.updates; number++) {
      this.split.prepare(this.sampler.indicesOf(batch + number)).catch(() => undefined);
    }
  }

  /** Adds what is easier to read: the gap of a divergence, and the cosine of a distance. */
  private named(report: Float32Array): Record<string, number> {
    const { spec, reportNames } = this.current;
    const { latent, channels } = this.configuration;
    const { matchX, matchZ, prior } = spec.objective;
    const lowerBound = minDivergence(spec.objective, prior, latent);
    const entries = reportNames.flatMap((name, index): [string, number][] => {
      const value = report[index]!;
      const own: [string, number] = [name, value];
      if (lowerBound !== undefined && name.includes('.KL_')) return [own, [`${name}_gap`, value - lowerBound]];
      if (matchZ === 'cos' && name.endsWith('.match_z')) return [own, [`${name}_cosine`, cosineOf(value, latent)]];
      if (matchX === 'cos' && name.endsWith('.match_x')) return [own, [`${name}_cosine`, cosineOf(value, channels)]];
      return [own];
    });
    return Object.fromEntries(entries);
  }
}

/** The mean cosine behind a value of the distance `cos`, which also averages over an axis of this size. */
const cosineOf = (distance: number, size: number): number => (2 - distance) * size;

/** The iteration of a stage, and the state in it. */
interface CompiledStage {
  readonly stage: PlannedStage;
  readonly spec: IterationSpec;
  readonly reportNames: readonly string[];
  readonly program: StatefulProgram;
}

async function compileStage(
  configuration: Configuration,
  stage: PlannedStage,
  compile: Compile,
  vectors: TrainingVectors,
): Promise<CompiledStage> {
  const spec: IterationSpec = { ...iterationSpec(configuration), plans: stage.plans };
  const { graph, reportNames } = iterationOf(spec);
  return { stage, spec, reportNames, program: new StatefulProgram(await compile(graph), vectors) };
}

/** Adam's scalars for each update of a network in an iteration. */
function schedule({ stage, updates }: IterationPosition, network: NetworkName, learningRate: number): Float32Array {
  const rows = Array.from({ length: stage.plans[network].updates }, (_, number) =>
    adamScalars(learningRate, updates[network] + number + 1, ADAM),
  );
  return Float32Array.from(rows.flat());
}

/** Returns the state of a new run: initialized parameters and statistics, and Adam moments of 0. */
export function initialState(configuration: Configuration): TrainerState {
  const spec = iterationSpec(configuration);
  const weights = NETWORK_NAMES.flatMap((network): [keyof ModelWeights, Float32Array][] => [
    [`${network}.parameters`, initialParameters(spec.pair[network], configuration.seed)],
    [`${network}.statistics`, initialStatistics(spec.pair[network])],
  ]);
  return stateFromWeights(Object.fromEntries(weights) as ModelWeights, configuration);
}

/** Returns the state of a new run with the given weights. */
export function stateFromWeights(weights: ModelWeights, configuration: Configuration): TrainerState {
  const { pair } = iterationSpec(configuration);
  const moments = NETWORK_NAMES.flatMap((network) =>
    (['adam_m', 'adam_v'] as const).map((part) => [
      `${network}.${part}`,
      new Float32Array(stateSize(pair, `${network}.${part}`)),
    ]),
  );
  const fitting: ModelWeights = {
    ...weights,
    'encoder.statistics': adaptRunningStats(pair.encoder, weights['encoder.statistics']),
    'generator.statistics': adaptRunningStats(pair.generator, weights['generator.statistics']),
  };
  const ema =
    configuration.ema > 0
      ? EMA_NAMES.map((name) => [name, fitting[name.replace('ema_', '') as keyof ModelWeights]])
      : [];
  return {
    vectors: { ...fitting, ...Object.fromEntries([...moments, ...ema]) } as TrainingVectors,
    step: 0,
    rateScale: 1,
  };
}

/**
 * Returns the weights of a trained model.
 * @param vectors the state of the training
 * @param options which weights
 * @param options.ema whether to use the EMA weights, if there are any (default: true)
 */
export function modelWeights(vectors: TrainingVectors, { ema = true } = {}): ModelWeights {
  const entries = NETWORK_NAMES.flatMap((network) =>
    (['parameters', 'statistics'] as const).map((part) => [
      `${network}.${part}`,
      (ema ? vectors[`${network}.ema_${part}`] : undefined) ?? vectors[`${network}.${part}`],
    ]),
  );
  return Object.fromEntries(entries) as ModelWeights;
}
