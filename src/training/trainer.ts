import { drawAugmentations } from '../age/augmentation.js';
import { drawDistortions } from '../age/distortion.js';
import { minDivergence } from '../age/divergences.js';
import type { FeatureMaps } from '../age/imageDistance.js';
import {
  averagedBy,
  type AverageName,
  EMA_NAMES,
  iterationOf,
  type Iteration,
  type IterationSpec,
  stateSize,
} from '../age/iteration.js';
import { activeTerms, codeBatches, reconstructs } from '../age/plan.js';
import { drawCodes, drawDisplacements } from '../age/prior.js';
import { ADAM, STATE_NAMES, type StateName } from '../age/update.js';
import { EpochSampler, flipBatch } from '../data/batches.js';
import { gatherImages, labelingOf, type Split } from '../data/source.js';
import { adamScalars, type Compile, StatefulProgram } from '../engine/index.js';
import {
  adaptRunningStats,
  initialParameters,
  initialStatistics,
  mapWeights,
  type ModelWeights,
  NETWORK_NAMES,
} from '../networks/network.js';
import { type RandomStream, randomStream } from '../random.js';
import { type Configuration, iterationSpec } from './configuration.js';
import {
  emaDecayAt,
  type IterationPosition,
  learningRateAt,
  type PlannedStage,
  Stages,
  stagesFor,
} from './schedule.js';

/** Has EMA vectors only if the configuration enables EMA. */
export type TrainingVectors = Record<StateName, Float32Array> & Partial<Record<AverageName, Float32Array>>;

export interface TrainerState {
  vectors: TrainingVectors;
  /** Iterations done. */
  step: number;
  /** Factor of the learning rate: 1, halved by each rollback. */
  rateScale: number;
}

export interface IterationReport {
  /** Iterations done, this one included. */
  step: number;
  /** Epoch of its images, counted from 0. */
  epoch: number;
  learningRate: number;
  /**
   * Means over a network's updates, such as `encoder.loss`, `encoder.KL_real`, `encoder.grad_norm` and
   * `encoder.code_variance_real`. `encoder.KL_real_gap` is the divergence above its lower bound, and
   * `generator.match_z_cosine` the mean cosine behind the distance `cos`.
   */
  scalars: Record<string, number>;
}

export const totalStepsFor = (configuration: Configuration, images: number): number =>
  stagesFor(configuration, images).totalSteps;

/** Trains both networks one iteration at a time. All random numbers are functions of the seed and the iteration. */
export class Trainer {
  private runtimeMs = 0;
  /** The state between the programs of two stages. */
  private pending: TrainingVectors | undefined;

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
   * @param start default: fresh weights from the seed
   * @param options parts of the first program
   * @param options.features which `matchX` compares
   * @param options.iteration of the configuration, if it has been built and there are no stages
   */
  static async create(
    configuration: Configuration,
    split: Split,
    compile: Compile,
    start: TrainerState = initialState(configuration),
    { features, iteration }: { features?: FeatureMaps | undefined; iteration?: Iteration | undefined } = {},
  ): Promise<Trainer> {
    const sampler = new EpochSampler(split.count, configuration.batch, configuration.seed);
    const stages = new Stages(configuration, sampler.batchesPerEpoch);
    const spec = iterationSpec(configuration, features);
    const { stage } = stages.at(start.step);
    const current = await compileStage(spec, stage, compile, start.vectors, iteration);
    return new Trainer(configuration, split, sampler, stages, compile, current, start.step, start.rateScale);
  }

  /** Iterations done. */
  get step(): number {
    return this.done;
  }

  /** Time spent in ONNX Runtime. */
  get runtimeSeconds(): number {
    return this.runtimeMs / 1000;
  }

  /** Returns the epochs that are complete after `step` iterations. */
  epochsAfter(step: number): number {
    return this.sampler.epochOf(this.stages.at(step).batch);
  }

  get batchesPerEpoch(): number {
    return this.sampler.batchesPerEpoch;
  }

  get parameterCounts() {
    const { encoder, generator } = this.current.spec.pair;
    return { encoder: encoder.parameters.size, generator: generator.parameters.size };
  }

  get totalSteps(): number {
    return this.stages.totalSteps;
  }

  /** 1, halved by each rollback. */
  get rateScale(): number {
    return this.scale;
  }

