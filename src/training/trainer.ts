import { ADAM } from '../age/update.js';
import { type AverageName, EMA_NAMES, iterationOf, type IterationSpec, type StateName, stateSize } from '../age/iteration.js';
import { minDivergence } from '../age/divergence.js';
import { drawCodes } from '../age/prior.js';
import type { ModelWeights } from '../model/trainedModel.js';
import { EpochSampler, flipBatch } from '../data/batches.js';
import { gatherImages, type Split } from '../data/source.js';
import { adaptRunningStats, initialParameters, initialStatistics } from '../networks/initialization.js';
import { NETWORK_NAMES, type NetworkName } from '../networks/network.js';
import { adamScalars, type Compile, StatefulProgram } from '../engine/index.js';
import { randomStream } from '../random.js';
import { type Configuration, iterationSpec } from './configuration.js';
import { emaDecayAt, learningRateAt } from './learningRate.js';
import { type IterationPosition, type Stage, Stages } from './stages.js';

/** The packed vectors that training changes; averages of the weights only where the configuration asks for them. */
export type TrainingVectors = Readonly<Record<StateName, Float32Array>> & Readonly<Partial<Record<AverageName, Float32Array>>>;

/** What training goes on from. */
export interface TrainerState {
  readonly vectors: TrainingVectors;
  /** Iterations done. */
  readonly step: number;
  /** What the learning rate is multiplied by since losses stopped being finite; 1 if they never did. */
  readonly rateScale: number;
}

/** What one iteration reports. */
export interface IterationReport {
  /** Iterations done, this one included. */
  readonly step: number;
  /** The epoch that its images belong to, counted from 0. */
  readonly epoch: number;
  /** Of both networks. */
  readonly learningRate: number;
  /**
   * `encoder.loss`, `encoder.KL_real`, `encoder.grad_norm`, `encoder.spread_real`, ...: means over the network's updates; divergences
   * also as their excess over the least value there is.
   */
  readonly scalars: Readonly<Record<string, number>>;
}

/** Iterations after which a configuration's length is reached, on so many images. Throws InputError if they are fewer than a batch. */
export const totalStepsFor = (configuration: Configuration, images: number): number =>
  new Stages(configuration, new EpochSampler(images, configuration.batch, configuration.seed).batchesPerEpoch).totalSteps;

/** Networks in training: runs one iteration after another. All randomness is a function of the seed and the iteration's number. */
export class Trainer {
  private elapsed = 0;

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
   * @param start what to go on from; without it, fresh weights from the seed
   */
  static async create(configuration: Configuration, split: Split, compile: Compile, start: TrainerState = initialState(configuration)): Promise<Trainer> {
    const sampler = new EpochSampler(split.count, configuration.batch, configuration.seed);
    const stages = new Stages(configuration, sampler.batchesPerEpoch);
    const { stage } = stages.at(start.step);
    const current = await CompiledStage.of(configuration, stage, compile, start.vectors);
    return new Trainer(configuration, split, sampler, stages, compile, current, start.step, start.rateScale);
  }

  /** Iterations done. */
  get step(): number {
    return this.done;
  }

  /** Seconds spent inside the runtime so far. */
  get runtimeSeconds(): number {
    return this.elapsed / 1000;
  }

  /** Epochs that are over after so many iterations. */
  epochsAfter(step: number): number {
    return this.sampler.epochOf(this.stages.at(step).batch);
  }

  get batchesPerEpoch(): number {
    return this.sampler.batchesPerEpoch;
  }

  /** The number of learnt parameters of each network. */
  get parameterCounts(): Readonly<Record<NetworkName, number>> {
    const { encoder, generator } = this.current.spec.pair;
    return { encoder: encoder.parameters.size, generator: generator.parameters.size };
  }

  /** Iterations after which the configured length is reached. */
  get totalSteps(): number {
    return this.stages.totalSteps;
  }

  /** What to go on from after the last iteration. */
  get state(): TrainerState {
    return { vectors: this.current.program.state as TrainingVectors, step: this.done, rateScale: this.scale };
  }

  /** Goes on from another point of the same training. */
  async restore({ vectors, step, rateScale }: TrainerState): Promise<void> {
    await this.enter(this.stages.at(step).stage, vectors);
    [this.done, this.scale] = [step, rateScale];
  }

  /** Runs one iteration. */
  async iterate(): Promise<IterationReport> {
    const place = this.stages.at(this.done);
    if (place.stage !== this.current.stage) await this.enter(place.stage, this.state.vectors);
    const epoch = this.sampler.epochOf(place.batch);
    const learningRate = this.scale * learningRateAt({ step: this.done, totalSteps: this.totalSteps, epoch }, this.configuration);
    const feeds = await this.feedsOf(place, learningRate);
    const start = performance.now();
    const running = this.current.program.step(feeds);
    this.prefetch(this.done + 1);
    const { report } = await running;
    this.elapsed += performance.now() - start;
    this.done++;
    return { step: this.done, epoch, learningRate, scalars: this.named(report!.data as Float32Array) };
  }

  /** Writes the profile, where the program was compiled with one. */
  endProfiling(): void {
    this.current.program.endProfiling();
  }

  release(): Promise<void> {
    return this.current.program.release();
  }

  private async enter(stage: Stage, vectors: TrainingVectors): Promise<void> {
    await this.current.program.release();
    this.current = await CompiledStage.of(this.configuration, stage, this.compile, vectors);
  }

