import { type Compile, type ElementArray, graphOf, input, type Program } from '../engine/index.js';
import { fromPixels } from '../age/iteration.js';
import { inferenceFunctions } from '../age/networkFunctions.js';
import type { Prior } from '../age/prior.js';
import {
  blendRunningStats,
  type InputKind,
  type ModelWeights,
  type NetworkName,
  type NetworkPair,
} from '../networks/network.js';

/** Items per run of an inference program; more are split, fewer are padded. */
export const BATCH = 100;

/** Images as bytes [N, C, H, W]. */
export interface ImageBytes {
  readonly x: Uint8Array;
}

/** Images as the generator makes them: values in [-1, 1], [N, C, H, W]. */
export interface ImageValues {
  readonly x: Float32Array;
}

/** Codes [N, M]. */
export interface Codes {
  readonly z: Float32Array;
}

/** Codes, and how far they are from codes of images: 0 (default) to 1, as `distanceFromCodes` returns it. */
export interface CodesAtDistance extends Codes {
  readonly distance?: number;
}

/**
 * A trained pair of networks. Running statistics normalize, so a result does not depend on the rest of its batch. Generated images are
 * values in [-1, 1], [N, C, H, W].
 */
export class TrainedModel {
  private constructor(
    readonly pair: NetworkPair,
    readonly prior: Prior,
    private readonly programs: Programs,
    readonly weights: ModelWeights,
  ) {}

  /**
   * Creates a model that compiles each program when it is first needed.
   * @param batch items per run of a program (default: 100)
   */
  static of(pair: NetworkPair, prior: Prior, weights: ModelWeights, compile: Compile, batch = BATCH): TrainedModel {
    return new TrainedModel(pair, prior, new Programs(pair, prior, compile, batch), weights);
  }

  /** Returns the same networks with other weights; they share their programs. */
  withWeights(weights: ModelWeights): TrainedModel {
    return new TrainedModel(this.pair, this.prior, this.programs, weights);
  }

  /** M, the coordinates of a code. */
  get latentSize(): number {
    return this.pair.generator.inputShape[0]!;
  }

  /** Bytes of one image. */
  get imageElements(): number {
    return this.pair.encoder.inputShape.reduce((product, size) => product * size, 1);
  }

  /** Generates images g(z) from samples of the prior. */
  generate({ z }: Codes): Promise<Float32Array> {
    return this.run('generator', 'native', { z }, this.weights);
  }

  /**
   * Generates images g(z) from codes of images, or from codes derived from them. Equals `generate` if running statistics are shared.
   * Mixtures of codes are distributed less like codes of images and more like samples of the prior, so their running statistics are a
   * blend of both.
   */
  decode({ z, distance = 0 }: CodesAtDistance): Promise<Float32Array> {
    const statistics = blendRunningStats(this.pair.generator, this.weights['generator.statistics'], distance);
    return this.run('generator', 'generated', { z }, { ...this.weights, 'generator.statistics': statistics });
  }

  /** Returns the codes e(x) of images. */
  encode({ x }: ImageBytes): Promise<Float32Array> {
    return this.run('encoder', 'native', { x }, this.weights);
  }

  /** Returns the codes e(x) of generated images. */
  encodeGenerated({ x }: ImageValues): Promise<Float32Array> {
    return this.run('encoder', 'generated', { x }, this.weights);
  }

  /** Frees the compiled programs, including those of models that share them. */
  release(): Promise<void> {
    return this.programs.release();
  }

  private async run(
    network: NetworkName,
    kind: InputKind,
    items: Readonly<Record<string, Float32Array | Uint8Array>>,
    weights: ModelWeights,
  ): Promise<Float32Array> {
    const [from, to] =
      network === 'encoder' ? [this.imageElements, this.latentSize] : [this.latentSize, this.imageElements];
    const feeds = { parameters: weights[`${network}.parameters`], statistics: weights[`${network}.statistics`] };
    const count = Object.values(items)[0]!.length / from;
    const batches = { feeds, items, count, widths: { result: to }, batch: this.programs.batch };
    return (await runInBatches(await this.programs.get(network, kind), batches)).result;
  }
}