  /** Returns a copy. */
  async readState(): Promise<TrainerState> {
    const { done: step, scale: rateScale, pending } = this;
    const vectors = pending
      ? Object.fromEntries(Object.entries(pending).map(([name, vector]) => [name, vector.slice()]))
      : await this.current.program.readState();
    return { vectors: vectors as TrainingVectors, step, rateScale };
  }

  async restore({ vectors, step, rateScale }: TrainerState): Promise<void> {
    this.done = step;
    this.scale = rateScale;
    await this.enter(this.stages.at(step).stage, vectors);
  }

  async iterate(): Promise<IterationReport> {
    const { epoch, learningRate, report } = await this.advance(true);
    return { step: this.done, epoch, learningRate, scalars: this.scalarsOf(report!.data as Float32Array) };
  }

  /** Does not read the report, so it need not wait for a device. */
  async iterateUnread(): Promise<void> {
    await this.advance(false);
  }

  endProfiling(): void {
    this.current.program.endProfiling();
  }

  release(): Promise<void> {
    return this.current.program.release();
  }

  private async advance(readsReport: boolean) {
    const position = this.stages.at(this.done);
    if (position.stage !== this.current.stage) await this.enter(position.stage, (await this.readState()).vectors);
    const epoch = this.sampler.epochOf(position.batch);
    const learningRate =
      this.scale * learningRateAt({ step: this.done, totalSteps: this.totalSteps, epoch }, this.configuration);
    const feeds = await this.feedsOf(position, learningRate);
    const start = performance.now();
    const running = this.current.program.step(feeds, readsReport);
    this.prefetch(this.done + 1);
    const { report } = await running;
    this.runtimeMs += performance.now() - start;
    this.done++;
    return { epoch, learningRate, report };
  }

  private async enter(stage: PlannedStage, vectors: TrainingVectors) {
    // If compilation fails, the state can still be saved.
    this.pending = vectors;
    // A device may have too little memory for both programs.
    await this.current.program.release();
    this.current = await compileStage(this.current.spec, stage, this.compile, vectors);
    this.pending = undefined;
  }

  private async feedsOf(position: IterationPosition, learningRate: number) {
    const { plans } = position.stage;
    const { encoder } = plans;
    const { batch, channels, size, latent, prior, seed, ema, augment, updateOrder, codeNoise } = this.configuration;
    const drawn = codeBatches(plans, updateOrder);
    const shape = [channels, size, size] as const;
    const stream = (purpose: string) => randomStream(seed, purpose, this.done);
    const schedules = NETWORK_NAMES.map((network): [string, Float32Array] => {
      const scalars = Array.from({ length: plans[network].updates }, (_, index) =>
        adamScalars(learningRate, position.updates[network] + index + 1, ADAM),
      );
      return [`${network}.schedule`, Float32Array.from(scalars.flat())];
    });
    const images = await this.imagesFrom(position.batch, encoder.updates);
    return {
      images,
      codes: drawCodes(prior, drawn * batch, latent, stream('training codes')),
      ...this.conditionsFrom(position.batch, images, stream('conditions')),
      ...Object.fromEntries(schedules),
      ...(codeNoise > 0 &&
        reconstructs(plans) && {
          displacements: drawDisplacements(drawn * batch, codeNoise, stream('code noise')),
        }),
      ...(augment.length > 0 && {
        augmentation: drawAugmentations(augment, 2 * drawn * batch, shape, stream('augmentation')),
      }),
      ...(activeTerms(encoder).has('align') && {
        distortions: drawDistortions(encoder.updates * batch, shape, stream('distortions')),
      }),
      ...(ema > 0 && { ema_decay: Float32Array.of(emaDecayAt(this.done, this.configuration)) }),
    };
  }

  /** [updates, batch, C, H, W]. */
  private async imagesFrom(firstBatch: number, updates: number) {
    const { batch, channels, size, flip, seed } = this.configuration;
    const shape = [channels, size, size] as const;
    const imageBytes = channels * size * size;
    const images = new Uint8Array(updates * batch * imageBytes);
    for (let number = 0; number < updates; number++) {
      const indices = this.sampler.indicesOf(firstBatch + number);
      await this.split.prepare?.(indices);
      const target = images.subarray(number * batch * imageBytes, (number + 1) * batch * imageBytes);
      gatherImages(this.split, indices, imageBytes, target);
      if (flip) target.set(flipBatch(target, shape, indices, seed, this.sampler.epochOf(firstBatch + number)));
    }
    return images;
  }