  private async feedsOf(place: IterationPosition, learningRate: number) {
    const { encoder, generator } = place.stage.plans;
    const { batch, latent, prior, seed, ema } = this.configuration;
    const schedules = NETWORK_NAMES.map((network) => [`${network}.schedule`, schedule(place, network, learningRate)]);
    return {
      images: await this.imagesFrom(place.batch, encoder.updates),
      codes: drawCodes(prior, (encoder.updates + generator.updates) * batch, latent, randomStream(seed, 'training codes', this.done)),
      ...(Object.fromEntries(schedules) as Record<string, Float32Array>),
      ...(ema > 0 ? { ema_decay: Float32Array.of(emaDecayAt(this.done, this.configuration)) } : {}),
    };
  }

  /** Images of an iteration's encoder updates, [updates, batch, C, H, W]. */
  private async imagesFrom(firstBatch: number, updates: number): Promise<Uint8Array> {
    const { batch, channels, size, flip, seed } = this.configuration;
    const imageBytes = channels * size * size;
    const images = new Uint8Array(updates * batch * imageBytes);
    for (let number = 0; number < updates; number++) {
      const indices = this.sampler.indicesOf(firstBatch + number);
      await this.split.prepare?.(indices);
      const target = images.subarray(number * batch * imageBytes, (number + 1) * batch * imageBytes);
      gatherImages(this.split, indices, imageBytes, target);
      if (flip) target.set(flipBatch(target, [channels, size, size], indices, seed, this.sampler.epochOf(firstBatch + number)));
    }
    return images;
  }

  /** Has the images of a later iteration prepared meanwhile. What is wrong with them is told when they are needed. */
  private prefetch(step: number): void {
    if (this.split.prepare === undefined || step >= this.totalSteps) return;
    const { batch, stage } = this.stages.at(step);
    for (let number = 0; number < stage.plans.encoder.updates; number++) {
      this.split.prepare(this.sampler.indicesOf(batch + number)).catch(() => undefined);
    }
  }

  private named(report: Float32Array): Record<string, number> {
    const { spec, reportNames } = this.current;
    const floor = minDivergence(spec.objective, spec.objective.prior, this.configuration.latent);
    const entries = reportNames.flatMap((name, index): [string, number][] => {
      const value = report[index]!;
      return floor !== undefined && name.includes('.KL_')
        ? [
            [name, value],
            [`${name}_excess`, value - floor],
          ]
        : [[name, value]];
    });
    return Object.fromEntries(entries);
  }
}

/** The iteration by a stage's plans, compiled, with the state in it. */
class CompiledStage {
  private constructor(
    readonly stage: Stage,
    readonly spec: IterationSpec,
    readonly reportNames: readonly string[],
    readonly program: StatefulProgram,
  ) {}

  static async of(configuration: Configuration, stage: Stage, compile: Compile, vectors: TrainingVectors): Promise<CompiledStage> {
    const spec: IterationSpec = { ...iterationSpec(configuration), plans: stage.plans };
    const { graph, reportNames } = iterationOf(spec);
    return new CompiledStage(stage, spec, reportNames, new StatefulProgram(await compile(graph), vectors));
  }
}

/** Adam's scalars for each of a network's updates in an iteration. */
function schedule({ stage, updates }: IterationPosition, network: NetworkName, learningRate: number): Float32Array {
  const rows = Array.from({ length: stage.plans[network].updates }, (_, number) => adamScalars(learningRate, updates[network] + number + 1, ADAM));
  return Float32Array.from(rows.flat());
}

/** The beginning: initialised parameters and statistics, and Adam moments of 0. */
export function initialState(configuration: Configuration): TrainerState {
  const spec = iterationSpec(configuration);
  const weights = NETWORK_NAMES.flatMap((network): [keyof ModelWeights, Float32Array][] => [
    [`${network}.parameters`, initialParameters(spec.pair[network], configuration.seed)],
    [`${network}.statistics`, initialStatistics(spec.pair[network])],
  ]);
  return stateFromWeights(Object.fromEntries(weights) as ModelWeights, configuration);
}

/** A beginning with given weights. */
export function stateFromWeights(weights: ModelWeights, configuration: Configuration): TrainerState {
  const { pair } = iterationSpec(configuration);
  const moments = NETWORK_NAMES.flatMap((network) =>
    (['adam_m', 'adam_v'] as const).map((part) => [`${network}.${part}`, new Float32Array(stateSize(pair, `${network}.${part}`))]),
  );
  const fitting: ModelWeights = {
    ...weights,
    'encoder.statistics': adaptRunningStats(pair.encoder, weights['encoder.statistics']),
    'generator.statistics': adaptRunningStats(pair.generator, weights['generator.statistics']),
  };
  const averages = configuration.ema > 0 ? EMA_NAMES.map((name) => [name, fitting[name.replace('ema_', '') as keyof ModelWeights]]) : [];
  return { vectors: { ...fitting, ...Object.fromEntries([...moments, ...averages]) } as TrainingVectors, step: 0, rateScale: 1 };
}

/** The part of the vectors that a trained model is made of: the averages, if there are any and the raw weights are not asked for. */
export function modelWeights(vectors: TrainingVectors, { ema = true } = {}): ModelWeights {
  const entries = NETWORK_NAMES.flatMap((network) =>
    (['parameters', 'statistics'] as const).map((part) => [
      `${network}.${part}`,
      (ema ? vectors[`${network}.ema_${part}`] : undefined) ?? vectors[`${network}.${part}`],
    ]),
  );
  return Object.fromEntries(entries) as ModelWeights;
}