/** The compiled networks of a model, one program per network and kind of input. */
class Programs {
  private readonly compiled = new Map<string, Promise<Program>>();

  constructor(
    private readonly pair: NetworkPair,
    private readonly prior: Prior,
    private readonly compile: Compile,
    readonly batch: number,
  ) {}

  get(network: NetworkName, kind: InputKind): Promise<Program> {
    // With shared running statistics, one generator serves both kinds. The encoder's kinds also differ in the type of images.
    const isShared = network === 'generator' && !this.pair.generator.separateStatistics;
    const key = `${network} ${isShared ? 'native' : kind}`;
    const earlier = this.compiled.get(key);
    if (earlier) return earlier;
    const program = this.compile(this.graphOf(network, kind));
    this.compiled.set(key, program);
    // The next call compiles again.
    program.catch(() => {
      if (this.compiled.get(key) === program) this.compiled.delete(key);
    });
    return program;
  }

  async release(): Promise<void> {
    const programs = [...this.compiled.values()];
    this.compiled.clear();
    for (const program of await Promise.allSettled(programs))
      if (program.status === 'fulfilled') await program.value.release();
  }

  private graphOf(name: NetworkName, kind: InputKind) {
    const network = this.pair[name];
    const parameters = input('parameters', [network.parameters.size]);
    const statistics = input('statistics', [network.statistics.size]);
    // Only one of the two networks is called, so the other's state is never read.
    const state = {
      'encoder.parameters': parameters,
      'encoder.statistics': statistics,
      'generator.parameters': parameters,
      'generator.statistics': statistics,
    };
    const { encode, generate } = inferenceFunctions(this.pair, state, this.prior);
    if (name === 'generator')
      return graphOf({ result: generate({ z: input('z', [this.batch, network.inputShape[0]!]) }, { kind }) });
    const shape = [this.batch, ...network.inputShape];
    const x = kind === 'native' ? fromPixels(input('x', shape, 'uint8')) : input('x', shape);
    return graphOf({ result: encode({ x }, { kind }) });
  }
}

/** The inputs of a program that runs over any number of items, a batch at a time. */
export interface Batches<Name extends string> {
  /** Inputs that every batch shares. */
  readonly feeds: Readonly<Record<string, ElementArray>>;
  /** Inputs with one row per item. */
  readonly items: Readonly<Record<string, Uint8Array | Float32Array>>;
  /** The number of items. */
  readonly count: number;
  /** The length of a row of each output. */
  readonly widths: Readonly<Record<Name, number>>;
  /** Items per batch, as the program was compiled for (default: 100). */
  readonly batch?: number;
}

/**
 * Runs a program over items. Zeros pad the last batch.
 * @returns for each output its rows [count, width]
 */
export async function runInBatches<Name extends string>(
  program: Program,
  { feeds, items, count, widths, batch = BATCH }: Batches<Name>,
): Promise<Record<Name, Float32Array>> {
  const names = Object.keys(widths) as Name[];
  const rows = Object.fromEntries(names.map((name) => [name, new Float32Array(count * widths[name])])) as Record<
    Name,
    Float32Array
  >;
  for (let start = 0; start < count; start += batch) {
    const feedsOfBatch: Record<string, ElementArray> = { ...feeds };
    for (const [name, data] of Object.entries(items)) {
      const width = data.length / count;
      feedsOfBatch[name] = padded(data.subarray(start * width, (start + batch) * width), batch * width);
    }
    const results = await program.run(feedsOfBatch);
    for (const name of names) {
      const result = results[name]!.data as Float32Array;
      rows[name].set(result.subarray(0, (count - start) * widths[name]), start * widths[name]);
    }
  }
  return rows;
}

function padded<T extends Uint8Array | Float32Array>(part: T, length: number): T {
  if (part.length === length) return part;
  const whole = new (part.constructor as new (length: number) => T)(length);
  whole.set(part);
  return whole;
}
