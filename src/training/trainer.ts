import { ADAM, drawCodes, divergenceFloor, iterationOf, type IterationSpec, type ModelWeights, type StateName, stateSize } from '../age/index.js';
import { EpochSampler, gatherImages, type Split } from '../data/index.js';
import { adamSchedule, type Compile, StatefulProgram } from '../engine/index.js';
import { initialParameters, initialStatistics, NETWORK_NAMES, type NetworkName } from '../networks/index.js';
import { randomStream } from '../random.js';
import { type Configuration, iterationSpec, learningRateIn } from './configuration.js';

/** The packed vectors that training changes. */
export type TrainingVectors = Readonly<Record<StateName, Float32Array>>;

/** What one iteration reports. */
export interface IterationReport {
  /** Iterations done, this one included. */
  readonly step: number;
  /** The epoch that its images belong to, counted from 0. */
  readonly epoch: number;
  /** `encoder.loss`, `encoder.KL_real`, ...; divergences also as their excess over the least value there is. */
  readonly losses: Readonly<Record<string, number>>;
}

/** Networks in training: runs one iteration after another. All randomness is a function of the seed and the iteration's number. */
export class Trainer {
  private elapsed = 0;

  private constructor(
    private readonly configuration: Configuration,
    private readonly spec: IterationSpec,
    private readonly split: Split,
    private readonly sampler: EpochSampler,
    private readonly lossNames: readonly string[],
    private readonly program: StatefulProgram,
    private done: number,
  ) {}

  /**
   * Compiles the iteration of a configuration.
   * @param split the images to train on
   * @param start vectors to go on from and the iterations done so far; without it, fresh ones from the seed
   */
  static async create(
    configuration: Configuration,
    split: Split,
    compile: Compile,
    start?: { readonly vectors: TrainingVectors; readonly step: number },
  ): Promise<Trainer> {
    const spec = iterationSpec(configuration);
    const sampler = new EpochSampler(split.count, configuration.batch, configuration.seed);
    const { graph, lossNames } = iterationOf(spec);
    const program = new StatefulProgram(await compile(graph), start?.vectors ?? initialVectors(spec, configuration.seed));
    return new Trainer(configuration, spec, split, sampler, lossNames, program, start?.step ?? 0);
  }

  /** Iterations done. */
  get step(): number {
    return this.done;
  }

  /** Seconds spent inside the runtime so far. */
  get runtimeSeconds(): number {
    return this.elapsed / 1000;
  }

  get batchesPerEpoch(): number {
    return this.sampler.batchesPerEpoch;
  }

  /** The number of learnt parameters of each network. */
  get parameterCounts(): Readonly<Record<NetworkName, number>> {
    const { encoder, generator } = this.spec.pair;
    return { encoder: encoder.parameters.size, generator: generator.parameters.size };
  }

  /** Iterations after which the configured length is reached. */
  get lastStep(): number {
    const { length } = this.configuration;
    if ('steps' in length) return length.steps;
    return Math.ceil((length.epochs * this.sampler.batchesPerEpoch) / this.spec.plans.encoder.updates);
  }

  /** The vectors after the last iteration. */
  get vectors(): TrainingVectors {
    return this.program.state;
  }

  /** Runs one iteration. */
  async iterate(): Promise<IterationReport> {
    const { encoder, generator } = this.spec.plans;
    const firstBatch = this.done * encoder.updates;
    const epoch = this.sampler.epochOf(firstBatch);
    const feeds = {
      images: this.imagesFrom(firstBatch),
      codes: drawCodes(
        this.configuration.prior,
        (encoder.updates + generator.updates) * this.configuration.batch,
        this.configuration.latent,
        randomStream(this.configuration.seed, 'training codes', this.done),
      ),
      'encoder.schedule': this.scheduleOf('encoder', epoch),
      'generator.schedule': this.scheduleOf('generator', epoch),
    };
    const start = performance.now();
    const { losses } = await this.program.step(feeds);
    this.elapsed += performance.now() - start;
    this.done++;
    return { step: this.done, epoch, losses: this.named(losses!.data as Float32Array) };
  }

  /** Writes the profile, where the program was compiled with one. */
  endProfiling(): void {
    this.program.endProfiling();
  }

  release(): Promise<void> {
    return this.program.release();
  }

  /** Images of the encoder's updates, [updates, batch, C, H, W]. */
  private imagesFrom(firstBatch: number): Uint8Array {
    const imageBytes = this.spec.pair.encoder.inputShape.reduce((product, size) => product * size, 1);
    const batchBytes = this.spec.batch * imageBytes;
    const images = new Uint8Array(this.spec.plans.encoder.updates * batchBytes);
    for (let number = 0; number < this.spec.plans.encoder.updates; number++) {
      gatherImages(this.split, this.sampler.indicesOf(firstBatch + number), imageBytes, images.subarray(number * batchBytes, (number + 1) * batchBytes));
    }
    return images;
  }

  /** Adam's scalars for each of a network's updates in this iteration. */
  private scheduleOf(network: NetworkName, epoch: number): Float32Array {
    const { updates } = this.spec.plans[network];
    const rate = learningRateIn(epoch, this.configuration);
    return Float32Array.from(Array.from({ length: updates }, (_, number) => adamSchedule(rate, this.done * updates + number + 1, ADAM)).flat());
  }

  private named(losses: Float32Array): Record<string, number> {
    const floor = divergenceFloor(this.spec.objective, this.spec.objective.prior, this.configuration.latent);
    return Object.fromEntries(
      this.lossNames.flatMap((name, index): [string, number][] => {
        const value = losses[index]!;
        return floor !== undefined && name.includes('.KL_')
          ? [
              [name, value],
              [`${name}_excess`, value - floor],
            ]
          : [[name, value]];
      }),
    );
  }
}

/** Fresh vectors: initialised parameters and statistics, and Adam moments of 0. */
export function initialVectors({ pair }: IterationSpec, seed: number): TrainingVectors {
  const vectorsOf = (network: NetworkName): [StateName, Float32Array][] => [
    [`${network}.parameters`, initialParameters(pair[network], seed)],
    [`${network}.statistics`, initialStatistics(pair[network])],
    [`${network}.adam_m`, new Float32Array(stateSize(pair, `${network}.adam_m`))],
    [`${network}.adam_v`, new Float32Array(stateSize(pair, `${network}.adam_v`))],
  ];
  return Object.fromEntries(NETWORK_NAMES.flatMap(vectorsOf)) as TrainingVectors;
}

/** The part of the vectors that a trained model is made of. */
export const modelWeights = (vectors: TrainingVectors): ModelWeights => vectors;