  /** @param images bytes [updates, batch, C, H, W] */
  private conditionsFrom(firstBatch: number, images: Uint8Array, stream: RandomStream) {
    const { batch, channels, size } = this.configuration;
    const { condition } = this.current.spec.pair.encoder;
    if (condition === undefined) return {};
    const updates = images.length / (batch * channels * size * size);
    const indices = Array.from({ length: updates }, (_, number) => [...this.sampler.indicesOf(firstBatch + number)]);
    return { conditions: condition.of({ x: images, ...labelingOf(this.split, indices.flat()) }, stream) };
  }

  /** Errors are reported when the images are used. */
  private prefetch(step: number) {
    if (this.split.prepare === undefined || step >= this.totalSteps) return;
    const { batch, stage } = this.stages.at(step);
    for (let number = 0; number < stage.plans.encoder.updates; number++) {
      this.split.prepare(this.sampler.indicesOf(batch + number)).catch(() => undefined);
    }
  }

  private scalarsOf(report: Float32Array) {
    const { spec, reportNames } = this.current;
    const { latent, channels } = this.configuration;
    const { matchX, matchZ, prior } = spec.objective;
    const lowerBound = minDivergence(spec.objective, prior, latent);
    // The distance `cos` is 2 - (mean cosine) / (size of axis 1).
    const cosineOf = (distance: number, size: number) => (2 - distance) * size;
    const scalars: Record<string, number> = {};
    for (const [index, name] of reportNames.entries()) {
      const value = report[index]!;
      scalars[name] = value;
      if (lowerBound !== undefined && name.includes('.KL_')) scalars[`${name}_gap`] = value - lowerBound;
      if (matchZ === 'cos' && name.endsWith('.match_z')) scalars[`${name}_cosine`] = cosineOf(value, latent);
      if (matchX === 'cos' && name.endsWith('.match_x')) scalars[`${name}_cosine`] = cosineOf(value, channels);
    }
    return scalars;
  }
}

type CompiledStage = Awaited<ReturnType<typeof compileStage>>;

async function compileStage(
  anyStage: IterationSpec,
  stage: PlannedStage,
  compile: Compile,
  vectors: TrainingVectors,
  known?: Iteration,
) {
  const spec = { ...anyStage, plans: stage.plans };
  const { graph, reportNames } = known ?? iterationOf(spec);
  return { stage, spec, reportNames, program: new StatefulProgram(await compile(graph), vectors) };
}

/** Returns random weights from the seed, and Adam moments of 0. */
export function initialState(configuration: Configuration): TrainerState {
  const { pair } = iterationSpec(configuration);
  const weights = mapWeights((network, part) =>
    part === 'parameters' ? initialParameters(pair[network], configuration.seed) : initialStatistics(pair[network]),
  );
  return stateFromWeights(weights, configuration);
}

export function stateFromWeights(weights: ModelWeights, configuration: Configuration): TrainerState {
  const { pair } = iterationSpec(configuration);
  const adapted = mapWeights((network, part) => {
    const vector = weights[`${network}.${part}`];
    return part === 'parameters' ? vector : adaptRunningStats(pair[network], vector);
  });
  const moments = STATE_NAMES.filter((name) => !(name in adapted)).map((name) => [
    name,
    new Float32Array(stateSize(pair, name)),
  ]);
  const averages = configuration.ema > 0 ? EMA_NAMES.map((name) => [name, adapted[averagedBy(name)]]) : [];
  return {
    vectors: { ...adapted, ...Object.fromEntries([...moments, ...averages]) } as TrainingVectors,
    step: 0,
    rateScale: 1,
  };
}

/**
 * @param vectors the state of training
 * @param options which weights
 * @param options.ema whether to use the EMA weights, if there are any (default: true)
 */
export const modelWeights = (vectors: TrainingVectors, { ema = true } = {}): ModelWeights =>
  mapWeights((network, part) => (ema ? vectors[`${network}.ema_${part}`] : undefined) ?? vectors[`${network}.${part}`]);
